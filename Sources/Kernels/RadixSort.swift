/// The keys in rising order: six rounds of eleven bits, from the lowest, without those in which all
/// keys agree. Twice the memory of the keys.
package func radixSorted(_ keys: consuming [UInt64]) -> [UInt64] {
    var source = consume keys
    guard source.count > 2048 else { return source.sorted() }
    let counts = digitCounts(source)
    var target = [UInt64](repeating: 0, count: source.count)
    for round in 0..<digitRounds {
        var places = Array(counts[(round * digitSize)..<((round + 1) * digitSize)])
        if places.contains(source.count) { continue }
        var next = 0
        for digit in places.indices {
            let count = places[digit]
            places[digit] = next
            next += count
        }
        let shift = UInt64(round * digitBits)
        // Unsafe: digits are below `digitSize`, places below the number of keys, as they count it.
        unsafe places.withUnsafeMutableBufferPointer { places in
            unsafe target.withUnsafeMutableBufferPointer { target in
                for key in source {
                    let digit = Int(truncatingIfNeeded: key >> shift) & (digitSize - 1)
                    unsafe target[places[digit]] = key
                    unsafe places[digit] &+= 1
                }
            }
        }
        swap(&source, &target)
    }
    return source
}

private let digitBits = 11
private let digitSize = 1 << digitBits
private let digitRounds = 6

/// How often each digit occurs, round by round.
private func digitCounts(_ keys: [UInt64]) -> [Int] {
    var counts = [Int](repeating: 0, count: digitRounds * digitSize)
    // Unsafe: the index is below `digitRounds * digitSize`.
    unsafe counts.withUnsafeMutableBufferPointer { counts in
        for key in keys {
            var rest = key
            for round in 0..<digitRounds {
                let digit = Int(truncatingIfNeeded: rest) & (digitSize - 1)
                unsafe counts[round &* digitSize &+ digit] &+= 1
                rest >>= UInt64(digitBits)
            }
        }
    }
    return counts
}

internal import Synchronization

/// Memory to sort keys in, kept for the next sort: touching new memory takes longer than sorting.
package final class SortingMemory: Sendable {
    private let kept = Mutex<[(keys: SharedBuffer<UInt64>, spare: SharedBuffer<UInt64>)]>([])

    /// No memory yet.
    package init() {}

    /// Calls `body` with two buffers of at least `count` keys, which are not set. Any number of
    /// threads may do so at once; each has its own.
    package func withKeys<Result>(
        _ count: Int, _ body: (SharedBuffer<UInt64>, SharedBuffer<UInt64>) -> Result
    ) -> Result {
        let found = kept.withLock { kept in
            kept.firstIndex { $0.keys.count >= count }.map { kept.remove(at: $0) }
        }
        // Unsafe: the caller sets what it reads.
        let pair = unsafe found ?? (SharedBuffer(unset: count), SharedBuffer(unset: count))
        defer { kept.withLock { $0.append(pair) } }
        return body(pair.0, pair.1)
    }
}

/// Puts the first `count` keys in rising order, in one of the two buffers, which is returned.
///
/// By digits of eleven bits, from low to high, of the highest three in which the keys differ; keys
/// that agree in these are few as a rule, and are then sorted among themselves.
package func radixSort(
    _ keys: SharedBuffer<UInt64>, _ spare: SharedBuffer<UInt64>, count: Int
) -> SharedBuffer<UInt64> {
    precondition(count >= 0 && count <= keys.count && count <= spare.count)
    guard count > digitSize else {
        // Unsafe, here and below: the first `count` keys of a buffer.
        var all = unsafe UnsafeMutableBufferPointer(start: keys.start, count: count)
        unsafe all.sort()
        return keys
    }
    let counts = digitCounts(keys, count)
    let varying = (0..<digitRounds).filter { !counts[digits($0)].contains(count) }
    let used = varying.suffix(3)
    var (source, target) = (keys, spare)
    for round in used {
        scatter(source, target, count, Array(counts[digits(round)]), shift: round * digitBits)
        swap(&source, &target)
    }
    if let lowest = used.first, used.count < varying.count {
        sortRuns(source, count, shift: lowest * digitBits)
    }
    return source
}

private let digitBits = 11
private let digitSize = 1 << digitBits
private let digitRounds = 6

private func digits(_ round: Int) -> Range<Int> {
    (round * digitSize)..<((round + 1) * digitSize)
}

/// How often each digit occurs, round by round.
private func digitCounts(_ keys: SharedBuffer<UInt64>, _ count: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: digitRounds * digitSize)
    // Unsafe: the index is below `digitRounds * digitSize`.
    unsafe counts.withUnsafeMutableBufferPointer { counts in
        for index in 0..<count {
            var rest = unsafe keys.start[index]
            for round in 0..<digitRounds {
                let digit = Int(truncatingIfNeeded: rest) & (digitSize - 1)
                unsafe counts[round &* digitSize &+ digit] &+= 1
                rest >>= UInt64(digitBits)
            }
        }
    }
    return counts
}

/// Copies the keys in the order of one digit, those with the same one as they stand.
private func scatter(
    _ source: SharedBuffer<UInt64>, _ target: SharedBuffer<UInt64>, _ count: Int,
    _ counts: [Int], shift: Int
) {
    var places = counts
    var next = 0
    for digit in places.indices {
        places[digit] = next
        next += counts[digit]
    }
    // Unsafe: digits are below `digitSize`, places below `count`, as they count the keys.
    unsafe places.withUnsafeMutableBufferPointer { places in
        for index in 0..<count {
            let key = unsafe source.start[index]
            let digit = Int(truncatingIfNeeded: key >> UInt64(shift)) & (digitSize - 1)
            unsafe target.start[places[digit]] = key
            unsafe places[digit] &+= 1
        }
    }
}

/// Sorts each run of keys that agree from bit `shift` on.
private func sortRuns(_ keys: SharedBuffer<UInt64>, _ count: Int, shift: Int) {
    let keys = unsafe keys.start
    var start = 0
    while start < count {
        let prefix = unsafe keys[start] >> UInt64(shift)
        var end = start + 1
        while unsafe end < count && keys[end] >> UInt64(shift) == prefix { end += 1 }
        if end - start > 1 {
            var run = unsafe UnsafeMutableBufferPointer(start: keys + start, count: end - start)
            unsafe run.sort()
        }
        start = end
    }
}

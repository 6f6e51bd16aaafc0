/// SplitMix64: a seeded generator for property tests, the same on every machine.
package struct SmallRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The generator that starts from `seed`.
    package init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// A number in `range`.
    package mutating func integer(in range: Range<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// True once in `times` on average.
    package mutating func once(in times: Int) -> Bool { integer(in: 0..<times) == 0 }

    /// `count` bytes that do not compress.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        // By words: code that is not optimised takes its time for each step.
        let words = (0..<((count + 7) / 8)).map { _ in next().littleEndian }
        // Unsafe: reads the bytes of the words.
        return unsafe words.withUnsafeBytes { unsafe Array($0.prefix(count)) }
    }

    /// About `count` bytes of lines of words and numbers, which compress as a table does.
    package mutating func text(_ count: Int) -> [UInt8] {
        let words = ["late", "early", "JFK", "LGA", "EWR", "carrier", "distance", "0", "NA"]
        var result: [UInt8] = []
        while result.count < count {
            let word = words[integer(in: 0..<words.count)]
            result += Array("\(word),\(integer(in: 0..<1_000_000)),".utf8)
            if once(in: 4) { result.append(0x0a) }
        }
        return Array(result.prefix(count))
    }
}

extension SmallRandom {
    /// `count` floating point numbers of two (bf16) or four bytes that are distributed like the
    /// weights of a model: around zero, most below 0.04.
    package mutating func weights(_ count: Int, width: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count * width)
        for _ in 0..<count {
            // The sum of twelve uniform numbers is close to a normal one.
            var sum: Float = -6
            for _ in 0..<12 { sum += Float(next() >> 40) / Float(1 << 24) }
            let bits = (0.02 * sum).bitPattern
            for byte in (4 - width)..<4 {
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte)))
            }
        }
        return result
    }
}

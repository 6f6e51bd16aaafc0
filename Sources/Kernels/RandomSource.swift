/// Random values addressed by position: the value at a position depends on the seed, the purpose,
/// the substream and the position, and on nothing that was drawn before.
///
/// Every use has a purpose of its own ("split", "shuffle" ...), so that two uses of one seed are
/// unrelated and adding one never moves another.
package struct RandomSource: Sendable {
    private let key: SIMD2<UInt32>
    private let substream: UInt64

    /// The source for a seed, a purpose and a substream (a fold, a class, a tree ...).
    ///
    /// The key is the SplitMix64 finaliser over the seed and the FNV-1a hash of the purpose.
    package init(seed: UInt64, purpose: String, substream: UInt64 = 0) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let mixed = RandomSource.mix(RandomSource.mix(seed &+ 0x9e37_79b9_7f4a_7c15) ^ hash)
        key = SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
        self.substream = substream
    }

    /// 128 random bits: the Philox block whose counter is the position (low half) and the
    /// substream (high half).
    @inline(__always)
    package func words(at position: UInt64) -> SIMD4<UInt32> {
        Philox.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32),
                UInt32(truncatingIfNeeded: substream), UInt32(truncatingIfNeeded: substream >> 32)),
            key: key)
    }

    /// 64 random bits.
    @inline(__always)
    package func bits(at position: UInt64) -> UInt64 {
        let block = words(at: position)
        return UInt64(block.y) << 32 | UInt64(block.x)
    }

    /// A double in [0, 1): one of the 2^53 multiples of 2^-53, all equally likely.
    @inline(__always)
    package func uniform(at position: UInt64) -> Double {
        Double(bits(at: position) >> 11) * 0x1p-53
    }

    /// A standard normal value: the inverse of the normal distribution at a uniform value that is
    /// never 0 or 1.
    package func normal(at position: UInt64) -> Double {
        inverseNormal((Double(bits(at: position) >> 12) + 0.5) * 0x1p-52)
    }

    /// A generator that draws from position 0 on.
    package var generator: SequentialRandom { SequentialRandom(self) }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Draws one after the other from a `RandomSource`, for what takes an unknown number of draws.
package struct SequentialRandom: Sendable {
    private let source: RandomSource
    private var position: UInt64 = 0

    init(_ source: RandomSource) { self.source = source }

    /// The next 64 random bits.
    package mutating func bits() -> UInt64 {
        defer { position &+= 1 }
        return source.bits(at: position)
    }

    /// The next double in [0, 1).
    package mutating func uniform() -> Double { Double(bits() >> 11) * 0x1p-53 }

    /// The next integer in `0..<bound`, every one exactly equally likely (Lemire's multiplication
    /// with rejection). The bound is positive.
    package mutating func integer(below bound: UInt64) -> UInt64 {
        precondition(bound > 0)
        // The low products below this are the surplus that would make some results likelier.
        let surplus = (0 &- bound) % bound
        while true {
            let product = bits().multipliedFullWidth(by: bound)
            if product.low >= surplus { return product.high }
        }
    }

    /// `0..<count` in random order, all orders equally likely (Fisher–Yates, from the end).
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        var last = count - 1
        while last > 0 {
            order.swapAt(last, Int(integer(below: UInt64(last) + 1)))
            last -= 1
        }
        return order
    }
}

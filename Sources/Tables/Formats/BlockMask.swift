/// Where the bytes that structure a CSV stand in a block of 64 bytes: bit i stands for byte i.
///
/// Eight bytes are compared at once inside a 64-bit word: a byte is zero after the exclusive or
/// with the wanted byte exactly where they are equal.
struct BlockMask {
    /// Delimiters.
    var delimiters: UInt64 = 0
    /// Line feeds.
    var newlines: UInt64 = 0
    /// All bytes, or'ed: the top bit tells whether any is outside ASCII.
    var union: UInt64 = 0
    /// Not zero exactly when the block has a NUL.
    var zeros: UInt64 = 0
    /// Not zero exactly when the block has a quote.
    var quotes: UInt64 = 0

    static let high: UInt64 = 0x8080_8080_8080_8080
    private static let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The masks of the 64 bytes at `base`.
    // Unsafe: the caller has checked that 64 bytes are there.
    @inline(__always)
    init(at base: UnsafeRawPointer, delimiter: UInt64) {
        for index in 0..<8 {
            let word = unsafe UInt64(
                littleEndian: base.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self))
            let shift = UInt64(index &* 8)
            delimiters |= BlockMask.positions(word ^ delimiter) &<< shift
            newlines |= BlockMask.positions(word ^ 0x0a0a_0a0a_0a0a_0a0a) &<< shift
            union |= word
            zeros |= BlockMask.anyZero(word)
            quotes |= BlockMask.anyZero(word ^ 0x2222_2222_2222_2222)
        }
    }

    /// The positions of quotes, which most blocks do not have.
    // Unsafe: as above.
    static func quotePositions(at base: UnsafeRawPointer) -> UInt64 {
        var result: UInt64 = 0
        for index in 0..<8 {
            let word = unsafe UInt64(
                littleEndian: base.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self))
            result |= positions(word ^ 0x2222_2222_2222_2222) &<< UInt64(index &* 8)
        }
        return result
    }

    /// Eight bits, one for each byte that is zero. The product moves bit 8i to bit 56 + i.
    @inline(__always)
    private static func positions(_ word: UInt64) -> UInt64 {
        let carried = (word & low) &+ low
        let marks = ~(carried | word | low)
        return ((marks &>> 7) &* 0x0102_0408_1020_4080) &>> 56
    }

    /// Not zero exactly when one of the bytes is zero.
    @inline(__always)
    private static func anyZero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & high }
}

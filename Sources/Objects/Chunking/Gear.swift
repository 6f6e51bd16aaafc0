/// The 256 random words of the gear hash: the first 256 outputs of splitmix64 from a fixed seed.
///
/// Part of the format `cdc1`: another table would cut elsewhere. (It could never make a wrong
/// result, only a worse deduplication.)
///
///     state = 0x6d6c73746f726531          ("mlstore1" in ASCII, big-endian)
///     for i in 0...255:
///         state += 0x9e3779b97f4a7c15     (all modulo 2^64)
///         z = state
///         z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
///         z = (z ^ (z >> 27)) * 0x94d049bb133111eb
///         gear[i] = z ^ (z >> 31)
enum Gear {
    static let seed: UInt64 = 0x6d6c_7374_6f72_6531

    /// The table, and behind it the same words shifted left by one for the two-byte step.
    static let table: [UInt64] = {
        var state = seed
        var words: [UInt64] = []
        words.reserveCapacity(512)
        for _ in 0..<256 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
            words.append(word ^ (word >> 31))
        }
        for index in 0..<256 { words.append(words[index] &<< 1) }
        return words
    }()
}

import CXXHash

/// The 64-bit XXH3 hash of the bytes of `buffer`: for checksums and hash tables, never an identity.
///
/// Cost: about 16 GB/s.
package func xxh3(buffer: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    // Unsafe because a C function reads the buffer; it reads no further than its count.
    unsafe XXH3_64bits_withSeed(buffer.baseAddress, buffer.count, seed)
}

/// The 64-bit XXH3 hash of `bytes`.
package func xxh3(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe xxh3(buffer: $0, seed: seed) }
}

/// The 64-bit XXH3 hash of the bytes of `span`.
package func xxh3(_ span: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
    unsafe span.withUnsafeBytes { unsafe xxh3(buffer: $0, seed: seed) }
}

/// A 128-bit hash as two words: equal rows of a diff have equal hashes, and a collision among a
/// billion rows is less likely than 1 in 10^20.
package struct Hash128: Hashable, Sendable, Comparable {
    /// The upper 64 bits.
    package let high: UInt64
    /// The lower 64 bits.
    package let low: UInt64

    /// The hash with these halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: Hash128, right: Hash128) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

/// The 128-bit XXH3 hash of the bytes of `buffer`.
package func xxh3Wide(buffer: UnsafeRawBufferPointer) -> Hash128 {
    let hash = unsafe XXH3_128bits(buffer.baseAddress, buffer.count)
    return Hash128(high: hash.high64, low: hash.low64)
}

/// The 128-bit XXH3 hash of `bytes`.
package func xxh3Wide(_ bytes: [UInt8]) -> Hash128 {
    unsafe bytes.withUnsafeBytes { unsafe xxh3Wide(buffer: $0) }
}

/// Cuts content into chunks where the content itself says: format `cdc1`.
///
/// The gear hash of the bytes up to and including byte `i` is `h(i) = 2 * h(i-1) + gear[byte i]`
/// modulo 2^64, so that `h(i)` depends on the last 64 bytes only. A chunk that starts at `s` ends
/// behind the first byte `i` (its length is `i - s + 1`) for which
///
///     minimum <= length < normal   and   h(i) & strict == 0,   or
///     normal  <= length < maximum  and   h(i) & loose == 0,    or
///     length == maximum,           or    the content ends.
///
/// `h` starts from zero 64 bytes before the first place that may be a cut. `strict` is the n + 2 bits and
/// `loose` the n - 2 bits below bit 63, where `normal` is 2^n. Bit 63 is left out so that two
/// bytes can be rolled in one step.
///
/// Where `snapLimit` is not zero (text), a cut moves on to just behind the next newline at or after
/// its last byte, if it moves by no more than `snapLimit` bytes and stays within the maximum and the
/// content; otherwise it stays.
///
/// Invariants: a cut depends on the content from the chunk's start on and on nothing else, in
/// particular on no buffer size; a run of one byte value is cut at the maximum, always.
///
/// Cost: about 3 GB/s on one core; a run of equal bytes costs a comparison.
package struct Chunker: Sendable, Equatable {
    /// The shortest chunk, but for the last of a content.
    package let minimum: Int
    /// Where the mask changes from strict to loose.
    package let normal: Int
    /// The longest chunk.
    package let maximum: Int
    /// How far a cut may move to a newline; 0 for opaque content.
    package let snapLimit: Int
    let strictMask: UInt64
    let looseMask: UInt64

    /// Content up to this size is one chunk and has no recipe.
    package static let singleChunkLimit = 128 << 10

    /// How far the hash looks back.
    static let window = 64

    /// Text and tables: 64, 256, 1024 KiB, at newlines.
    package static let text = Chunker(minimum: 64 << 10, normalBits: 18, snapLimit: 8 << 10)

    /// Opaque binaries: 64, 256, 1024 KiB.
    package static let opaque = Chunker(minimum: 64 << 10, normalBits: 18, snapLimit: 0)

    /// `normal` is 2^normalBits, `maximum` four times that. `minimum` is at least the window.
    init(minimum: Int, normalBits: Int, snapLimit: Int) {
        self.minimum = minimum
        normal = 1 << normalBits
        maximum = 4 << normalBits
        self.snapLimit = snapLimit
        strictMask = Chunker.mask(bits: normalBits + 2)
        looseMask = Chunker.mask(bits: normalBits - 2)
    }

    private static func mask(bits: Int) -> UInt64 { ((1 << UInt64(bits)) - 1) << UInt64(63 - bits) }

    /// The chunker for content that starts with `sample` (the first 64 KiB; all of it where it is
    /// shorter): text where no byte of the sample is a control character other than tab, newline,
    /// vertical tab, form feed, carriage return and escape, and there is a newline among them.
    package static func forContent(startingWith sample: UnsafeRawBufferPointer) -> Chunker {
        // Unsafe throughout: raw bytes of a caller's buffer, indexed below its count.
        var newline = false
        let count = min(sample.count, sampleBytes)
        for index in 0..<count {
            let byte = unsafe sample[index]
            if byte >= 0x20 && byte != 0x7f { continue }
            switch byte {
            case 0x0a: newline = true
            case 0x09, 0x0b, 0x0c, 0x0d, 0x1b: break
            default: return .opaque
            }
        }
        return newline ? .text : .opaque
    }

    /// How much of a content decides what it is.
    package static let sampleBytes = 64 << 10

    /// The length of the first chunk of `content`, which is the rest of the content from the
    /// chunk's start, or at least `maximum` bytes of it. Not 0 unless `content` is empty.
    package func cut(_ content: UnsafeRawBufferPointer) -> Int {
        let limit = min(content.count, maximum)
        guard limit > minimum, let base = content.baseAddress else { return limit }
        // Unsafe: raw bytes below `limit`, which is within the buffer.
        if unsafe isRun(base, limit) { return limit }
        let plain = unsafe Gear.table.withUnsafeBufferPointer { table in
            unsafe firstCut(base, limit, table.baseAddress.unsafelyUnwrapped)
        }
        return unsafe snapLimit == 0 ? plain : snap(plain, base, limit)
    }

    /// Whether the bytes are all equal: the hash of a long run is `-gear[byte]`, which meets
    /// no mask (tested for all 256), so that the cut is at the limit.
    private func isRun(_ base: UnsafeRawPointer, _ limit: Int) -> Bool {
        unsafe isUniform(UnsafeRawBufferPointer(start: base, count: limit))
    }

    private func firstCut(
        _ base: UnsafeRawPointer, _ limit: Int, _ table: UnsafePointer<UInt64>
    ) -> Int {
        var hash: UInt64 = 0
        for index in (minimum - Chunker.window)..<(minimum - 1) {
            unsafe hash =
                (hash &<< 1) &+ table[Int(base.load(fromByteOffset: index, as: UInt8.self))]
        }
        let middle = min(normal - 1, limit)
        if let cut = unsafe scan(base, (minimum - 1)..<middle, table, strictMask, &hash) {
            return cut
        }
        if let cut = unsafe scan(base, middle..<limit, table, looseMask, &hash) { return cut }
        return limit
    }

    /// The length of the chunk that ends behind the first byte of `range` whose hash meets
    /// `mask`. Two bytes a step: `table[256...]` holds the words shifted left by one, so that the
    /// hash behind the first byte stands one bit too high and is judged with the mask one too high.
    private func scan(
        _ base: UnsafeRawPointer, _ range: Range<Int>, _ table: UnsafePointer<UInt64>,
        _ mask: UInt64, _ hash: inout UInt64
    ) -> Int? {
        var h = hash
        var index = range.lowerBound
        let high = mask &<< 1
        while index &+ 1 < range.upperBound {
            unsafe h =
                (h &<< 2) &+ table[256 &+ Int(base.load(fromByteOffset: index, as: UInt8.self))]
            if h & high == 0 { return index &+ 1 }
            unsafe h = h &+ table[Int(base.load(fromByteOffset: index &+ 1, as: UInt8.self))]
            if h & mask == 0 { return index &+ 2 }
            index &+= 2
        }
        if index < range.upperBound {
            unsafe h = (h &<< 1) &+ table[Int(base.load(fromByteOffset: index, as: UInt8.self))]
            if h & mask == 0 { return index &+ 1 }
        }
        hash = h
        return nil
    }

    private func snap(_ cut: Int, _ base: UnsafeRawPointer, _ limit: Int) -> Int {
        let end = min(limit, cut + snapLimit)
        var index = cut - 1
        while index < end {
            if unsafe base.load(fromByteOffset: index, as: UInt8.self) == 0x0a { return index + 1 }
            index += 1
        }
        return cut
    }
}

/// Whether all bytes are equal; true for no bytes. Cost: a few nanoseconds where the first words
/// differ, about 10 GB/s else.
func isUniform(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, bytes.count > 1 else { return true }
    let word = unsafe UInt64(base.load(as: UInt8.self)) &* 0x0101_0101_0101_0101
    var index = 0
    // Unsafe: loads of eight bytes that end at or before the count.
    while index &+ 8 <= bytes.count {
        if unsafe base.loadUnaligned(fromByteOffset: index, as: UInt64.self) != word {
            return false
        }
        index &+= 8
    }
    while index < bytes.count {
        if unsafe base.load(fromByteOffset: index, as: UInt8.self)
            != UInt8(truncatingIfNeeded: word)
        {
            return false
        }
        index &+= 1
    }
    return true
}

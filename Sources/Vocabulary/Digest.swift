/// A SHA-256 digest: 32 bytes, ordered as its hexadecimal text is.
///
/// Kept as four big-endian words, so that comparing and hashing never touch the heap.
package struct Digest: Hashable, Sendable {
    /// The length of a digest in bytes.
    package static let sizeBytes = 32

    let word0: UInt64
    let word1: UInt64
    let word2: UInt64
    let word3: UInt64

    /// The digest whose 32 bytes are all zero: a placeholder that no content is known to have.
    package static let zero = Digest(word0: 0, word1: 0, word2: 0, word3: 0)

    init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// The digest in the 32 bytes of `bytes`, or nil when there are not exactly 32.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.sizeBytes else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var position = 0
        for byte in bytes {
            switch position >> 3 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            default: words.3 = words.3 << 8 | UInt64(byte)
            }
            position += 1
        }
        self.init(word0: words.0, word1: words.1, word2: words.2, word3: words.3)
    }

    /// The digest at `offset` of `span`; the caller has checked that 32 bytes are there.
    package init(at offset: Int, of span: Span<UInt8>) {
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in start..<(start + 8) { value = value << 8 | UInt64(span[index]) }
            return value
        }
        self.init(
            word0: word(offset), word1: word(offset + 8), word2: word(offset + 16),
            word3: word(offset + 24))
    }

    /// The digest written as 64 lower-case hexadecimal digits, or nil for any other text.
    package init?(hex: some StringProtocol) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Digest.sizeBytes)
        var high: UInt8?
        for character in hex.utf8 {
            guard let digit = Digest.value(ofHexDigit: character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { return nil }
        self.init(bytes: bytes)
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Digest.sizeBytes)
        append(to: &result)
        return result
    }

    /// Appends the 32 bytes to `buffer`.
    package func append(to buffer: inout [UInt8]) {
        for word in [word0, word1, word2, word3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                buffer.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
    }

    /// The 64 lower-case hexadecimal digits.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The first eight bytes as a number: evenly spread, for hash tables and interpolation search.
    package var prefix64: UInt64 { word0 }

    /// The eight bytes behind those: with them 128 bits, which no two contents share by chance.
    package var second64: UInt64 { word1 }

    private static func value(ofHexDigit character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }
}

extension Digest: Comparable {
    package static func < (left: Digest, right: Digest) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }
}

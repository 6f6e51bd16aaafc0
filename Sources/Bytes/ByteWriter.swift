package import Vocabulary

/// Bytes being encoded: the counterpart of `ByteCursor`. Numbers are little-endian.
package struct ByteWriter: Sendable {
    /// What was written so far.
    package var bytes: [UInt8]

    /// An empty writer with room for `capacity` bytes.
    package init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Appends one byte.
    package mutating func append(uint8 value: UInt8) { bytes.append(value) }

    /// Appends two bytes.
    package mutating func append(uint16 value: UInt16) { append(UInt64(value), 2) }

    /// Appends four bytes.
    package mutating func append(uint32 value: UInt32) { append(UInt64(value), 4) }

    /// Appends eight bytes.
    package mutating func append(uint64 value: UInt64) { append(value, 8) }

    /// Appends a LEB128 number in its shortest form.
    package mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a count that is known not to be negative as a varint.
    package mutating func append(length: Int) { append(varint: UInt64(length)) }

    /// Appends the bytes themselves.
    package mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    /// Appends the UTF-8 of `text`, without a length.
    package mutating func append(text: String) { bytes.append(contentsOf: text.utf8) }

    /// Appends the 32 bytes of `digest`.
    package mutating func append(_ digest: Digest) { digest.append(to: &bytes) }

    private mutating func append(_ value: UInt64, _ count: Int) {
        for index in 0..<count {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
    }
}

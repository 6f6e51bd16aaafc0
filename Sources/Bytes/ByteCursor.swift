package import Vocabulary

/// A position in bytes being decoded. Every read is checked against the end; numbers are
/// little-endian. The span is passed to each call, so that the cursor itself borrows nothing.
package struct ByteCursor: Sendable {
    /// The offset of the next byte.
    package var offset: Int

    /// A cursor at `offset`.
    package init(offset: Int = 0) { self.offset = offset }

    /// How many bytes are left in `span`.
    package func remaining(in span: Span<UInt8>) -> Int { max(0, span.count - offset) }

    /// Whether everything was read.
    package func isAtEnd(of span: Span<UInt8>) -> Bool { offset >= span.count }

    /// The next byte.
    package mutating func uint8(_ span: Span<UInt8>) throws(DecodeError) -> UInt8 {
        try need(1, span)
        defer { offset += 1 }
        return span[offset]
    }

    /// The next two bytes.
    package mutating func uint16(_ span: Span<UInt8>) throws(DecodeError) -> UInt16 {
        UInt16(truncatingIfNeeded: try number(2, span))
    }

    /// The next four bytes.
    package mutating func uint32(_ span: Span<UInt8>) throws(DecodeError) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(4, span))
    }

    /// The next eight bytes.
    package mutating func uint64(_ span: Span<UInt8>) throws(DecodeError) -> UInt64 {
        try number(8, span)
    }

    /// The next LEB128 number, at most ten bytes and in its shortest form.
    package mutating func varint(_ span: Span<UInt8>) throws(DecodeError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try uint8(span)
            if shift == 63, byte > 1 { throw DecodeError(at: start, "varint too large") }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 {
                if byte == 0, shift > 0 { throw DecodeError(at: start, "varint not minimal") }
                return value
            }
            shift += 7
            if shift > 63 { throw DecodeError(at: start, "varint too long") }
        }
    }

    /// The next varint as a count or length not above `maximum`.
    package mutating func length(
        _ span: Span<UInt8>, maximum: Int
    ) throws(DecodeError) -> Int {
        let start = offset
        let value = try varint(span)
        guard value <= UInt64(maximum) else { throw DecodeError(at: start, "length out of bounds") }
        return Int(value)
    }

    /// The next `count` bytes.
    package mutating func bytes(
        _ count: Int, _ span: Span<UInt8>
    ) throws(DecodeError) -> [UInt8] {
        try need(count, span)
        defer { offset += count }
        let range = offset..<(offset + count)
        return unsafe span.extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Passes over `count` bytes.
    package mutating func skip(_ count: Int, _ span: Span<UInt8>) throws(DecodeError) {
        try need(count, span)
        offset += count
    }

    /// The next 32 bytes as a digest.
    package mutating func digest(_ span: Span<UInt8>) throws(DecodeError) -> Digest {
        try need(Digest.sizeBytes, span)
        defer { offset += Digest.sizeBytes }
        return Digest(at: offset, of: span)
    }

    /// Throws unless the next bytes are `expected`.
    package mutating func magic(
        _ expected: [UInt8], _ span: Span<UInt8>
    ) throws(DecodeError) {
        let start = offset
        guard try bytes(expected.count, span) == expected else {
            throw DecodeError(at: start, "wrong magic number")
        }
    }

    private mutating func number(_ count: Int, _ span: Span<UInt8>) throws(DecodeError) -> UInt64 {
        try need(count, span)
        var value: UInt64 = 0
        for index in 0..<count {
            value |= UInt64(span[offset + index]) << UInt64(8 * index)
        }
        offset += count
        return value
    }

    private func need(_ count: Int, _ span: Span<UInt8>) throws(DecodeError) {
        guard offset >= 0, count >= 0, count <= span.count - offset else {
            throw DecodeError(at: offset, "unexpected end of data")
        }
    }
}

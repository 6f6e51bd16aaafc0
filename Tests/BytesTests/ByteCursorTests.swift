import Bytes
import Testing
import Vocabulary

/// A cursor with its bytes: the testing macros cannot hold a span.
private struct Reader {
    let bytes: [UInt8]
    var cursor = ByteCursor()

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read<Value>(
        _ body: (inout ByteCursor, Span<UInt8>) throws -> Value
    ) rethrows -> Value {
        var moved = cursor
        defer { cursor = moved }
        return try body(&moved, bytes.span)
    }
}

@Suite struct ByteCursorTests {
    @Test func `numbers come back as they were written`() throws {
        var writer = ByteWriter()
        writer.append(uint8: 0xab)
        writer.append(uint16: 0x1234)
        writer.append(uint32: 0xdead_beef)
        writer.append(uint64: .max)
        writer.append(sha256([]))
        var reader = Reader(writer.bytes)
        #expect(try reader.read { (cursor, span) in try cursor.uint8(span) } == 0xab)
        #expect(try reader.read { (cursor, span) in try cursor.uint16(span) } == 0x1234)
        #expect(try reader.read { (cursor, span) in try cursor.uint32(span) } == 0xdead_beef)
        #expect(try reader.read { (cursor, span) in try cursor.uint64(span) } == .max)
        #expect(try reader.read { (cursor, span) in try cursor.digest(span) } == sha256([]))
        #expect(reader.cursor.offset == writer.bytes.count)
        #expect(throws: DecodeError.self) {
            try reader.read { (cursor, span) in try cursor.uint8(span) }
        }
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, UInt64.max - 1, UInt64.max])
    func `varints round-trip`(value: UInt64) throws {
        var writer = ByteWriter()
        writer.append(varint: value)
        var reader = Reader(writer.bytes)
        #expect(try reader.read { (cursor, span) in try cursor.varint(span) } == value)
        #expect(reader.cursor.offset == writer.bytes.count)
    }

    @Test(
        arguments: [
            [0x80], [0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] as [[UInt8]])
    func `cut, padded and oversized varints are refused`(bytes: [UInt8]) {
        #expect(throws: DecodeError.self) {
            var cursor = ByteCursor()
            _ = try cursor.varint(bytes.span)
        }
    }

    @Test func `a length beyond its bound is refused`() {
        #expect(throws: DecodeError(at: 0, "length out of bounds")) {
            var cursor = ByteCursor()
            _ = try cursor.length([11].span, maximum: 10)
        }
    }

    @Test func `a huge count cannot overflow the check`() {
        #expect(throws: DecodeError.self) {
            var cursor = ByteCursor(offset: 1)
            _ = try cursor.bytes(.max, [1, 2, 3].span)
        }
    }

    @Test func `hexadecimal text round-trips and refuses the rest`() {
        #expect(Hex.encode([0, 255, 16]) == "00ff10")
        #expect(Hex.decode("00fF10") == [0, 255, 16])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("0g") == nil)
    }
}

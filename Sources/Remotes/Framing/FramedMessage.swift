package import Vocabulary

/// One message of a conversation over a pipe, in the envelope of SFTP: the length of what follows
/// in four bytes, the kind in one, the number of the request that it belongs to in four, and the
/// body. Numbers are big-endian.
package struct FramedMessage: Hashable, Sendable {
    /// What it is; each protocol has its own table.
    package var kind: UInt8
    /// The request that it belongs to.
    package var id: UInt32
    /// The rest.
    package var body: [UInt8]

    /// Makes a message.
    package init(kind: UInt8, id: UInt32, body: [UInt8] = []) {
        self.kind = kind
        self.id = id
        self.body = body
    }

    /// The bytes of kind and id.
    static let headBytes = 5

    /// As it goes over the pipe.
    package var encoded: [UInt8] {
        var writer = FieldWriter(capacity: 4 + FramedMessage.headBytes + body.count)
        writer.append(uint32: UInt32(clamping: FramedMessage.headBytes + body.count))
        writer.append(uint8: kind)
        writer.append(uint32: id)
        writer.append(body)
        return writer.bytes
    }
}

/// Cuts what comes over a pipe into messages. Memory: one message and what was fed beyond it.
package struct MessageCutter: Sendable {
    private var pending: [UInt8] = []
    private var start = 0
    private let largest: Int

    /// Messages of more than `largest` bytes after their length are refused.
    package init(largest: Int) { self.largest = largest }

    /// Takes more bytes.
    package mutating func feed(_ bytes: [UInt8]) {
        if start == pending.count {
            pending = bytes
            start = 0
            return
        }
        if start > 0 {
            pending.removeFirst(start)
            start = 0
        }
        pending += bytes
    }

    /// The next message, or nil when it has not come whole.
    package mutating func next() throws(DecodeError) -> FramedMessage? {
        guard pending.count - start >= 4 else { return nil }
        var length = 0
        for index in start..<(start + 4) { length = length << 8 | Int(pending[index]) }
        guard (FramedMessage.headBytes...largest).contains(length) else {
            throw DecodeError(at: 0, "a message of \(length) bytes")
        }
        guard pending.count - start >= 4 + length else { return nil }
        let message = Array(pending[(start + 4)..<(start + 4 + length)])
        start += 4 + length
        var fields = FieldReader(message)
        let kind = try fields.uint8()
        return FramedMessage(kind: kind, id: try fields.uint32(), body: fields.rest())
    }

    /// What was fed and is no whole message yet.
    var unread: [UInt8] { Array(pending[start...]) }
}

/// Reads the fields of a message: big-endian numbers, and texts after their length.
package struct FieldReader: Sendable {
    private let bytes: [UInt8]
    private var offset = 0

    /// Reads from the first byte on.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// How many bytes are left.
    package var remaining: Int { bytes.count - offset }

    /// The next byte.
    package mutating func uint8() throws(DecodeError) -> UInt8 {
        UInt8(truncatingIfNeeded: try number(1))
    }

    /// The next four bytes.
    package mutating func uint32() throws(DecodeError) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(4))
    }

    /// The next eight bytes.
    package mutating func uint64() throws(DecodeError) -> UInt64 { try number(8) }

    /// The next eight bytes as an offset or a size, at most `maximum`.
    package mutating func size(maximum: Int = 1 << 60) throws(DecodeError) -> Int {
        let place = offset
        let value = try uint64()
        guard value <= UInt64(maximum) else { throw DecodeError(at: place, "size out of bounds") }
        return Int(value)
    }

    /// The next bytes after their length, which is bounded by what there is.
    package mutating func string() throws(DecodeError) -> [UInt8] {
        let place = offset
        let count = Int(try uint32())
        guard count <= remaining else { throw DecodeError(at: place, "unexpected end of data") }
        defer { offset += count }
        return Array(bytes[offset..<(offset + count)])
    }

    /// Passes over `count` bytes.
    package mutating func skip(_ count: Int) throws(DecodeError) {
        guard count >= 0, count <= remaining else {
            throw DecodeError(at: offset, "unexpected end of data")
        }
        offset += count
    }

    /// Everything that is left.
    package mutating func rest() -> [UInt8] {
        defer { offset = bytes.count }
        return Array(bytes[offset...])
    }

    private mutating func number(_ count: Int) throws(DecodeError) -> UInt64 {
        guard count <= remaining else { throw DecodeError(at: offset, "unexpected end of data") }
        var value: UInt64 = 0
        for index in offset..<(offset + count) { value = value << 8 | UInt64(bytes[index]) }
        offset += count
        return value
    }
}

/// Writes the fields of a message: the counterpart of `FieldReader`.
package struct FieldWriter: Sendable {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    /// An empty writer with room for `capacity` bytes.
    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Appends one byte.
    package mutating func append(uint8 value: UInt8) { bytes.append(value) }

    /// Appends four bytes.
    package mutating func append(uint32 value: UInt32) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// Appends eight bytes.
    package mutating func append(uint64 value: UInt64) {
        append(uint32: UInt32(truncatingIfNeeded: value >> 32))
        append(uint32: UInt32(truncatingIfNeeded: value))
    }

    /// Appends a size that is known not to be negative in eight bytes.
    package mutating func append(size: Int) { append(uint64: UInt64(size)) }

    /// Appends bytes after their length.
    package mutating func append(string: [UInt8]) {
        append(uint32: UInt32(clamping: string.count))
        bytes += string
    }

    /// Appends a text after its length.
    package mutating func append(string: String) { append(string: Array(string.utf8)) }

    /// Appends the bytes themselves.
    package mutating func append(_ more: [UInt8]) { bytes += more }
}

package import Vocabulary

/// Reads Thrift's compact protocol, in which Parquet writes its footer and page headers: as much
/// of it as it takes to find a few numbers and to pass over the rest.
///
/// Invariant: every read is within the bytes; nesting is bounded; a list's or a text's length is
/// bounded by the bytes that are left.
package struct ThriftCursor {
    private let bytes: [UInt8]
    private var cursor = ByteCursor()
    private var depth = 0

    private static let maximumDepth = 16

    /// The types of values that matter here.
    package enum Kind: UInt8 {
        case bool = 1, falseBool, int8, int16, int32, int64, double, binary, list, set, map
        case structure, uuid
    }

    /// A cursor at the start of these bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// How many bytes were read.
    package var offset: Int { cursor.offset }

    /// Reads a structure: `field` is called for each field with its number and kind, and answers
    /// whether it read the value; what it did not read is passed over.
    package mutating func structure(
        _ field: (inout ThriftCursor, Int, Kind) throws(DecodeError) -> Bool
    ) throws(DecodeError) {
        try descend()
        var number = 0
        while true {
            let head = try byte()
            if head == 0 { break }
            let kind = try kind(head & 0x0f)
            if head >> 4 > 0 { number += Int(head >> 4) } else { number = Int(try integer()) }
            guard (1...0x7fff).contains(number) else { throw fault("field number out of bounds") }
            if try !field(&self, number, kind) { try pass(kind, inList: false) }
        }
        depth -= 1
    }

    /// Reads a list of structures.
    package mutating func list(
        _ element: (inout ThriftCursor) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        let (count, kind) = try listHead()
        guard kind == .structure else { throw fault("list of another kind") }
        for _ in 0..<count { try element(&self) }
    }

    /// Reads a list of whole numbers.
    package mutating func integers() throws(DecodeError) -> [Int64] {
        let (count, kind) = try listHead()
        guard [.int16, .int32, .int64].contains(kind) else { throw fault("list of another kind") }
        // Each takes a byte at least.
        guard count <= bytes.count - offset else { throw fault("length out of bounds") }
        var values: [Int64] = []
        for _ in 0..<count { values.append(try integer()) }
        return values
    }

    /// Reads a whole number.
    package mutating func integer() throws(DecodeError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    private func fault(_ reason: String) -> DecodeError { DecodeError(at: cursor.offset, reason) }

    private mutating func byte() throws(DecodeError) -> UInt8 {
        var next = cursor
        defer { cursor = next }
        return try next.uint8(bytes.span)
    }

    private mutating func varint() throws(DecodeError) -> UInt64 {
        var next = cursor
        defer { cursor = next }
        return try next.varint(bytes.span)
    }

    private mutating func skip(_ count: Int) throws(DecodeError) {
        var next = cursor
        try next.skip(count, bytes.span)
        cursor = next
    }

    private func kind(_ byte: UInt8) throws(DecodeError) -> Kind {
        guard let kind = Kind(rawValue: byte) else { throw fault("unknown kind of value") }
        return kind
    }

    private mutating func descend() throws(DecodeError) {
        depth += 1
        guard depth <= ThriftCursor.maximumDepth else { throw fault("nested too deeply") }
    }

    private mutating func listHead() throws(DecodeError) -> (count: Int, kind: Kind) {
        let head = try byte()
        var count = Int(head >> 4)
        if count == 15 { count = try length() }
        return (count, try kind(head & 0x0f))
    }

    /// A length of what takes at least a byte each.
    private mutating func length() throws(DecodeError) -> Int {
        let count = try varint()
        guard count <= UInt64(bytes.count - cursor.offset) else {
            throw fault("length out of bounds")
        }
        return Int(count)
    }

    private mutating func pass(_ kind: Kind, inList: Bool) throws(DecodeError) {
        switch kind {
        case .bool, .falseBool: if inList { try skip(1) }
        case .int8: try skip(1)
        case .int16, .int32, .int64: _ = try integer()
        case .double: try skip(8)
        case .uuid: try skip(16)
        case .binary: try skip(try length())
        case .structure: try structure { (_, _, _) throws(DecodeError) in false }
        case .list, .set:
            try descend()
            let (count, element) = try listHead()
            for _ in 0..<count { try pass(element, inList: true) }
            depth -= 1
        case .map: try passMap()
        }
    }

    private mutating func passMap() throws(DecodeError) {
        try descend()
        let count = try length()
        if count > 0 {
            let kinds = try byte()
            let (key, value) = (try kind(kinds >> 4), try kind(kinds & 0x0f))
            for _ in 0..<count {
                try pass(key, inList: true)
                try pass(value, inList: true)
            }
        }
        depth -= 1
    }
}

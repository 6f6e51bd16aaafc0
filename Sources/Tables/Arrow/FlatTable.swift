import Bytes
import Vocabulary

/// A table of a FlatBuffer, the encoding of Arrow's messages and footers: as much of it as it takes to
/// find a few of its fields.
///
/// Invariant: every read is within the bytes. References only lead forward, so no way through tables is
/// endless; who follows more than one bounds how many, since two may lead to the same table.
struct FlatTable {
    private let bytes: [UInt8]
    private let start: Int
    /// Where the places of the fields stand, and how many bytes these take.
    private let directory: Int
    private let directoryBytes: Int

    /// The table at the root of a buffer.
    init(root bytes: [UInt8]) throws(DecodeError) { try self.init(bytes, referredAt: 0) }

    private init(_ bytes: [UInt8], referredAt place: Int) throws(DecodeError) {
        self.bytes = bytes
        start = place + Int(try FlatTable.number(bytes, place, 4))
        let back = Int32(truncatingIfNeeded: try FlatTable.number(bytes, start, 4))
        directory = start - Int(back)
        guard directory >= 0 else { throw DecodeError(at: start, "a directory out of bounds") }
        directoryBytes = Int(try FlatTable.number(bytes, directory, 2))
    }

    private static func number(
        _ bytes: [UInt8], _ place: Int, _ count: Int
    ) throws(DecodeError) -> UInt64 {
        guard place >= 0, place <= bytes.count - count else {
            throw DecodeError(at: place, "a place out of bounds")
        }
        return (0..<count).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
    }

    /// Where a field stands; nil where it has its default.
    private func place(_ field: Int) throws(DecodeError) -> Int? {
        let entry = 4 + 2 * field
        guard entry + 2 <= directoryBytes else { return nil }
        let offset = Int(try FlatTable.number(bytes, directory + entry, 2))
        return offset == 0 ? nil : start + offset
    }

    /// A byte; 0 where it is not there.
    func byte(_ field: Int) throws(DecodeError) -> UInt8 {
        guard let place = try place(field) else { return 0 }
        return UInt8(truncatingIfNeeded: try FlatTable.number(bytes, place, 1))
    }

    /// An integer of eight bytes; 0 where it is not there.
    func integer(_ field: Int) throws(DecodeError) -> Int64 {
        guard let place = try place(field) else { return 0 }
        return Int64(bitPattern: try FlatTable.number(bytes, place, 8))
    }

    /// Whether the field is there.
    func has(_ field: Int) throws(DecodeError) -> Bool { try place(field) != nil }

    /// A table that the field refers to.
    func table(_ field: Int) throws(DecodeError) -> FlatTable? {
        guard let place = try place(field) else { return nil }
        return try FlatTable(bytes, referredAt: place)
    }

    /// A vector of tables: how many; `table(of:_:)` takes one.
    func vector(_ field: Int, elementBytes: Int) throws(DecodeError) -> Vector {
        guard let place = try place(field) else { return Vector(start: 0, count: 0) }
        let start = place + Int(try FlatTable.number(bytes, place, 4))
        let count = Int(try FlatTable.number(bytes, start, 4))
        guard count <= (bytes.count - start - 4) / elementBytes else {
            throw DecodeError(at: start, "a vector out of bounds")
        }
        return Vector(start: start + 4, count: count)
    }

    /// Where the elements of a vector stand.
    struct Vector {
        fileprivate let start: Int
        /// How many there are.
        let count: Int
    }

    /// A table that a vector refers to.
    func table(of vector: Vector, _ index: Int) throws(DecodeError) -> FlatTable {
        try FlatTable(bytes, referredAt: vector.start + 4 * index)
    }

    /// An integer within a structure that stands in a vector, `count` bytes long.
    func integer(
        of vector: Vector, at offset: Int, bytes count: Int
    ) throws(DecodeError) -> Int64 {
        let value = try FlatTable.number(bytes, vector.start + offset, count)
        return count == 4
            ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
}

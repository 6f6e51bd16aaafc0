import Bytes

/// Writes Thrift's compact protocol, in which Parquet keeps its footer and the headers of pages.
///
/// Fields of a structure are written in the order of their numbers; `end` closes the structure that was
/// begun last.
struct ThriftWriter {
    private var out = ByteWriter()
    /// The number of the last field of each open structure.
    private var last = [0]

    /// What was written.
    var bytes: [UInt8] { out.bytes }

    private enum Kind: UInt8 {
        case yes = 1, no, int32 = 5, int64, binary = 8, list, structure = 12
    }

    /// A whole number of 32 bits, or a word of a list of choices.
    mutating func int32(_ number: Int, _ value: Int) {
        head(number, .int32)
        put(value)
    }

    /// A whole number of 64 bits.
    mutating func int64(_ number: Int, _ value: Int) {
        head(number, .int64)
        put(value)
    }

    mutating func bool(_ number: Int, _ value: Bool) { head(number, value ? .yes : .no) }

    mutating func text(_ number: Int, _ value: String) {
        head(number, .binary)
        put(text: value)
    }

    /// Begins a structure that is a field.
    mutating func begin(_ number: Int) {
        head(number, .structure)
        last.append(0)
    }

    /// Begins a structure that is an element of a list.
    mutating func beginElement() { last.append(0) }

    /// Ends the structure begun last, or the whole.
    mutating func end() {
        out.append(uint8: 0)
        last.removeLast()
    }

    /// Begins a list of so many structures, which follow.
    mutating func structures(_ number: Int, count: Int) { list(number, .structure, count) }

    /// A list of whole numbers of 32 bits.
    mutating func int32s(_ number: Int, _ values: [Int]) {
        list(number, .int32, values.count)
        for value in values { put(value) }
    }

    mutating func texts(_ number: Int, _ values: [String]) {
        list(number, .binary, values.count)
        for value in values { put(text: value) }
    }

    /// Puts in what another writer wrote: elements of a list.
    mutating func append(_ elements: [UInt8]) { out.append(elements) }

    private mutating func list(_ number: Int, _ kind: Kind, _ count: Int) {
        head(number, .list)
        if count < 15 {
            out.append(uint8: UInt8(count) << 4 | kind.rawValue)
        } else {
            out.append(uint8: 0xf0 | kind.rawValue)
            out.append(varint: UInt64(count))
        }
    }

    private mutating func head(_ number: Int, _ kind: Kind) {
        let step = number - last[last.count - 1]
        // Parquet's structures have few fields: steps of more than 15 do not occur.
        precondition((1...15).contains(step), "fields are written in their order")
        out.append(uint8: UInt8(step) << 4 | kind.rawValue)
        last[last.count - 1] = number
    }

    private mutating func put(text: String) {
        out.append(varint: UInt64(text.utf8.count))
        out.append(text: text)
    }

    private mutating func put(_ value: Int) {
        let value = Int64(value)
        out.append(varint: UInt64(bitPattern: value << 1 ^ value >> 63))
    }
}

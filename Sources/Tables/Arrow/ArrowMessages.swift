import Bytes
import Vocabulary

/// What the messages of an Arrow file or stream say of its size, read without a plug-in.
///
/// Invariants: no values are read, only the heads of messages, at most 65,536 of at most 64 MiB together;
/// sums are checked.
struct ArrowMessages {
    private static let magic = Array("ARROW1".utf8)
    private static let maximumMessages = 1 << 16
    private static let maximumBytes = 64 << 20
    /// What stands before the length of a message; old writers left it out.
    private static let marker: UInt32 = 0xffff_ffff

    private let ranges: TableRanges
    private var bytesLeft = ArrowMessages.maximumBytes
    private var messages = 0
    private var rows = 0

    /// The rows of all batches, and the columns that a reader finds: structures are their fields, lists
    /// and maps one column each. Throws `TableError` where it is damaged, lies or is of too many
    /// pieces, and what reading throws.
    static func extent(_ ranges: TableRanges) throws -> TableExtent {
        var messages = ArrowMessages(ranges: ranges)
        do {
            let head = try ranges.read(0..<min(magic.count, ranges.sizeBytes))
            return head == magic ? try messages.fileExtent() : try messages.streamExtent()
        } catch let error as DecodeError {
            throw TableError(line: nil, "its head is damaged: \(error)")
        }
    }

    private init(ranges: TableRanges) { self.ranges = ranges }

    private mutating func read(at place: Int, _ count: Int) throws -> [UInt8] {
        guard place >= 0, count >= 0, place <= ranges.sizeBytes,
            count <= ranges.sizeBytes - place
        else { throw DecodeError(at: place, "a message out of bounds") }
        guard count <= bytesLeft else { throw DecodeError(at: place, "heads too large") }
        bytesLeft -= count
        let bytes = try ranges.read(place..<place + count)
        guard bytes.count == count else { throw DecodeError(at: place, "an early end") }
        return bytes
    }

    private func number(_ bytes: some Collection<UInt8>) -> UInt32 {
        bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private mutating func countMessage(at place: Int) throws(DecodeError) {
        messages += 1
        guard messages <= ArrowMessages.maximumMessages else {
            throw DecodeError(at: place, "too many messages")
        }
    }

    private mutating func add(_ batch: FlatTable, at place: Int) throws(DecodeError) {
        let (sum, overflow) = rows.addingReportingOverflow(Int(try batch.integer(0)))
        guard !overflow, sum >= rows else {
            throw DecodeError(at: place, "rows out of bounds")
        }
        rows = sum
    }

    // MARK: - Files

    /// Of a file, whose footer says where the batches are.
    private mutating func fileExtent() throws -> TableExtent {
        // The magic with its padding; the footer, its length and the magic.
        let (headBytes, tailBytes) = (8, 10)
        let end = ranges.sizeBytes - tailBytes
        guard end >= headBytes, case let tail = try read(at: end, tailBytes),
            tail.suffix(6).elementsEqual(ArrowMessages.magic)
        else { throw DecodeError(at: ranges.sizeBytes, "no magic at the end") }
        let length = Int(number(tail))
        guard length <= end - headBytes else {
            throw DecodeError(at: end, "a footer out of bounds")
        }
        let footer = try FlatTable(root: try read(at: end - length, length))
        let blocks = try footer.vector(3, elementBytes: 24)
        for index in 0..<blocks.count {
            let place = try footer.integer(of: blocks, at: 24 * index, bytes: 8)
            let head = try footer.integer(of: blocks, at: 24 * index + 8, bytes: 4)
            let body = try footer.integer(of: blocks, at: 24 * index + 16, bytes: 8)
            let room = Int64(end - length)
            guard place >= headBytes, place <= room, head >= 8, head <= room - place, body >= 0,
                body <= room - place - head
            else { throw DecodeError(at: end - length, "a batch out of bounds") }
            try countMessage(at: Int(place))
            let bytes = try read(at: Int(place), Int(head))
            let start = number(bytes) == ArrowMessages.marker ? 8 : 4
            let message = try FlatTable(root: Array(bytes[start...]))
            guard try message.byte(1) == Kind.batch, let batch = try message.table(2) else {
                throw DecodeError(at: Int(place), "no batch")
            }
            try add(batch, at: Int(place))
        }
        return try extent(try footer.table(1))
    }

    // MARK: - Streams

    /// The kinds of messages, as Arrow numbers them.
    private enum Kind {
        static let schema: UInt8 = 1
        static let dictionary: UInt8 = 2
        static let batch: UInt8 = 3
    }

    /// Of a stream: messages behind each other, the columns first.
    private mutating func streamExtent() throws -> TableExtent {
        var place = 0
        var schema: FlatTable?
        while place < ranges.sizeBytes {
            guard let (message, end) = try message(at: place) else { break }
            let body = try message.integer(3)
            let content = try message.table(2)
            switch (try message.byte(1), content, schema) {
            case (Kind.schema, let content?, nil): schema = content
            case (Kind.dictionary, _, .some): break
            case (Kind.batch, let batch?, .some): try add(batch, at: place)
            default: throw DecodeError(at: place, "an unknown message")
            }
            guard (0...Int64(ranges.sizeBytes - end)).contains(body) else {
                throw DecodeError(at: place, "a message out of bounds")
            }
            place = end + Int(body)
        }
        return try extent(schema)
    }

    /// The message at a place and where its body begins; nil at the end of the stream.
    private mutating func message(at place: Int) throws -> (FlatTable, end: Int)? {
        try countMessage(at: place)
        var length = number(try read(at: place, 4))
        var start = place + 4
        if length == ArrowMessages.marker {
            length = number(try read(at: start, 4))
            start += 4
        }
        guard length > 0 else { return nil }
        return (try FlatTable(root: try read(at: start, Int(length))), start + Int(length))
    }

    // MARK: - Columns

    private static let maximumDepth = 64
    private static let structure: UInt8 = 13

    private func extent(_ schema: FlatTable?) throws(DecodeError) -> TableExtent {
        var (columns, fields) = (0, 0)
        if let schema { try count(in: schema, 1, depth: 0, &columns, &fields) }
        guard columns > 0 else { throw DecodeError(at: 0, "no columns") }
        return TableExtent(rows: rows, columns: columns)
    }

    /// Counts the columns among the fields of a schema or field.
    private func count(
        in holder: FlatTable, _ member: Int, depth: Int, _ columns: inout Int, _ fields: inout Int
    ) throws(DecodeError) {
        let children = try holder.vector(member, elementBytes: 4)
        // Before any is followed: two may lead to the same fields.
        fields += children.count
        guard depth < ArrowMessages.maximumDepth, fields <= HeaderRow.maximumColumns else {
            throw DecodeError(at: 0, "too many columns")
        }
        for index in 0..<children.count {
            let field = try holder.table(of: children, index)
            let isCoded = try field.has(4)
            guard try field.byte(2) == ArrowMessages.structure, !isCoded,
                try field.vector(5, elementBytes: 4).count > 0
            else {
                columns += 1
                continue
            }
            try count(in: field, 5, depth: depth + 1, &columns, &fields)
        }
    }
}

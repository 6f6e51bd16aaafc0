import Bytes
import Vocabulary

/// What the footer of a Parquet file says of its size, read without a plug-in.
///
/// Invariants: only the footer is read, and only one of at most 64 MiB; what it says adds up.
enum ParquetFooter {
    private static let magic = Array("PAR1".utf8)
    /// The length and the magic behind the footer.
    private static let tailBytes = 8
    private static let maximumBytes = 64 << 20

    /// The rows that the footer claims, where its row groups come to the same, and the columns that a
    /// reader finds: see `columnCount`. Throws `TableError` where the footer is damaged or lies, and what
    /// reading throws.
    static func extent(_ ranges: TableRanges) throws -> TableExtent {
        let end = ranges.sizeBytes - tailBytes
        guard end >= magic.count, try ranges.read(0..<magic.count) == magic,
            case let tail = try ranges.read(end..<ranges.sizeBytes), tail.count == tailBytes,
            tail.suffix(magic.count).elementsEqual(magic)
        else { throw TableError(line: nil, "it does not begin and end as Parquet does") }
        let length = tail.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= maximumBytes, length <= end - magic.count else {
            throw TableError(line: nil, "its footer is too large")
        }
        do {
            return try extent(of: try ranges.read(end - length..<end))
        } catch let error as DecodeError {
            throw TableError(line: nil, "its footer is damaged: \(error)")
        }
    }

    private static func extent(of footer: [UInt8]) throws(DecodeError) -> TableExtent {
        var thrift = ThriftCursor(footer)
        var claimed: Int64?
        var sum: Int64 = 0
        var columns: Int?
        try thrift.structure { (file, number, kind) throws(DecodeError) in
            switch (number, kind) {
            case (2, .list) where columns == nil: columns = try columnCount(&file)
            case (3, .int64): claimed = try file.integer()
            case (4, .list):
                try file.list { (group) throws(DecodeError) in try add(&group, to: &sum) }
            default: return false
            }
            return true
        }
        guard thrift.offset == footer.count, let columns, let claimed, claimed == sum,
            let rows = Int(exactly: claimed)
        else { throw DecodeError(at: thrift.offset, "figures that do not add up") }
        return TableExtent(rows: rows, columns: columns)
    }

    /// Adds the rows of a row group.
    private static func add(_ group: inout ThriftCursor, to sum: inout Int64) throws(DecodeError) {
        try group.structure { (group, number, kind) throws(DecodeError) in
            guard number == 3, kind == .int64 else { return false }
            let (next, overflow) = sum.addingReportingOverflow(try group.integer())
            guard !overflow, next >= sum else {
                throw DecodeError(at: group.offset, "rows out of bounds")
            }
            sum = next
            return true
        }
    }

    // MARK: - Columns

    /// A node of the schema, as far as it matters here.
    private struct Node {
        var children = 0
        /// Whether it is one column, whatever it holds: a list or a map.
        var isWhole = false
    }

    /// How many columns a reader finds: structures are their fields, lists and maps one column each.
    private static func columnCount(_ schema: inout ThriftCursor) throws(DecodeError) -> Int {
        var tree = ColumnTree()
        try schema.list { (element) throws(DecodeError) in
            try tree.add(try node(&element), element.offset)
        }
        return try tree.columnCount(at: schema.offset)
    }

    private static func node(_ element: inout ThriftCursor) throws(DecodeError) -> Node {
        let (repeated, map, keyValue, list) = (Int64(2), Int64(1), Int64(2), Int64(3))
        var node = Node()
        try element.structure { (element, number, kind) throws(DecodeError) in
            switch (number, kind) {
            case (3, .int32): if try element.integer() == repeated { node.isWhole = true }
            case (5, .int32):
                let count = try element.integer()
                guard (0...Int64(ColumnTree.maximumNodes)).contains(count) else {
                    throw DecodeError(at: element.offset, "children out of bounds")
                }
                node.children = Int(count)
            case (6, .int32):
                if [map, keyValue, list].contains(try element.integer()) { node.isWhole = true }
            case (10, .structure):
                // A union of which the number of the field tells: 2 is a map, 3 a list.
                try element.structure { (_, number, _) throws(DecodeError) in
                    if number == 2 || number == 3 { node.isWhole = true }
                    return false
                }
            default: return false
            }
            return true
        }
        return node
    }

    /// Counts columns while the nodes come, each before its children.
    private struct ColumnTree {
        static let maximumNodes = 1 << 20

        private var columns = 0
        private var nodes = 0
        /// How many children are still to come of each node on the way down, and whether these are columns.
        private var open: [(left: Int, areColumns: Bool)] = []

        mutating func add(_ node: Node, _ offset: Int) throws(DecodeError) {
            nodes += 1
            guard nodes <= ColumnTree.maximumNodes else {
                throw DecodeError(at: offset, "too many columns")
            }
            // The root is the row; what it repeats means nothing.
            if nodes == 1 {
                open.append((node.children, true))
                return
            }
            while let last = open.last, last.left == 0 { open.removeLast() }
            guard let holder = open.last else {
                throw DecodeError(at: offset, "a column outside of the row")
            }
            open[open.count - 1].left -= 1
            let isColumn = holder.areColumns && (node.isWhole || node.children == 0)
            if isColumn { columns += 1 }
            if node.children > 0 { open.append((node.children, holder.areColumns && !isColumn)) }
        }

        func columnCount(at offset: Int) throws(DecodeError) -> Int {
            guard open.allSatisfy({ $0.left == 0 }), columns > 0 else {
                throw DecodeError(at: offset, "a row that is not whole")
            }
            return columns
        }
    }
}

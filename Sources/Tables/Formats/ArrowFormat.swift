import Vocabulary

/// Parquet, or Arrow's own files and streams (Feather version 2), read by a plug-in: see
/// `ArrowLibrary`. Nested fields are columns with dotted names, lists are JSON text.
///
/// Where the plug-in is missing, reading throws `.notFound`; so `add` reads only what such a file says of its
/// size, without a plug-in, and a pointer is the same on every machine.
package struct ArrowFormat: TableFormat {
    package let name: String
    package let suffixes: [String]
    package let mayBePacked = false
    package let isCounted = false
    private let isParquet: Bool

    /// `.parquet`.
    package static let parquet = ArrowFormat(
        name: "parquet", suffixes: [".parquet"], isParquet: true)
    /// `.arrow`, `.feather`, `.ipc`.
    package static let arrow = ArrowFormat(
        name: "arrow", suffixes: [".arrow", ".feather", ".ipc"], isParquet: false)

    package func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader {
        let file = try ArrowFile(source.ranges(), isParquet: isParquet)
        var builder: RowBuilder?
        var text = ArrowText()
        unsafe try file.forEachBatch(of: source.selection) { schema, batch in
            var rows =
                builder
                ?? RowBuilder(
                    columns: schema.leaves.map(\.name), types: schema.leaves.map(\.shape.columnType)
                )
            builder = nil
            let columns = unsafe try schema.leaves.map { unsafe try ArrowColumn($0, of: batch) }
            for row in unsafe 0..<batch.count {
                for index in unsafe columns.indices {
                    unsafe try columns[index].append(row, to: &rows, &text)
                }
                try rows.endRow(body)
                if rows.rowCount == limit { break }
            }
            builder = rows
            // Enough: the caller stops at the batch that it gets.
            if rows.rowCount == limit { try builder?.flush(body) }
        }
        guard var rows = builder else { throw TableError(line: nil, "it has no columns") }
        try rows.flush(body)
        return rows.header
    }

    package func parts(of source: TableSource) throws -> [TablePart] {
        isParquet ? try ArrowFile(source.ranges(), isParquet: true).parts() : []
    }

    package func statedExtent(of source: TableSource) throws -> TableExtent? {
        let ranges = try source.ranges()
        return isParquet ? try ParquetFooter.extent(ranges) : try ArrowMessages.extent(ranges)
    }

    /// Reads all columns for the values that are missing, since footers may say nothing of them or
    /// anything; makes no text.
    package func summary(of source: TableSource) throws -> TableSummary {
        let file = try ArrowFile(source.ranges(), isParquet: isParquet)
        var leaves: [ArrowSchemaReader.Leaf] = []
        var areNullable: [Bool] = []
        var rowCount = 0
        unsafe try file.forEachBatch(of: source.selection) { schema, batch in
            if leaves.isEmpty {
                leaves = schema.leaves
                areNullable = leaves.map { _ in false }
            }
            unsafe rowCount += batch.count
            for (index, leaf) in leaves.enumerated() where !areNullable[index] {
                areNullable[index] = unsafe try ArrowColumn(leaf, of: batch).hasMissing()
            }
        }
        if source.selection == nil, let claimed = file.claimedRows, claimed != rowCount {
            throw TableError(
                line: nil, "its footer claims \(claimed) rows, but there are \(rowCount)")
        }
        return TableSummary(
            rowCount: rowCount,
            columns: zip(leaves, areNullable).map {
                ColumnSummary(name: $0.name, type: $0.shape.columnType, isNullable: $1)
            })
    }
}

/// A column in one batch.
// Unsafe: valid as long as the batch.
@unsafe private final class ArrowColumn {
    private let shape: ArrowShape
    private let view: ArrowView
    /// The fields that hold it and may have no value, and what is added to a row's number for each.
    private let holders: [(view: ArrowView, shift: Int)]
    private let shift: Int
    private let count: Int

    init(_ leaf: ArrowSchemaReader.Leaf, of batch: ArrowView) throws(TableError) {
        unsafe shape = leaf.shape
        unsafe count = unsafe batch.count
        var view = unsafe batch
        var shift = 0
        var holders: [(view: ArrowView, shift: Int)] = unsafe []
        for number in unsafe batch.count > 0 ? leaf.path : [] {
            unsafe holders.append((view, shift))
            shift = unsafe view.place(shift)
            unsafe view = unsafe try view.child(number, atLeast: shift + batch.count)
        }
        unsafe self.view = unsafe view
        unsafe self.holders = unsafe holders
        unsafe self.shift = shift
    }

    /// Whether the row has no value.
    private func isMissing(_ row: Int) throws(TableError) -> Bool {
        for index in unsafe holders.indices {
            if unsafe holders[index].view.isNull(row + holders[index].shift) { return true }
        }
        return unsafe try ArrowText.isMissing(shape, view, row + shift)
    }

    /// Whether any row has no value.
    func hasMissing() throws(TableError) -> Bool {
        for row in unsafe 0..<count where unsafe try isMissing(row) { return true }
        return false
    }

    /// Appends the row's value.
    func append(_ row: Int, to rows: inout RowBuilder, _ text: inout ArrowText) throws(TableError) {
        if unsafe try isMissing(row) { return rows.appendNull() }
        if unsafe isText {
            return unsafe rows.append(try ArrowText.bytes(shape, view, row + shift).0)
        }
        text.clear()
        unsafe try text.append(shape, view, row + shift)
        unsafe text.bytes.withUnsafeBufferPointer { unsafe rows.append($0) }
    }

    /// Whether the value stands in the batch as it is written.
    private var isText: Bool {
        switch unsafe shape {
        case .bytes(let isText, _), .view(let isText): isText
        default: false
        }
    }
}

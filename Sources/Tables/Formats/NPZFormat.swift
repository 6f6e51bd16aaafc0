import Vocabulary

/// NumPy's arrays with names in one file: those of one dimension are columns, those of two or with fields
/// several, all with as many rows.
///
/// Not read when it is added, as an NPY file is not.
package struct NPZFormat: TableFormat {
    package let name = "npz"
    package let suffixes = [".npz"]
    package let mayBePacked = false
    package let isCounted = false

    /// The only one there is.
    package static let npz = NPZFormat()

    /// The longest array by columns that is read where it is packed: all of it is inflated for each block.
    private static let packedColumnsBytes = 256 << 20

    package func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader {
        let arrays = try NPZFormat.arrays(source.ranges())
        var rows = RowBuilder(
            columns: arrays.flatMap(\.columnNames),
            types: arrays.flatMap { $0.header.fields.map(\.columnType) })
        var text = NPYText()
        let rowCount = min(arrays.first?.header.rowCount ?? 0, limit ?? Int.max)
        for part in NPZFormat.blocks(arrays, rowCount) {
            let blocks = try arrays.map { try $0.block(part) }
            for row in 0..<part.count {
                for block in blocks { try block.append(row, to: &rows, &text) }
                try rows.endRow(body)
            }
        }
        try rows.flush(body)
        return rows.header
    }

    package func summary(of source: TableSource) throws -> TableSummary {
        let arrays = try NPZFormat.arrays(source.ranges())
        let rowCount = arrays.first?.header.rowCount ?? 0
        var columns: [ColumnSummary] = []
        // One array after the other: a packed one is then inflated once.
        for array in arrays {
            var areNullable = array.header.fields.map { _ in false }
            for part in NPZFormat.blocks([array], rowCount) {
                let block = try array.block(part)
                for index in array.header.fields.indices
                where !areNullable[index] && array.header.fields[index].mayBeMissing {
                    areNullable[index] = (0..<part.count).contains { block.isMissing($0, index) }
                }
            }
            for (index, name) in array.columnNames.enumerated() {
                columns.append(
                    ColumnSummary(
                        name: name, type: array.header.fields[index].columnType,
                        isNullable: areNullable[index]))
            }
        }
        return TableSummary(rowCount: rowCount, columns: columns)
    }

    /// An array that gives columns.
    private struct Columns {
        let name: String
        let header: NPYHeader
        let ranges: TableRanges

        /// `x` for one column, `x_1` and so on for several, `x.field` for fields with names.
        var columnNames: [String] {
            if header.isStructured { return header.fields.map { "\(name).\($0.name)" } }
            guard header.isMatrix else { return [name] }
            return header.fields.indices.map { "\(name)_\($0 + 1)" }
        }

        func block(_ rows: Range<Int>) throws -> NPYBlock { try NPYBlock(header, rows, ranges) }
    }

    private static func arrays(_ file: TableRanges) throws -> [Columns] {
        let arrays = try NPZArchive(file).members.map { member in
            let name = printable(Array(member.name.utf8))
            do {
                let header = try NPYHeader(member.bytes)
                let isLarge = member.bytes.sizeBytes > packedColumnsBytes
                guard member.isStored || !header.isByColumn || !isLarge else {
                    throw TableError(
                        line: nil,
                        "it is packed, by columns and larger than \(ByteCount(packedColumnsBytes))")
                }
                return Columns(name: member.name, header: header, ranges: member.bytes)
            } catch let error as TableError {
                throw TableError(line: nil, "array '\(name)' in it gives no columns: \(error)")
            }
        }
        guard let first = arrays.first else { throw TableError(line: nil, "it has no arrays") }
        if let other = arrays.first(where: { $0.header.rowCount != first.header.rowCount }) {
            throw TableError(
                line: nil,
                "its arrays have different numbers of rows: "
                    + "'\(printable(Array(first.name.utf8)))' \(first.header.rowCount), "
                    + "'\(printable(Array(other.name.utf8)))' \(other.header.rowCount)")
        }
        let names = arrays.flatMap(\.columnNames)
        guard Set(names).count == names.count else {
            throw TableError(line: nil, "two of its columns have the same name")
        }
        guard names.count <= NPYHeader.maximumColumns else {
            throw TableError(line: nil, "it has more than \(NPYHeader.maximumColumns) columns")
        }
        return arrays
    }

    private static func blocks(_ arrays: [Columns], _ rowCount: Int) -> [Range<Int>] {
        let rowBytes = arrays.reduce(0) { $0 + $1.header.rowBytes }
        return NPYBlock.ranges(of: rowCount, rowBytes: rowBytes)
    }
}

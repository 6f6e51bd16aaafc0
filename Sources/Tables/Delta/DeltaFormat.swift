import Vocabulary

/// The files of a Delta Lake table, read as one: the columns are those that its log states.
struct DeltaFormat: TableFormat {
    let name = "delta"
    let suffixes: [String] = []
    let mayBePacked = false
    let isCounted = false
    let columns: [DeltaColumn]
    let files: [(source: TableSource, file: DeltaTable.File)]

    func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader {
        var rows = RowBuilder(columns: columns.map(\.name), types: columns.map(\.type))
        for (source, file) in files {
            let missing = limit.map { $0 - rows.rowCount }
            if let missing, missing <= 0 { break }
            let size = try source.ranges().sizeBytes
            guard size == file.sizeBytes else {
                throw lie(file, "\(file.sizeBytes) bytes", "\(size)")
            }
            let before = rows.rowCount
            _ = try source.forEachBatch(first: missing) { batch in
                try append(batch, of: file, to: &rows, limit, body)
            }
            let count = rows.rowCount - before
            if let wanted = file.rowCount, wanted != count,
                limit == nil || rows.rowCount < limit ?? 0
            {
                throw lie(file, "\(wanted) rows", "\(count)")
            }
        }
        try rows.flush(body)
        return rows.header
    }

    private func lie(_ file: DeltaTable.File, _ claim: String, _ truth: String) -> TableError {
        TableError(
            line: nil,
            "its log says that '\(printable(Array(file.path.joined(separator: "/").utf8)))' has \(claim), "
                + "but it has \(truth)")
    }

    private func append(
        _ batch: RowBatch, of file: DeltaTable.File, to rows: inout RowBuilder, _ limit: Int?,
        _ body: (RowBatch) throws -> Void
    ) throws {
        let places = try places(in: batch.header, file)
        for row in 0..<batch.rowCount {
            for (column, place) in zip(columns, places) {
                if let partition = column.partition {
                    if let value = file.values[partition] {
                        rows.append(value)
                    } else {
                        rows.appendNull()
                    }
                } else if let place, !batch.isNull(row: row, column: place) {
                    unsafe batch.withValue(row: row, column: place) { value in
                        if column.isInstant, unsafe value.last != UInt8(ascii: "Z") {
                            rows.append(unsafe String(decoding: value, as: UTF8.self) + "Z")
                        } else {
                            unsafe rows.append(value)
                        }
                    }
                } else {
                    rows.appendNull()
                }
            }
            try rows.endRow(body)
            if rows.rowCount == limit { return try rows.flush(body) }
        }
    }

    /// Where the columns are in a file; nil for one that it does not have. Throws where a type is not the
    /// log's.
    private func places(
        in header: TableHeader, _ file: DeltaTable.File
    ) throws(TableError) -> [Int?] {
        let known = Dictionary(
            header.columnNames.enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first })
        var places: [Int?] = []
        for column in columns {
            let place = column.partition == nil ? known[column.name] : nil
            places.append(place)
            guard let place, let type = header.types?[place], type != column.type else { continue }
            throw TableError(
                line: nil,
                "'\(printable(Array(file.path.joined(separator: "/").utf8)))' has \(type.rawValue) values in "
                    + "'\(printable(Array(column.name.utf8)))', and its log says \(column.type.rawValue)"
            )
        }
        return places
    }

    func summary(of source: TableSource) throws -> TableSummary {
        var areNullable = columns.map { _ in false }
        var rowCount = 0
        _ = try forEachBatch(of: source, first: nil) { batch in
            rowCount += batch.rowCount
            for column in columns.indices where !areNullable[column] {
                areNullable[column] = (0..<batch.rowCount).contains {
                    batch.isNull(row: $0, column: column)
                }
            }
        }
        return TableSummary(
            rowCount: rowCount,
            columns: zip(columns, areNullable).map {
                ColumnSummary(name: $0.name, type: $0.type, isNullable: $1)
            })
    }
}

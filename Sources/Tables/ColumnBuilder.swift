/// Appends fields to a column of a type that is known.
struct ColumnBuilder {
    let summary: ColumnSummary
    private var nulls = NullMask()
    private var count = 0
    // Only the one of the column's type is used.
    private var bools: [Bool] = []
    private var integers: [Int64] = []
    private var floats: [Double] = []
    private var codes: [Int32] = []
    private var texts = TextDictionary()

    init(_ summary: ColumnSummary, expectedRows: Int) {
        self.summary = summary
        switch summary.type {
        case .bool: bools.reserveCapacity(expectedRows)
        case .int, .date, .timestamp: integers.reserveCapacity(expectedRows)
        case .float: floats.reserveCapacity(expectedRows)
        case .string: codes.reserveCapacity(expectedRows)
        }
    }

    /// Appends the column's fields in `batch`. Returns the first row of the batch whose value is
    /// not of the type, or nil when all are.
    mutating func append(_ batch: RowBatch, column: Int) -> Int? {
        defer { count += batch.rowCount }
        // Unsafe: the parsers read a view of the batch, which outlives this call.
        switch summary.type {
        case .bool:
            return unsafe append(batch, column, to: \.bools, null: false) {
                unsafe FieldSyntax.bool($0)
            }
        case .int:
            return unsafe append(batch, column, to: \.integers, null: 0) {
                unsafe FieldSyntax.int($0)
            }
        case .date:
            return unsafe append(batch, column, to: \.integers, null: 0) {
                unsafe FieldSyntax.date($0)
            }
        case .timestamp:
            return unsafe append(batch, column, to: \.integers, null: 0) {
                unsafe FieldSyntax.timestamp($0)
            }
        case .float:
            return unsafe append(batch, column, to: \.floats, null: .nan) {
                unsafe FieldSyntax.float($0)
            }
        case .string:
            appendTexts(batch, column)
            return nil
        }
    }

    @inline(__always)
    private mutating func append<Value>(
        _ batch: RowBatch, _ column: Int, to path: WritableKeyPath<ColumnBuilder, [Value]>,
        null: Value, _ parse: (UnsafeBufferPointer<UInt8>) -> Value?
    ) -> Int? {
        var values = self[keyPath: path]
        self[keyPath: path] = []
        defer { self[keyPath: path] = values }
        for row in 0..<batch.rowCount {
            let field = unsafe batch.trimmedField(row: row, column: column)
            if let value = unsafe parse(field) {
                values.append(value)
            } else if batch.isNull(row: row, column: column) {
                values.append(null)
                nulls.insert(count + row)
            } else {
                return row
            }
        }
        return nil
    }

    private mutating func appendTexts(_ batch: RowBatch, _ column: Int) {
        for row in 0..<batch.rowCount {
            if batch.isNull(row: row, column: column) {
                codes.append(-1)
                nulls.insert(count + row)
            } else {
                unsafe codes.append(
                    batch.withValue(row: row, column: column) { unsafe texts.code(of: $0) })
            }
        }
    }

    /// The column of all fields that were appended.
    consuming func finish() -> Column {
        let values: Column.Values =
            switch summary.type {
            case .bool: .bools(bools)
            case .int: .ints(integers)
            case .date: .dates(integers)
            case .timestamp: .timestamps(integers)
            case .float: .floats(floats)
            case .string: .strings(codes: codes, dictionary: texts.texts)
            }
        let known = ColumnSummary(
            name: summary.name, type: summary.type, isNullable: nulls.nullCount > 0)
        return Column(summary: known, values: values, nulls: nulls)
    }
}

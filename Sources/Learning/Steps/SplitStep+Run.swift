internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

extension SplitStep {
    /// Writes each row to its side. Memory: one piece of the input, plus eight bytes a row for
    /// `time` and the distinct values for `stratified`.
    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport {
        let input = TableInput(try files.source("data"))
        let header = try input.header()
        let assign = try assignment(input, header)
        let columns = try files.types(of: input, header, for: outputRoles)
        var train = try RowWriter(input, header, columns, files, "train")
        var test = try RowWriter(input, header, columns, files, "test")
        try input.forEachBatch(header) { batch in
            for row in 0..<batch.rowCount {
                if assign(batch, row) {
                    try test.write(batch, row)
                } else {
                    try train.write(batch, row)
                }
            }
        }
        try train.finish()
        try test.finish()
        guard train.rows + test.rows > 0 else { throw StoreError.noRows(data) }
        guard train.rows > 0 else { throw StoreError.emptySide("training", of: data) }
        guard test.rows > 0 else { throw StoreError.emptySide("test", of: data) }
        context.log("\(train.rows) rows to train on, \(test.rows) to test")
        return StepReport(facts: [
            "trainRows": JSONValue(train.rows), "testRows": JSONValue(test.rows),
        ])
    }

    /// Says of every row, in order, whether it is a test row.
    private typealias Assignment = (RowBatch, Int) -> Bool

    private func assignment(
        _ input: TableInput, _ header: TableInput.Header
    ) throws -> Assignment {
        switch rule {
        case .random:
            let source = RandomSource(seed: seed, purpose: "split random")
            return { [testShare] batch, row in
                source.uniform(at: UInt64(batch.firstRow + row)) < testShare
            }
        case .key(let columns):
            let positions = try columns.map { try header.position(of: $0, in: data) }
            return { [seed, testShare] batch, row in
                SplitStep.keyShare(batch, row, positions, seed: seed) < testShare
            }
        case .time(let column):
            return try byTime(input, header, column)
        case .stratified(let column):
            return try byClass(input, header, column)
        }
    }

    /// The place in [0, 1) of a row's key: the upper 53 bits of the seeded XXH3 of the values, each
    /// behind its length in eight bytes.
    private static func keyShare(
        _ batch: RowBatch, _ row: Int, _ positions: [Int], seed: UInt64
    ) -> Double {
        var writer = ByteWriter()
        for position in positions {
            let value = batch.value(row: row, column: position)
            writer.append(uint64: UInt64(value.count))
            writer.append(value)
        }
        return Double(xxh3(writer.bytes, seed: seed) >> 11) * 0x1p-53
    }

    /// The latest rows are the test: those at or behind the moment that leaves at least the share
    /// asked for. Rows of one moment stay together.
    private func byTime(
        _ input: TableInput, _ header: TableInput.Header, _ column: String
    ) throws -> Assignment {
        let position = try header.position(of: column, in: data)
        let summary = try input.summary()
        guard summary.columns.map(\.name) == header.names else {
            throw StoreError.tableChanged(data)
        }
        let type = summary.columns[position].type
        guard let key = TimeKey(type) else { throw StoreError.noOrder(column, type, of: data) }
        guard !summary.columns[position].isNullable else {
            throw StoreError.missingTimes(column, of: data)
        }
        guard summary.rowCount > 0 else { throw StoreError.noRows(data) }
        var keys: [UInt64] = []
        keys.reserveCapacity(summary.rowCount)
        try input.forEachBatch(header) { batch in
            for row in 0..<batch.rowCount { keys.append(key(batch, row, position)) }
        }
        keys.sort()
        let count = max(1, Int((testShare * Double(keys.count)).rounded()))
        let cut = keys[keys.count - min(count, keys.count)]
        return { batch, row in key(batch, row, position) >= cut }
    }

    /// The same share of every value, to the nearest row: a first pass counts, a second one draws
    /// just as many (selection sampling: D. Knuth, volume 2, algorithm 3.4.2 S).
    private func byClass(
        _ input: TableInput, _ header: TableInput.Header, _ column: String
    ) throws -> Assignment {
        let position = try header.position(of: column, in: data)
        var counts: [[UInt8]: Int] = [:]
        try input.forEachBatch(header) { batch in
            for row in 0..<batch.rowCount {
                counts[batch.value(row: row, column: position), default: 0] += 1
                guard counts.count <= ColumnValues.maximumCategories else {
                    throw StoreError.tooManyCategories(column, table: data)
                }
            }
        }
        var classes = counts.mapValues { [testShare] count in
            ClassQuota(rows: count, tests: Int((testShare * Double(count)).rounded()))
        }
        return { [seed] batch, row in
            let value = batch.value(row: row, column: position)
            let source = RandomSource(
                seed: seed, purpose: "split stratified", substream: xxh3(value))
            return classes[value]?.next(source) ?? false
        }
    }
}

/// How many rows of a class, and how many tests among them, are still to come.
private struct ClassQuota {
    var rows: Int
    var tests: Int
    private var position: UInt64 = 0

    init(rows: Int, tests: Int) {
        self.rows = rows
        self.tests = tests
    }

    mutating func next(_ source: RandomSource) -> Bool {
        let isTest = source.uniform(at: position) * Double(rows) < Double(tests)
        position += 1
        rows -= 1
        if isTest { tests -= 1 }
        return isTest
    }
}

/// Turns a value that has an order into an integer that has the same.
private struct TimeKey {
    private let type: ColumnType

    /// Nil for types without a natural order.
    init?(_ type: ColumnType) {
        guard [.int, .float, .date, .timestamp].contains(type) else { return nil }
        self.type = type
    }

    func callAsFunction(_ batch: RowBatch, _ row: Int, _ position: Int) -> UInt64 {
        // Unsafe: a view of the batch, used before it is gone. The scan found no null and no other
        // type; should the bytes change between passes, the row counts as the earliest.
        let field = unsafe batch.trimmedField(row: row, column: position)
        switch type {
        case .int: return unsafe FieldSyntax.int(field).map(TimeKey.ordered) ?? 0
        case .date: return unsafe FieldSyntax.date(field).map { TimeKey.ordered(Int64($0)) } ?? 0
        case .timestamp: return unsafe FieldSyntax.timestamp(field).map(TimeKey.ordered) ?? 0
        default: return unsafe FieldSyntax.float(field).map(orderKey) ?? 0
        }
    }

    private static func ordered(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value) ^ 1 << 63
    }
}

/// Writes rows: where input and output are text, as they stand in the input, each with the line end of
/// the header.
private struct RowWriter {
    private let sink: ByteSink
    private let lineEnd: [UInt8]
    private var buffer: [UInt8]
    private var output: TableOutput?
    private(set) var rows = 0

    init(
        _ input: TableInput, _ header: TableInput.Header, _ columns: [RowSchema.Column],
        _ files: StepFiles, _ role: String
    ) throws {
        sink = try files.sink(role)
        lineEnd = header.lineEnd
        let isCopied = input.isText && !TableOutput.isTyped(files.name(role))
        buffer = isCopied ? header.text + header.lineEnd : []
        output = isCopied ? nil : try files.table(role, columns: columns)
    }

    mutating func write(_ batch: RowBatch, _ row: Int) throws {
        rows += 1
        guard output == nil else {
            for column in 0..<batch.columnCount {
                try output?.append(batch, row: row, column: column)
            }
            try output?.endRow()
            return
        }
        // Unsafe: a view of the batch, copied here.
        unsafe buffer.append(contentsOf: batch.rawRow(row))
        buffer.append(contentsOf: lineEnd)
        if buffer.count >= 1 << 18 { try flush() }
    }

    mutating func finish() throws {
        try output?.finish()
        try flush()
    }

    private mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        try sink.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

extension StoreError {
    static func emptySide(_ side: String, of table: String) -> StoreError {
        StoreError(
            .malformed, "cannot split '\(table)': no row fell to the \(side) side",
            subject: table, advice: "change 'test', 'by' or 'seed' of the step, or add rows")
    }

    static func noOrder(_ column: String, _ type: ColumnType, of table: String) -> StoreError {
        StoreError(
            .malformed,
            "cannot split '\(table)' by time: column '\(column)' is of type \(type.rawValue)",
            subject: column,
            advice: "name a column of dates, timestamps or numbers, such as 2013-01-31")
    }

    static func missingTimes(_ column: String, of table: String) -> StoreError {
        StoreError(
            .malformed, "cannot split '\(table)' by time: column '\(column)' has missing values",
            subject: column, advice: "fill or drop those rows before the split")
    }
}

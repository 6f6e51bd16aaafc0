internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// What both joins declare: the other table, the columns that must be equal, what is taken.
struct JoinOptions: Sendable {
    let table: String
    /// Pairs of a column of the rows and one of the table.
    let key: [(left: String, right: String)]
    /// Columns of the table; nil for all but the key.
    let columns: [String]?
    let place: String

    init(_ options: OperationOptions, _ read: StepOptions) throws {
        place = options.place
        table = try read.text("table")
        columns = try read.names("columns")
        key = try JoinOptions.pairs(read.value("key"), options)
    }

    /// `[origin]` or `{origin: faa}`.
    static func pairs(
        _ value: JSONValue?, _ options: OperationOptions
    ) throws -> [(left: String, right: String)] {
        guard let value else { return [] }
        if value.objectValue != nil {
            return try OperationOptions(place: options.place, path: options.path, value: value)
                .texts("columns of both tables, {origin: faa}")
                .map { (left: $0.name, right: $0.text) }
        }
        return try OperationOptions(place: options.place, path: options.path + ".key", value: value)
            .names().map { (left: $0, right: $0) }
    }
}

/// The other table of a join, in memory: the taken cells by key.
struct JoinTable {
    /// The columns that are taken.
    let taken: [RowSchema.Column]
    private(set) var rowsOfKey: [[UInt8]: [Int]] = [:]
    private(set) var rows: [Row] = []
    /// Of each row, what further columns say.
    private(set) var moments: [[Double]] = []

    /// Reads the table: its key columns, the taken ones, and the moments of `times`.
    init(
        _ options: JoinOptions, _ environment: OperationEnvironment, times: [String] = []
    ) throws {
        guard let input = environment.table else {
            throw StoreError(.internalFault, "a join was run without its table")
        }
        let summary = try input.summary()
        let all = RowSchema(summary)
        let place = options.place + " of '\(options.table)'"
        let keys = try options.key.map { try all.position($0.right, place) }
        let others = all.columns.map(\.name).filter { name in
            !options.key.contains { $0.right == name }
        }
        let positions = try (options.columns ?? others).map { try all.position($0, place) }
        let times = try times.map { try all.timePosition($0, place, nil) }
        taken = positions.map { all.columns[$0] }
        let header = try input.header()
        var rowsOfKey: [[UInt8]: [Int]] = [:]
        var rows: [Row] = []
        var moments: [[Double]] = []
        try input.forEachBatch(header) { batch in
            for row in 0..<batch.rowCount {
                var key: [UInt8]? = []
                for position in keys {
                    JoinTable.append(Cell(batch, row: row, column: position), to: &key)
                }
                let when = times.map { time in
                    Cell(batch, row: row, column: time).typed(all.columns[time].type).moment
                }
                // A row that cannot be found, for want of a key or a time, is not kept.
                guard let key, !when.contains(nil) else { continue }
                rowsOfKey[key, default: []].append(rows.count)
                rows.append(positions.map { Cell(batch, row: row, column: $0) })
                moments.append(when.compactMap { $0 })
            }
        }
        self.rowsOfKey = rowsOfKey
        self.rows = rows
        self.moments = moments
    }

    /// Puts a part behind a key; a key with a missing part is none.
    static func append(_ cell: Cell, to key: inout [UInt8]?) {
        let bytes = cell.bytes
        guard key != nil, cell.typed(.string) != .null else {
            key = nil
            return
        }
        // The length keeps the parts from running together.
        for shift in stride(from: 0, to: 64, by: 8) {
            key?.append(UInt8(truncatingIfNeeded: bytes.count >> shift))
        }
        key?.append(contentsOf: bytes)
    }

    /// The schema of rows with the taken columns behind them.
    func extending(_ schema: RowSchema, _ place: String) throws -> RowSchema {
        var new = schema
        for column in taken { try new.add(column.name, column.type, place) }
        return new
    }

    /// Orders the rows of each key; later rows of equal moments stand behind earlier ones.
    mutating func sortByMoment() {
        let moments = moments
        for (key, rows) in rowsOfKey {
            rowsOfKey[key] = rows.sorted { left, right in
                for (one, other) in zip(moments[left], moments[right]) where one != other {
                    return one < other
                }
                return left < right
            }
        }
    }
}

/// `join`: columns of another table, by equal keys; rows without a partner get no values.
struct JoinOperation: RowOperation {
    static let name = "join"
    let options: JoinOptions

    init(_ options: OperationOptions) throws {
        let read = try StepOptions(
            step: options.path, options.value, known: ["table", "key", "columns"])
        self.options = try JoinOptions(options, read)
        guard !self.options.key.isEmpty else {
            throw StoreError.missingOption("key", of: options.path)
        }
    }

    var table: String? { options.table }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        let table = try JoinTable(options, environment)
        guard table.rowsOfKey.values.allSatisfy({ $0.count == 1 }) else {
            throw StoreError.ambiguousKey(options)
        }
        return Bound(
            keys: try options.key.map { try schema.position($0.left, options.place) },
            table: table, rows: try table.extending(schema, options.place))
    }

    private struct Bound: BoundOperation {
        let keys: [Int]
        let table: JoinTable
        let rows: RowSchema

        func schema() -> RowSchema { rows }

        mutating func apply(_ row: inout Row) -> Bool {
            var key: [UInt8]? = []
            for position in keys { JoinTable.append(row[position], to: &key) }
            let found = key.flatMap { table.rowsOfKey[$0]?.first }
            row += found.map { table.rows[$0] } ?? table.taken.map { _ in .null }
            return true
        }
    }
}

/// `asof`: columns of another table as they were known at the time of each row.
struct AsOfJoinOperation: RowOperation {
    static let name = "asof"
    let options: JoinOptions
    /// The columns that say when, of the rows and of the table.
    let time: (left: String, right: String)
    /// The column of the table that says when a row became known; nil where that is its time.
    let version: String?
    /// The oldest row that is taken.
    let within: TimeSpan?

    init(_ options: OperationOptions) throws {
        let read = try StepOptions(
            step: options.path, options.value,
            known: ["table", "key", "time", "version", "within", "columns"])
        self.options = try JoinOptions(options, read)
        version = try read.has("version") ? read.text("version") : nil
        if let name = read.value("time")?.stringValue {
            time = (name, name)
        } else {
            guard
                let pair = try JoinOptions.pairs(read.value("time"), options).first
            else { throw StoreError.missingOption("time", of: options.path) }
            time = pair
        }
        within = try read.value("within").map { value in
            guard let span = TimeSpan(value) else { throw read.wrong("within", TimeSpan.meaning) }
            return span
        }
    }

    var table: String? { options.table }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        var options = options
        if options.columns == nil { options = try withoutTimes(environment) }
        var table = try JoinTable(
            options, environment, times: [time.right] + (version.map { [$0] } ?? []))
        table.sortByMoment()
        let position = try schema.timePosition(time.left, options.place, within)
        return Bound(
            keys: try options.key.map { try schema.position($0.left, options.place) },
            time: position, type: schema.columns[position].type, within: within?.value,
            table: table, rows: try table.extending(schema, options.place))
    }

    /// All columns but the key and those that say when.
    private func withoutTimes(_ environment: OperationEnvironment) throws -> JoinOptions {
        let names = try environment.table?.header().names ?? []
        let left = names.filter { name in
            name != time.right && name != version && !options.key.contains { $0.right == name }
        }
        return JoinOptions(taking: left, options)
    }

    private struct Bound: BoundOperation {
        let keys: [Int]
        let time: Int
        let type: ColumnType
        let within: Double?
        let table: JoinTable
        let rows: RowSchema

        func schema() -> RowSchema { rows }

        mutating func apply(_ row: inout Row) -> Bool {
            row += partner(row).map { table.rows[$0] } ?? table.taken.map { _ in .null }
            return true
        }

        /// The latest row of the key that is not later than the row and was known by then.
        private func partner(_ row: Row) -> Int? {
            var key: [UInt8]? = []
            for position in keys { JoinTable.append(row[position], to: &key) }
            guard let key, let candidates = table.rowsOfKey[key],
                let now = row[time].typed(type).moment
            else { return nil }
            var low = 0
            var high = candidates.count
            while low < high {
                let middle = (low + high) / 2
                if table.moments[candidates[middle]][0] <= now {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            let known = candidates[..<low].last { table.moments[$0].allSatisfy { $0 <= now } }
            guard let known, within.map({ now - table.moments[known][0] <= $0 }) ?? true else {
                return nil
            }
            return known
        }
    }
}

extension JoinOptions {
    /// The same join, of these columns.
    fileprivate init(taking columns: [String], _ other: JoinOptions) {
        table = other.table
        key = other.key
        self.columns = columns
        place = other.place
    }
}

extension StoreError {
    static func ambiguousKey(_ options: JoinOptions) -> StoreError {
        StoreError(
            .malformed, "\(options.place) finds several rows of '\(options.table)' for one key",
            subject: options.table,
            advice: "name more columns under 'key', or use 'asof' where the rows differ in time")
    }
}

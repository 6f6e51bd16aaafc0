internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// `window`: what the rows of the same key said in a time before each row.
struct WindowOperation: RowOperation {
    static let name = "window"

    /// How the values of a window become one.
    enum Aggregate: String, CaseIterable {
        case count, sum, mean, min, max, last
    }

    private struct Column: Sendable {
        let name: String
        let aggregate: Aggregate
        let expression: DeclaredExpression
        /// What is aggregated; nil for the rows themselves.
        let argument: Expression?
    }

    private let by: [String]
    private let time: String
    private let over: TimeSpan
    private let columns: [Column]
    private let place: String

    init(_ options: OperationOptions) throws {
        place = options.place
        let read = try StepOptions(
            step: options.path, options.value, known: ["by", "time", "over", "values"])
        by = try read.names("by") ?? []
        time = try read.text("time")
        guard let span = read.value("over").flatMap(TimeSpan.init) else {
            throw read.wrong("over", TimeSpan.meaning)
        }
        over = span
        guard let values = read.value("values") else {
            throw StoreError.missingOption("values", of: options.path)
        }
        columns = try OperationOptions(
            place: options.place, path: options.path + ".values", value: values
        ).texts("new columns with an aggregate each, {flights: count(), delay: mean(dep_delay)}")
            .map { try WindowOperation.column($0.name, $0.text, options) }
    }

    private static func column(
        _ name: String, _ text: String, _ options: OperationOptions
    ) throws -> Column {
        let declared = try options.expression(text, of: name)
        let known = Aggregate.allCases.map(\.rawValue)
        guard case .call(let function, let arguments) = declared.expression.node,
            let aggregate = Aggregate(rawValue: function),
            arguments.count == 1 || aggregate == .count && arguments.isEmpty
        else {
            throw ExpressionError(
                "it is no aggregate of one value", at: declared.expression.offset,
                advice: "use one of \(known.joined(separator: ", ")), such as mean(dep_delay)"
            ).named(declared.place, text)
        }
        return Column(
            name: name, aggregate: aggregate, expression: declared, argument: arguments.first)
    }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        var new = schema
        var series: [Bound.Series] = []
        for column in columns {
            let typed = try column.argument.map { try column.expression.typed($0, schema) }
            if let typed, column.aggregate != .count, !typed.isNumber && !typed.isTruth {
                throw ExpressionError(
                    "'\(column.aggregate.rawValue)' takes numbers, and this is \(typed.typeName)",
                    at: column.argument?.offset ?? 0
                ).named(column.expression.place, column.expression.text)
            }
            try new.add(
                column.name, column.aggregate == .count ? .int : .float, column.expression.place)
            series.append(Bound.Series(aggregate: column.aggregate, evaluate: typed?.evaluate))
        }
        let position = try schema.timePosition(time, place, over)
        return Bound(
            keys: try by.map { try schema.position($0, place) }, time: position,
            type: schema.columns[position].type, span: over.value, series: series, rows: new)
    }

    /// Looks at all rows, then knows the windows of each. Memory: eight bytes a row for every
    /// column, and 32 more.
    private struct Bound: BoundOperation {
        struct Series {
            let aggregate: Aggregate
            let evaluate: ((Row) -> Cell)?
            /// Of every row looked at, NaN where there is none.
            var values: [Double] = []
            var results: [Cell] = []
        }

        let keys: [Int]
        let time: Int
        let type: ColumnType
        let span: Double
        var series: [Series]
        let rows: RowSchema

        private var moments: [Double] = []
        private var rowsOfKey: [[UInt8]: [Int]] = [:]
        private var next = 0

        init(
            keys: [Int], time: Int, type: ColumnType, span: Double, series: [Series],
            rows: RowSchema
        ) {
            self.keys = keys
            self.time = time
            self.type = type
            self.span = span
            self.series = series
            self.rows = rows
        }

        var learns: Bool { true }

        func schema() -> RowSchema { rows }

        mutating func learn(_ row: Row) {
            let index = moments.count
            moments.append(row[time].typed(type).moment ?? .nan)
            for place in series.indices {
                series[place].values.append(
                    series[place].evaluate.map { Bound.number($0(row)) } ?? 1)
            }
            var key: [UInt8]? = []
            for position in keys { JoinTable.append(row[position], to: &key) }
            // A row without a time or a key has no window, and is in none.
            if let key, !moments[index].isNaN { rowsOfKey[key, default: []].append(index) }
        }

        /// Whatever counts is 1 to `count`, text and dates too.
        private static func number(_ cell: Cell) -> Double {
            cell == .null ? .nan : cell.number ?? 1
        }

        mutating func endLearning() {
            for place in series.indices {
                series[place].results = [Cell](repeating: .null, count: moments.count)
            }
            // The keys do not meet, so their order cannot matter.
            for (_, members) in rowsOfKey {
                let sorted = members.sorted {
                    moments[$0] == moments[$1] ? $0 < $1 : moments[$0] < moments[$1]
                }
                fill(sorted)
            }
            rowsOfKey = [:]
        }

        /// The windows of the rows of a key, which are in the order of time.
        private mutating func fill(_ sorted: [Int]) {
            var first = 0
            var end = 0
            for row in sorted {
                while moments[sorted[first]] < moments[row] - span { first += 1 }
                // Rows of the same moment do not see each other.
                while moments[sorted[end]] < moments[row] { end += 1 }
                for place in series.indices {
                    series[place].results[row] = aggregate(
                        series[place], sorted[min(first, end)..<end])
                }
            }
        }

        private func aggregate(_ series: Series, _ window: ArraySlice<Int>) -> Cell {
            var count = 0
            var sum = 0.0
            var least = Double.infinity
            var most = -Double.infinity
            var last = 0.0
            for row in window where !series.values[row].isNaN {
                let value = series.values[row]
                count += 1
                sum += value
                least = min(least, value)
                most = max(most, value)
                last = value
            }
            if series.aggregate == .count { return .int(Int64(count)) }
            if series.aggregate == .sum { return Cell(finite: sum) }
            guard count > 0 else { return .null }
            return switch series.aggregate {
            case .mean: Cell(finite: sum / Double(count))
            case .min: .float(least)
            case .max: .float(most)
            default: .float(last)
            }
        }

        mutating func start() { next = 0 }

        mutating func apply(_ row: inout Row) -> Bool {
            for one in series { row.append(one.results[next]) }
            next += 1
            return true
        }
    }
}

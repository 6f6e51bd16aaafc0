internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// `one_hot`: a column of 0 and 1 for each category of some columns, in place of them.
struct OneHotOperation: RowOperation {
    static let name = "one_hot"
    let columns: [String]
    let place: String

    /// The most categories of a column: each becomes a column.
    static let maximumCategories = 1000

    init(_ options: OperationOptions) throws {
        columns = try options.names()
        place = options.place
    }

    var isFitted: Bool { true }

    /// They are taken away.
    var learntColumns: [String] { columns }

    var questions: [(column: String, question: ColumnQuestion)] {
        columns.map { ($0, .categories) }
    }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        Bound(
            positions: try columns.map { try schema.position($0, place) }, names: columns,
            place: place, before: schema)
    }

    private struct Bound: BoundOperation {
        let positions: [Int]
        let names: [String]
        let place: String
        let before: RowSchema
        /// Of each column the categories, sorted by bytes.
        private var categories: [[[UInt8]]] = []
        private var indexes: [[[UInt8]: Int]] = []

        init(positions: [Int], names: [String], place: String, before: RowSchema) {
            self.positions = positions
            self.names = names
            self.place = place
            self.before = before
        }

        var asks: Bool { true }

        var forms: [ColumnStatistic.Form] {
            positions.map {
                .init(
                    $0, before.columns[$0].type, .categories, isFilled: false, holdsNumbers: false)
            }
        }

        mutating func learn(from answers: [ColumnStatistic]) throws {
            for (name, answer) in zip(names, answers) where answer.isOverfull {
                throw StoreError(
                    .malformed,
                    "\(place) finds more than \(OneHotOperation.maximumCategories) "
                        + "categories in column '\(name)'", subject: name,
                    advice: "use 'target_encoding' for it, or leave it out")
            }
            categories = answers.map { $0.texts.keys.sorted { $0.precedes($1) } }
            for (index, list) in categories.enumerated() where list.isEmpty {
                throw StoreError.emptyFeature(names[index])
            }
            index()
        }

        private mutating func index() {
            indexes = categories.map { list in
                var result: [[UInt8]: Int] = [:]
                for (place, category) in list.enumerated() { result[category] = place }
                return result
            }
        }

        func schema() throws -> RowSchema {
            var new = RowSchema(
                columns: before.columns.indices.filter { !positions.contains($0) }.map {
                    before.columns[$0]
                })
            for (name, list) in zip(names, categories) {
                for category in list {
                    try new.add(
                        name + "_" + String(decoding: category, as: UTF8.self), .int, place)
                }
            }
            return new
        }

        var fitted: JSONValue? {
            .object(
                Dictionary(
                    zip(names, categories).map { name, list in
                        (
                            name,
                            .array(list.map { .string(String(decoding: $0, as: UTF8.self)) })
                        )
                    }
                ) { first, _ in first })
        }

        mutating func restore(_ fitted: JSONValue) throws {
            categories = try names.map { name in
                guard let list = fitted[name]?.arrayValue,
                    case let texts = list.compactMap(\.stringValue), texts.count == list.count
                else { throw StoreError.wrongFitted() }
                return texts.map { Array($0.utf8) }
            }
            index()
        }

        mutating func apply(_ row: inout Row) -> Bool {
            var new = before.columns.indices.filter { !positions.contains($0) }.map { row[$0] }
            for (place, position) in positions.enumerated() {
                let isKnown = row[position].typed(.string) != .null
                let hot = isKnown ? indexes[place][row[position].bytes] : nil
                for index in categories[place].indices { new.append(.int(index == hot ? 1 : 0)) }
            }
            row = new
            return true
        }
    }
}

/// `target_encoding`: categories as the mean of the target among their rows, drawn towards the mean
/// of all rows; for the rows that it is learnt from, each without those of its own fold (D.
/// Micci-Barreca, 2001, for the means).
struct TargetEncodingOperation: RowOperation {
    static let name = "target_encoding"
    let columns: [String]
    let target: String
    /// So many rows with the mean of all are added to each category.
    let smoothing: Double
    let folds: Int
    let place: String

    init(_ options: OperationOptions) throws {
        place = options.place
        let read = try StepOptions(
            step: options.path, options.value, known: ["columns", "target", "smoothing", "folds"])
        guard let names = try read.names("columns") else {
            throw StoreError.missingOption("columns", of: options.path)
        }
        columns = names
        target = try read.text("target")
        smoothing = try read.number("smoothing", default: 20, "a number of at least 0") { $0 >= 0 }
        folds = try read.integer("folds", default: 5, in: 2...100)
        guard !columns.contains(target) else {
            throw options.wrong("a target that is not among its columns")
        }
    }

    var isFitted: Bool { true }

    var learntColumns: [String] { columns }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        var new = schema
        var learners: [Bound.Learner] = []
        for column in columns {
            let position = try schema.position(column, place)
            new.columns[position] = RowSchema.Column(name: column, type: .float)
            learners.append(Bound.Learner(name: column, position: position))
        }
        // The rows that fitted values are applied to need not have a target.
        let target = schema.index(self.target)
        if let target, ![.bool, .int, .float].contains(schema.columns[target].type) {
            throw StoreError.notNumeric(self.target, schema.columns[target].type, place)
        }
        return Bound(
            declaration: self, target: target, before: schema, random: environment.random,
            learners: learners, rows: new)
    }

    /// A sum of targets and their number.
    private struct Total {
        var sum = 0.0
        var count = 0

        mutating func add(_ value: Double) {
            sum += value
            count += 1
        }
    }

    private struct Bound: BoundOperation {
        struct Learner {
            let name: String
            let position: Int
            /// Totals of each category, by fold.
            var totals: [[UInt8]: [Total]] = [:]
            var values: [[UInt8]: Double] = [:]
        }

        let declaration: TargetEncodingOperation
        let target: Int?
        let before: RowSchema
        let random: RandomSource
        var learners: [Learner]
        let rows: RowSchema
        private var all: [Total]
        private var prior = 0.0
        private var isLearning = false
        private var next = 0

        init(
            declaration: TargetEncodingOperation, target: Int?, before: RowSchema,
            random: RandomSource, learners: [Learner], rows: RowSchema
        ) {
            self.declaration = declaration
            self.target = target
            self.before = before
            self.random = random
            self.learners = learners
            self.rows = rows
            all = [Total](repeating: Total(), count: declaration.folds)
        }

        var learns: Bool { true }

        func schema() -> RowSchema { rows }

        private func fold(_ row: Int) -> Int {
            Int(random.uniform(at: UInt64(row)) * Double(declaration.folds))
        }

        mutating func learn(_ row: Row) throws {
            guard let target else {
                _ = try before.position(declaration.target, declaration.place)
                return
            }
            isLearning = true
            let fold = fold(next)
            next += 1
            guard let value = row[target].typed(before.columns[target].type).number else { return }
            all[fold].add(value)
            for index in learners.indices {
                let cell = row[learners[index].position]
                guard cell.typed(.string) != .null else { continue }
                let empty = [Total](repeating: Total(), count: declaration.folds)
                learners[index].totals[cell.bytes, default: empty][fold].add(value)
                guard learners[index].totals.count <= ColumnValues.maximumCategories else {
                    throw StoreError.tooManyCategories(learners[index].name, table: "the rows")
                }
            }
        }

        mutating func endLearning() throws {
            guard let prior = mean(all, without: nil) else {
                throw StoreError.noTarget(declaration.target, "the rows")
            }
            self.prior = prior
            for index in learners.indices {
                learners[index].values = learners[index].totals.mapValues {
                    smoothed($0, without: nil, prior)
                }
            }
        }

        private func mean(_ totals: [Total], without fold: Int?) -> Double? {
            let (sum, count) = total(totals, without: fold)
            return count > 0 ? sum / Double(count) : nil
        }

        private func total(_ totals: [Total], without fold: Int?) -> (sum: Double, count: Int) {
            var sum = 0.0
            var count = 0
            for (index, total) in totals.enumerated() where index != fold {
                sum += total.sum
                count += total.count
            }
            return (sum, count)
        }

        private func smoothed(_ totals: [Total], without fold: Int?, _ prior: Double) -> Double {
            let (sum, count) = total(totals, without: fold)
            let weight = Double(count) + declaration.smoothing
            return weight > 0 ? (sum + declaration.smoothing * prior) / weight : prior
        }

        var fitted: JSONValue? {
            let columns = learners.map { learner -> (String, JSONValue) in
                let values = learner.values.map { category, value in
                    (String(decoding: category, as: UTF8.self), JSONValue.number(value))
                }
                return (learner.name, .object(Dictionary(values) { first, _ in first }))
            }
            return [
                "prior": .number(prior),
                "columns": .object(Dictionary(columns) { first, _ in first }),
            ]
        }

        mutating func restore(_ fitted: JSONValue) throws {
            guard let prior = fitted["prior"]?.numberValue else { throw StoreError.wrongFitted() }
            self.prior = prior
            for index in learners.indices {
                guard let values = fitted["columns"]?[learners[index].name]?.objectValue else {
                    throw StoreError.wrongFitted()
                }
                for (category, value) in values {
                    guard let value = value.numberValue else { throw StoreError.wrongFitted() }
                    learners[index].values[Array(category.utf8)] = value
                }
            }
        }

        mutating func start() { next = 0 }

        mutating func apply(_ row: inout Row) -> Bool {
            let fold = isLearning ? fold(next) : nil
            next += 1
            // Not the mean of the rows of its own fold either: it holds the row's target.
            let prior = fold.flatMap { mean(all, without: $0) } ?? prior
            for learner in learners {
                let cell = row[learner.position]
                let key = cell.typed(.string) == .null ? nil : cell.bytes
                let value =
                    if let fold {
                        key.flatMap { learner.totals[$0] }.map {
                            smoothed($0, without: fold, prior)
                        }
                    } else {
                        key.flatMap { learner.values[$0] }
                    }
                row[learner.position] = Cell(finite: value ?? prior)
            }
            return true
        }
    }
}

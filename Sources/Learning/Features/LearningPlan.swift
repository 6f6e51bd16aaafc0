internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// What a list of operations learns of rows that nothing which was learnt has changed: one pass tells it to
/// all of them, and it can be kept of parts of the table.
///
/// These are the operations that follow upon those that change rows by themselves (`filter`, `derive`, …), up to the next
/// one that is not fitted. One that looks at a column in which another one filled what was missing learns
/// from how many were missing; one that looks at what another one scaled or encoded is not among them.
struct LearningPlan: Sendable {
    /// What one operation learns.
    struct Lesson: Sendable {
        /// Its place among the forms for each of its questions.
        let forms: [Int]
        /// For each question, the operation that fills the column before it, and the column.
        let fillers: [(operation: Int, column: String)?]
    }

    /// What changes rows before anything is learnt.
    private let before: [any RowOperation]
    /// The columns of the table.
    private let schema: RowSchema
    /// What is learnt, each once.
    let forms: [ColumnStatistic.Form]
    /// What each operation learns, by its place in the list.
    let lessons: [Int: Lesson]

    init(_ operations: [any RowOperation], _ schema: RowSchema) {
        self.schema = schema
        before = Array(operations.prefix { $0.changesRowsAlone && !$0.isFitted })
        var search = Search(columns: LearningPlan.columns(before, schema))
        for (index, operation) in operations.enumerated().dropFirst(before.count) {
            guard operation.isFitted else { break }
            search.add(operation, at: index)
        }
        (forms, lessons) = (search.forms, search.lessons)
    }

    /// The columns that the first operations leave; none where these do not fit them, which the step tells when
    /// it comes to that.
    private static func columns(
        _ operations: [any RowOperation], _ schema: RowSchema
    ) -> RowSchema {
        (try? bound(operations, schema).schema) ?? RowSchema(columns: [])
    }

    private static func bound(
        _ operations: [any RowOperation], _ schema: RowSchema
    ) throws -> (chain: RowChain, schema: RowSchema) {
        var (chain, schema) = (RowChain(), schema)
        // Operations that change rows by themselves draw nothing and read no other table.
        let environment = OperationEnvironment(
            table: nil, random: RandomSource(seed: 0, purpose: "features none"))
        for operation in operations {
            let bound = try operation.bound(to: schema, environment)
            schema = try bound.schema()
            chain.operations.append(bound)
        }
        return (chain, schema)
    }

    /// The operations before anything is learnt.
    func chain() throws -> RowChain { try LearningPlan.bound(before, schema).chain }

    /// Everything that what is learnt depends on, besides the rows; `list` declares the operations.
    func key(_ list: JSONValue) -> Digest {
        let declared = (list.arrayValue ?? []).prefix(before.count)
        var writer = ByteWriter()
        writer.append(length: ColumnStatistic.version)
        let text = JSONValue.array(Array(declared)).canonical
        writer.append(length: text.count)
        writer.append(text)
        writer.append(length: schema.columns.count)
        for column in schema.columns {
            for part in [column.name, column.type.rawValue] {
                writer.append(length: part.utf8.count)
                writer.append(text: part)
            }
        }
        writer.append(length: forms.count)
        for form in forms {
            writer.append(length: form.position)
            for part in [form.type.rawValue, "\(form.question)"] {
                writer.append(length: part.utf8.count)
                writer.append(text: part)
            }
        }
        return taggedDigest("features form", writer.bytes)
    }
}

/// Finds out what operations ask.
private struct Search {
    /// What became of a column before an operation.
    private enum State {
        case filled(by: Int)
        case learnt
    }

    let columns: RowSchema
    private var states: [String: State] = [:]
    private(set) var forms: [ColumnStatistic.Form] = []
    private(set) var lessons: [Int: LearningPlan.Lesson] = [:]

    init(columns: RowSchema) { self.columns = columns }

    mutating func add(_ operation: any RowOperation, at index: Int) {
        let found = operation.questions.compactMap { form($0.column, $0.question) }
        if !found.isEmpty, found.count == operation.questions.count {
            lessons[index] = LearningPlan.Lesson(
                forms: found.map { place(of: $0) },
                fillers: operation.questions.map { filler(of: $0.column) })
        }
        for column in operation.filledColumns where states[column] == nil {
            states[column] = .filled(by: index)
        }
        for column in operation.learntColumns { states[column] = .learnt }
    }

    private func form(_ name: String, _ question: ColumnQuestion) -> ColumnStatistic.Form? {
        if case .learnt? = states[name] { return nil }
        guard let position = columns.index(name) else { return nil }
        let type = columns.columns[position].type
        // What was filled has no value where the type says so, whatever stands there.
        let isFilled = states[name] != nil
        return .init(position, type, question, isFilled: isFilled, holdsNumbers: false)
    }

    private func filler(of name: String) -> (operation: Int, column: String)? {
        if case .filled(let operation)? = states[name] { (operation, name) } else { nil }
    }

    private mutating func place(of form: ColumnStatistic.Form) -> Int {
        if let place = forms.firstIndex(of: form) { return place }
        forms.append(form)
        return forms.count - 1
    }
}

extension ColumnStatistic.Form {
    /// The question about a column of that type.
    init(
        _ position: Int, _ type: ColumnType, _ question: ColumnQuestion, isFilled: Bool,
        holdsNumbers: Bool
    ) {
        self.position = position
        // Any text is a category of its own.
        self.type = question == .categories && !isFilled ? .string : type
        self.question = question
        self.holdsNumbers = holdsNumbers && question == .median
    }
}

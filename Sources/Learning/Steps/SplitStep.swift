internal import Bytes
internal import Vocabulary

/// `split`: the rows of a table into a training and a test table, byte for byte.
struct SplitStep: Step {
    static let name = "split"
    static let keys = ["data", "test", "by", "seed"]
    let outputRoles = ["train", "test"]
    let tableRoles = ["train", "test"]

    /// How a row's side is chosen.
    enum Rule: Sendable, Equatable {
        /// By its position.
        case random
        /// By the values of these columns: equal keys stay together.
        case key([String])
        /// By a column's order: the latest rows are the test.
        case time(String)
        /// At random, the same share of every value of a column.
        case stratified(String)
    }

    let data: String
    let testShare: Double
    let rule: Rule
    let seed: UInt64

    init(_ options: StepOptions) throws {
        data = try options.text("data")
        testShare = try options.number(
            "test", default: 0.2, "a share of the rows between 0 and 1, such as 0.2"
        ) { $0 > 0 && $0 < 1 }
        rule = try Rule(options)
        seed = try options.seed()
    }

    var inputs: [StepDescription.File] { [.init(role: "data", path: data)] }

    var canonical: [String: JSONValue] {
        [
            "version": 1, "data": .string(data), "test": .number(testShare), "by": rule.canonical,
            "seed": JSONValue(Int(seed)),
        ]
    }
}

extension SplitStep.Rule {
    private static let words = ["random", "key", "time", "stratified"]

    /// `random`, `key(a, b)`, `time(a)`, `stratified(a)`; or as a mapping, for column names with
    /// commas or parentheses: `{key: [a, b]}`.
    init(_ options: StepOptions) throws {
        guard let value = options.value("by") else {
            self = .random
            return
        }
        let wrong = options.wrong(
            "by", "random, key(column, …), time(column) or stratified(column)")
        let (word, columns) = try SplitStep.Rule.parts(value, wrong)
        guard SplitStep.Rule.words.contains(word) else {
            throw StoreError.unknownWord(
                word, for: "by", of: options.place, known: SplitStep.Rule.words)
        }
        guard Set(columns).count == columns.count, !columns.contains("") else { throw wrong }
        switch (word, columns.count) {
        case ("random", 0): self = .random
        case ("key", 1...): self = .key(columns)
        case ("time", 1): self = .time(columns[0])
        case ("stratified", 1): self = .stratified(columns[0])
        default: throw wrong
        }
    }

    private static func parts(_ value: JSONValue, _ wrong: StoreError) throws -> (String, [String])
    {
        if let members = value.objectValue {
            guard members.count == 1, let (word, columns) = members.first else { throw wrong }
            if let column = columns.stringValue { return (word, [column]) }
            let names = (columns.arrayValue ?? []).compactMap(\.stringValue)
            guard names.count == columns.arrayValue?.count else { throw wrong }
            return (word, names)
        }
        guard let text = value.stringValue else { throw wrong }
        guard let open = text.firstIndex(of: "(") else { return (trimmed(text), []) }
        guard trimmed(text).hasSuffix(")") else { throw wrong }
        let inside = trimmed(text[text.index(after: open)...]).dropLast()
        let columns = inside.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
        return (trimmed(text[..<open]), columns)
    }

    var canonical: JSONValue {
        switch self {
        case .random: .string("random")
        case .key(let columns): .object(["key": .array(columns.map { .string($0) })])
        case .time(let column): .object(["time": .string(column)])
        case .stratified(let column): .object(["stratified": .string(column)])
        }
    }
}

/// The text without spaces at its ends.
private func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " }
    var end = String(start)
    while end.last == " " { end.removeLast() }
    return end
}

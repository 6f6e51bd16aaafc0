internal import Bytes
internal import Vocabulary

/// `features`: a table made from others by a list of operations.
struct FeaturesStep: Step {
    static let name = "features"
    static let keys = ["data", "do", "target", "fitted", "seed"]

    let data: String
    /// The list as declared.
    let list: JSONValue
    let operations: [any RowOperation]
    /// The column of the result that will be predicted; nil where nobody said. It changes nothing
    /// that is written.
    let target: String?
    /// A file of values that were fitted to other rows; nil to fit them to these.
    let fitted: String?
    let seed: UInt64

    init(_ options: StepOptions) throws {
        data = try options.text("data")
        fitted = try options.has("fitted") ? options.text("fitted") : nil
        target = try options.has("target") ? options.text("target") : nil
        seed = try options.seed()
        guard let list = options.value("do") else {
            throw StoreError.missingOption("do", of: options.place)
        }
        guard let elements = list.arrayValue, !elements.isEmpty else {
            throw options.wrong("do", "a list of operations")
        }
        self.list = list
        operations = try elements.enumerated().map { index, element in
            try FeaturesStep.operation(element, number: index + 1, options)
        }
        if fitted != nil, !operations.contains(where: \.isFitted) {
            throw StoreError.fittedUnused()
        }
    }

    private static func operation(
        _ element: JSONValue, number: Int, _ options: StepOptions
    ) throws -> any RowOperation {
        guard let members = element.objectValue, members.count == 1,
            let (name, value) = members.first
        else {
            throw options.wrong("do", "a list of operations, each a name with its options")
        }
        guard let type = rowOperations.first(where: { $0.name == name }) else {
            throw StoreError.unknownWord(
                name, for: "operation", of: options.place, known: rowOperations.map { $0.name })
        }
        return try type.init(
            OperationOptions(
                place: "'\(name)' (operation \(number))",
                path: "\(options.place).do[\(number)].\(name)", value: value))
    }

    /// Whether the step writes what it fitted.
    var writesFitted: Bool { fitted == nil && operations.contains(where: \.isFitted) }

    var outputRoles: [String] { ["features"] + (writesFitted ? ["fitted"] : []) }
    let tableRoles = ["features"]

    var inputs: [StepDescription.File] {
        [.init(role: "data", path: data)]
            + (fitted.map { [.init(role: "values", path: $0)] } ?? [])
            + operations.enumerated().compactMap { index, operation in
                operation.table.map { .init(role: "table \(index)", path: $0) }
            }
    }

    /// Types of columns, and what is learnt of them, are kept of pieces.
    var readsPieces: Bool { true }

    var canonical: [String: JSONValue] {
        [
            "version": 2, "data": .string(data), "do": list,
            "fitted": fitted.map { .string($0) } ?? .null, "seed": JSONValue(Int(seed)),
        ]
    }
}

extension StoreError {
    static func fittedUnused() -> StoreError {
        StoreError(
            .invalidPipeline, "step 'features' has 'fitted', but no operation that fits anything",
            subject: "fitted", advice: "leave 'fitted' out")
    }
}

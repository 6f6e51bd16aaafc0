internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// `predict`: the rows of a table with what a model says of each.
struct PredictStep: Step {
    static let name = "predict"
    static let keys = ["model", "data", "keep", "threshold", "prefix"]
    let outputRoles = ["predictions"]
    let tableRoles = ["predictions"]

    let model: String
    let data: String
    /// The columns of the table that are written too; nil for all.
    let keep: [String]?
    /// The probability from which a model of two classes says the positive one.
    let threshold: Double
    /// What the names of the new columns begin with.
    let prefix: String

    init(_ options: StepOptions) throws {
        model = try options.text("model")
        data = try options.text("data")
        keep = try options.names("keep")
        threshold = try options.threshold()
        prefix = try options.has("prefix") ? options.text("prefix") : ""
    }

    var inputs: [StepDescription.File] {
        [.init(role: "model", path: model), .init(role: "data", path: data)]
    }

    /// Prediction draws nothing.
    var seed: UInt64 { 0 }

    var canonical: [String: JSONValue] {
        [
            "version": 1, "model": .string(model), "data": .string(data),
            "keep": keep.map { .array($0.map { .string($0) }) } ?? .null,
            "threshold": .number(threshold),
            // Null rather than empty: an empty text cannot be declared.
            "prefix": prefix.isEmpty ? .null : .string(prefix),
        ]
    }

    /// Goes through the table once. Memory: a piece of the table and the model, however many rows.
    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport {
        let model = try ModelFile.read(files.source("model"))
        let input = TableInput(try files.source("data"))
        let header = try input.header()
        let kept = try (keep ?? header.names).map { try header.position(of: $0, in: data) }
        let columns = PredictionColumns(model, threshold: threshold)
        for name in columns.names where kept.contains(where: { header.names[$0] == prefix + name })
        {
            throw StoreError.predictionExists(prefix + name, data)
        }
        var readers = try input.readers(model.body.inputs, header)
        let types = try files.types(of: input, header, for: ["predictions"])
        let added = zip(columns.names, columns.types).map {
            RowSchema.Column(name: prefix + $0, type: $1)
        }
        var output = try files.table("predictions", columns: kept.map { types[$0] } + added)
        try input.forEachBatch(header) { batch in
            for index in readers.indices { try readers[index].read(batch) }
            let values = readers.indices.map { readers[$0].take() }
            let scores = model.body.scores(values, rows: batch.rowCount, context.executor)
            for row in 0..<batch.rowCount {
                for position in kept { try output.append(batch, row: row, column: position) }
                let score = scores.map { $0[row] }
                guard score.allSatisfy(\.isFinite) else {
                    throw StoreError.predictionNotFinite(data, row: batch.firstRow + row)
                }
                for cell in columns.cells(score) { try output.append(cell) }
                try output.endRow()
            }
        }
        try output.finish()
        guard output.rows > 0 else { throw StoreError.noRows(data) }
        context.log("\(output.rows) rows predicted")
        return StepReport(facts: ["rows": JSONValue(output.rows)])
    }
}

/// What the scores of a model become in a table.
private struct PredictionColumns {
    let names: [String]
    private let classes: [String]
    private let threshold: Double

    init(_ model: Model, threshold: Double) {
        classes = model.classes
        self.threshold = threshold
        if let structure = model.body as? any StructureBody {
            names = structure.scoreNames
        } else if classes.isEmpty {
            names = ["prediction"]
        } else if model.hasOneScore {
            names = ["prediction", "probability"]
        } else {
            names = ["prediction"] + classes.map { "probability_" + $0 }
        }
    }

    /// The types of the columns: classes are texts.
    var types: [ColumnType] {
        names.indices.map { $0 == 0 && !classes.isEmpty ? .string : .float }
    }

    /// The cells of a row, in the order of `names`, from its scores.
    func cells(_ scores: [Double]) -> [Cell] {
        guard !classes.isEmpty else { return scores.map { .float($0) } }
        if scores.count == 1 {
            let probability = sigmoid(scores[0])
            return [label(probability >= threshold ? 1 : 0), .float(probability)]
        }
        var shares = scores
        softmax(&shares)
        return [label(firstLargest(scores))] + shares.map { .float($0) }
    }

    private func label(_ index: Int) -> Cell { .text(Array(classes[index].utf8)) }
}

extension StoreError {
    static func predictionExists(_ name: String, _ table: String) -> StoreError {
        StoreError(
            .malformed, "'\(table)' has a column '\(name)' already, which the prediction would be",
            subject: name,
            advice: "leave '\(name)' out of 'keep', or give the new columns a 'prefix'")
    }

    static func predictionNotFinite(_ table: String, row: Int) -> StoreError {
        StoreError(
            .numeric, "the prediction for row \(row + 1) of '\(table)' is too large for a number",
            subject: table, advice: "look for extreme values in the features of that row")
    }
}

internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

extension FeaturesStep {
    /// Goes through the table once for its types, once for what operations learn of single columns as these
    /// are before anything is learnt, once for each other one that looks at all rows first, and once to write. The first two
    /// go only through what nothing is kept of. Memory: a row, besides what operations say of theirs.
    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport {
        let table = try FeatureTable(TableInput(try files.source("data")), context.executor)
        let summary = table.summary
        guard summary.rowCount > 0 else { throw StoreError.noRows(data) }
        guard summary.columns.map(\.name) == table.header.names else {
            throw StoreError.tableChanged(data)
        }
        var pass = RowPass(input: table.input, header: table.header)
        var learning = RowLearning(operations, list, table, context.executor)
        let kept = try keptValues(files)
        var values: [JSONValue] = []
        var schema = RowSchema(summary)
        for (index, operation) in operations.enumerated() {
            var bound = try operation.bound(to: schema, environment(index, files))
            if let kept, operation.isFitted {
                try bound.restore(kept[index])
            } else {
                try teach(&bound, at: index, &learning, &pass)
            }
            schema = try bound.schema()
            values.append(bound.fitted ?? .null)
            pass.chain.operations.append(bound)
        }
        var warnings = FeatureWarnings(summary)
        if let target {
            warnings.look(for: try schema.position(target, "'target'"), of: schema)
        }
        var output = try files.table("features", columns: schema.columns)
        try pass.forEachRow(reading: { warnings.read($0) }) { row in
            warnings.write(row)
            for cell in row { try output.append(cell) }
            try output.endRow()
        }
        try output.finish()
        guard output.rows > 0 else { throw StoreError.noRowLeft(data) }
        if writesFitted { try write(values, files) }
        warnings.lines.forEach(context.log)
        context.log(
            "\(output.rows) of \(summary.rowCount) rows, \(schema.columns.count) columns")
        return StepReport(facts: [
            "rowsRead": JSONValue(summary.rowCount), "rows": JSONValue(output.rows),
            "columns": JSONValue(schema.columns.count),
        ])
    }

    private func teach(
        _ bound: inout any BoundOperation, at index: Int, _ learning: inout RowLearning,
        _ pass: inout RowPass
    ) throws {
        if bound.learns {
            try pass.forEachRow { row in try bound.learn(row) }
            try bound.endLearning()
        }
        guard bound.asks else { return }
        let forms = bound.forms
        guard !forms.isEmpty else { return try bound.learn(from: []) }
        let answers = try learning.statistics(of: index) { [pass] operation, column in
            pass.chain.operations[operation].fill(of: column)
        }
        try bound.learn(from: answers ?? pass.statistics(forms))
    }

    private func environment(_ index: Int, _ files: StepFiles) throws -> OperationEnvironment {
        OperationEnvironment(
            table: operations[index].table == nil
                ? nil : TableInput(try files.source("table \(index)")),
            random: RandomSource(seed: seed, purpose: "features folds", substream: UInt64(index)))
    }
}

// MARK: - The file of fitted values

extension FeaturesStep {
    private static let format = "mlstore-features"
    private static let maximumFittedBytes = 256 << 20

    private func write(_ values: [JSONValue], _ files: StepFiles) throws {
        let document: JSONValue = [
            "format": .string(FeaturesStep.format), "version": 1, "do": list,
            "fitted": .array(values),
        ]
        try files.sink("fitted").write(Array((document.pretty + "\n").utf8))
    }

    /// The fitted values of each operation, from a file that was written for the same ones.
    private func keptValues(_ files: StepFiles) throws -> [JSONValue]? {
        guard let fitted else { return nil }
        let bytes = try files.source("values").readAll(
            maximumBytes: FeaturesStep.maximumFittedBytes)
        guard let document = try? JSONValue(parsing: bytes),
            document["format"]?.stringValue == FeaturesStep.format,
            let values = document["fitted"]?.arrayValue
        else { throw StoreError.noFittedValues(fitted) }
        guard document["version"]?.integerValue == 1 else {
            throw StoreError(
                .newerFormat, "'\(fitted)' was written by a newer mlstore", subject: fitted,
                advice: "use that version")
        }
        guard document["do"] == list, values.count == operations.count else {
            throw StoreError.fittedByOthers(fitted)
        }
        return values
    }
}

extension StoreError {
    static func noRowLeft(_ table: String) -> StoreError {
        StoreError(
            .malformed, "the operations leave no row of '\(table)'", subject: table,
            advice: "check the conditions of 'filter'")
    }

    static func noFittedValues(_ file: String) -> StoreError {
        StoreError(
            .malformed, "'\(file)' is no file of fitted values", subject: file,
            advice: "name the second output of a 'features' stage under 'fitted'")
    }

    static func fittedByOthers(_ file: String) -> StoreError {
        StoreError(
            .malformed, "'\(file)' was fitted with other operations than this stage has",
            subject: file,
            advice: "give both stages the same 'do', for instance ${features} from params.yaml")
    }
}

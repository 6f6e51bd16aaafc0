package import Bytes
internal import Tables
internal import Vocabulary

/// The built-in steps, one line each.
private let steps: [any Step.Type] = [
    FeaturesStep.self,
    SplitStep.self,
    TrainStep.self,
    TuneStep.self,
    EvaluateStep.self,
    PredictStep.self,
]

/// A built-in step as a stage declares it, parsed and checked: `split: {data: …, test: 0.2}`.
package struct StepDescription: Sendable {
    /// The names of the built-in steps, in the order of their reference pages.
    package static let names = steps.map { $0.name }

    /// A file that a step reads or writes.
    package struct File: Hashable, Sendable {
        /// What it is to the step: `data`, `model`, `train`, `test`, `metrics`.
        package let role: String
        /// The path, as the stage file writes it.
        package let path: String
    }

    /// The step's name.
    package let name: String
    /// The files read, each a dependency of the stage.
    package let inputs: [File]
    /// The files written: what the stage declares under `outs` and `metrics`, in that order.
    package let outputs: [File]
    /// The seed of all randomness of the step.
    package let seed: UInt64
    /// Everything that can influence the result but the inputs' content: step, version of its
    /// method, every option with its default. Part of the recipe key.
    package let canonical: JSONValue

    /// Whether the step is quicker with inputs whose pieces are known.
    package var readsPieces: Bool { step.readsPieces }

    private let step: any Step

    /// Parses `{"<step name>": {options}}`, parameters already substituted, for a stage that
    /// declares `outputs` (under `outs`, then under `metrics`).
    ///
    /// Throws `invalidPipeline` for an unknown step, key or value, naming the one that was
    /// probably meant.
    package static func parse(
        _ json: JSONValue, outputs: [String]
    ) throws -> StepDescription {
        guard let members = json.objectValue, members.count == 1, let (name, value) = members.first
        else { throw StoreError.stepIsNotOne() }
        guard let type = steps.first(where: { $0.name == name }) else {
            throw StoreError.unknownStep(name, known: names)
        }
        let options = try StepOptions(step: name, value, known: type.keys)
        let step = try type.init(options)
        let roles = step.outputRoles
        guard outputs.count == roles.count else {
            throw StoreError.stepOutputs(name, roles: roles, count: outputs.count)
        }
        for (role, path) in zip(roles, outputs)
        where step.tableRoles.contains(role) && !TableOutput.isWritable(path) {
            throw StoreError.tableNotWritten(path, step: name)
        }
        return StepDescription(
            step, name: name, outputs: zip(roles, outputs).map(File.init))
    }

    private init(_ step: any Step, name: String, outputs: [File]) {
        self.step = step
        self.name = name
        inputs = step.inputs
        self.outputs = outputs
        seed = step.seed
        var canonical = step.canonical
        canonical["step"] = .string(name)
        let tables = self.outputs.filter { step.tableRoles.contains($0.role) }
        if tables.contains(where: { TableOutput.isTyped($0.path) }) {
            // The version of what is written as Parquet.
            canonical["parquet"] = 1
        }
        self.canonical = .object(canonical)
    }

    /// Runs the step. `inputs` and `outputs` are keyed by the paths of the description's files.
    ///
    /// Equal inputs and descriptions write equal bytes, on any machine and for any executor. Throws
    /// `malformed` for inputs that do not parse or do not fit, `numeric` for a computation that
    /// cannot go on; what was written by then is of no use.
    package func run(
        inputs: [String: ByteSource], outputs: [String: ByteSink], context: StepContext
    ) throws -> StepReport {
        var sources: [String: ByteSource] = [:]
        for file in self.inputs { sources[file.role] = inputs[file.path] }
        var sinks: [String: ByteSink] = [:]
        for file in self.outputs { sinks[file.role] = outputs[file.path] }
        var names: [String: String] = [:]
        for file in self.outputs { names[file.role] = file.path }
        let files = StepFiles(sources: sources, sinks: sinks, names: names)
        return try step.run(files, context)
    }
}

/// A built-in step: a value made of checked options, able to run.
protocol Step: Sendable {
    /// The key in the stage file.
    static var name: String { get }
    /// The option keys, most important first.
    static var keys: [String] { get }

    init(_ options: StepOptions) throws

    /// What the declared outputs are, in order.
    var outputRoles: [String] { get }
    /// Those that are tables, in any format that steps write.
    var tableRoles: [String] { get }

    var inputs: [StepDescription.File] { get }
    var seed: UInt64 { get }
    /// Whether it asks its inputs for their pieces.
    var readsPieces: Bool { get }
    /// All options with their defaults, and `version`: raised whenever the method gives other bytes.
    var canonical: [String: JSONValue] { get }

    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport
}

extension Step {
    var readsPieces: Bool { false }
    var tableRoles: [String] { [] }
}

/// The resolved files of a running step, by role.
struct StepFiles {
    let sources: [String: ByteSource]
    let sinks: [String: ByteSink]
    /// The paths of the outputs.
    let names: [String: String]

    /// Starts the table that is an output.
    func table(_ role: String, columns: [RowSchema.Column]) throws -> TableOutput {
        TableOutput(columns, to: try sink(role), name: name(role))
    }

    /// The columns of an input, for outputs of those roles that are tables of its rows: with their types,
    /// which take a pass over it, where one of them is written with types.
    func types(
        of input: TableInput, _ header: TableInput.Header, for roles: [String]
    ) throws -> [RowSchema.Column] {
        guard roles.contains(where: { TableOutput.isTyped(name($0)) }) else {
            return header.names.map { RowSchema.Column(name: $0, type: .string) }
        }
        let schema = RowSchema(try input.summary())
        guard schema.columns.map(\.name) == header.names else {
            throw StoreError.tableChanged(input.source.name)
        }
        return schema.columns
    }

    /// The path of an output.
    func name(_ role: String) -> String { names[role] ?? "" }

    func source(_ role: String) throws -> ByteSource {
        guard let source = sources[role] else {
            throw StoreError(.internalFault, "the step was run without its input '\(role)'")
        }
        return source
    }

    func sink(_ role: String) throws -> ByteSink {
        guard let sink = sinks[role] else {
            throw StoreError(.internalFault, "the step was run without its output '\(role)'")
        }
        return sink
    }
}

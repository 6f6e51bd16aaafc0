import Bytes
import Learning
import Vocabulary

/// The steps of the numeric core as stages: their paths checked, their errors given a line.
extension StepDescription {
    /// The description of a step as a stage file declares it: `{"train": {…}}`.
    static func declared(
        _ json: JSONValue, products: [RepoPath], stage: String, place: SourcePlace
    ) throws -> StepDescription {
        do {
            return try parse(json, outputs: products.map { $0.text ?? $0.description })
        } catch let error as StoreError {
            throw StoreError(
                error.kind, "stage '\(stage)': \(error.message) (\(place))",
                subject: error.subject, advice: error.advice, safety: "nothing was run",
                cause: error.cause)
        }
    }

    /// What a lock and a run record keep of the step: its canonical form, and which output has
    /// which role. `replayed(_:)` reads it again.
    var recorded: JSONValue {
        var members = canonical.objectValue ?? [:]
        members["outputs"] = .object(
            Dictionary(outputs.map { ($0.role, .string($0.path)) }) { _, last in last })
        return .object(members)
    }

    /// The description that `recorded` was made of. Throws `.invalidPipeline` when this program's
    /// step of that name has other options, roles or another version of its method.
    static func replayed(_ recorded: JSONValue) throws -> StepDescription {
        guard var options = recorded.objectValue, let name = options["step"]?.stringValue else {
            throw StoreError(.malformed, "the recorded step has no name")
        }
        let paths = options["outputs"]?.objectValue ?? [:]
        for key in ["step", "version", "outputs", "parquet"] { options[key] = nil }
        // A list that is empty by default cannot be declared empty.
        options = options.filter { !$0.value.isNull && $0.value != .array([]) }
        let declared = JSONValue.object([name: .object(options)])
        // The roles come in an order that only the step knows: try the paths in any order, then
        // put them where their roles are.
        let trial = try parse(declared, outputs: paths.keys.sorted())
        let ordered = trial.outputs.map { paths[$0.role]?.stringValue ?? "" }
        let description = try parse(declared, outputs: ordered)
        // As text: what is read of a lock is 1 where the step's own default is 1.0.
        guard description.recorded.canonical == recorded.canonical else {
            throw StoreError(
                .invalidPipeline,
                "step '\(name)' was recorded by another version of mlstore's numeric core",
                subject: name, advice: "replay it with that version, or run 'mlstore repro'")
        }
        return description
    }
}

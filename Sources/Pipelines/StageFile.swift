import Bytes
import Vocabulary

/// `mlstore.yaml`: the declared stages, with the values of `params.yaml` filled in.
package struct StageFile: Sendable {
    /// The file's name at the top of a workspace.
    package static let fileName = "mlstore.yaml"

    /// The stages in the order of the file.
    package let stages: [Stage]
    /// What `params.yaml` held.
    package let parameters: Parameters

    /// The stage of that name, or an error that suggests the near one.
    package func stage(named name: String) throws -> Stage {
        if let stage = stages.first(where: { $0.name == name }) { return stage }
        let near = nearest(name, in: stages.map(\.name))
        throw StoreError(
            .notFound, "no stage '\(printable(Array(name.utf8)))' in '\(StageFile.fileName)'",
            subject: name,
            advice: near.map { "did you mean '\($0)'?" }
                ?? "the stages are \(stages.map(\.name).joined(separator: ", "))",
            safety: "nothing was run")
    }
}

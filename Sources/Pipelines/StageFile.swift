import Bytes
import Vocabulary

/// `mlstore.yaml`: the declared stages, with the values of `params.yaml` filled in.
package struct StageFile: Sendable {
    /// The file's name at the top of a workspace.
    package static let fileName = "mlstore.yaml"

    /// The stages in the order of the file, each group as its members.
    package let stages: [Stage]
    /// The names of the groups, those without members too.
    package let groups: [String]
    /// What `params.yaml` held.
    package let parameters: Parameters

    /// The stages that `name` means: one, or all members of a group. Throws `.notFound` with the
    /// near name where there is none.
    package func stages(named name: String) throws -> [Stage] {
        let found = stages.filter { $0.isNamed(by: [name]) }
        if !found.isEmpty { return found }
        if groups.contains(name) {
            throw StoreError(
                .notFound, "the group '\(name)' in '\(StageFile.fileName)' has no stages",
                subject: name, advice: "what it ranges over is empty: list a value there",
                safety: "nothing was run")
        }
        let names = stages.map(\.name) + groups
        throw StoreError(
            .notFound, "no stage '\(printable(Array(name.utf8)))' in '\(StageFile.fileName)'",
            subject: name,
            advice: nearest(name, in: names).map { "did you mean '\($0)'?" }
                ?? StageFile.list(declaredNames),
            safety: "nothing was run")
    }

    /// The names as they are declared, in the order of the file: a group once.
    private var declaredNames: [String] {
        var seen: Set<String> = []
        return stages.map { $0.group ?? $0.name }.filter { seen.insert($0).inserted }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(20).joined(separator: ", ")
        return "the stages are \(shown)" + (names.count > 20 ? ", and others" : "")
    }
}

import Bytes
import Vocabulary

/// The stage file that a stage stands in, and what its placeholders may name.
struct StageSource: Sendable {
    /// The file.
    let path: RepoPath
    /// What placeholders may name.
    var scope = ParameterScope()

    /// The folder that the file stands in, which its paths are relative to; nil for the top of the
    /// workspace.
    var folder: RepoPath? { path.parent }

    /// A name of the file as it is known in the workspace: those of `eu/mlstore.yaml` begin with
    /// `eu/`.
    func fullName(_ name: String) -> String { folder.map { "\($0)/\(name)" } ?? name }

    /// The same file, where names are bound.
    func binding(_ names: [String: ParameterScope.Binding]) -> StageSource {
        StageSource(path: path, scope: scope.binding(names))
    }

    /// The same file, where parameters have the values that a lock keeps.
    func former(_ recorded: [String: JSONValue]) -> StageSource {
        StageSource(path: path, scope: scope.former(recorded))
    }

    /// The place of a line.
    func place(_ line: Int) -> SourcePlace { SourcePlace(file: path.description, line: line) }

    /// What parses but makes no sense at a line.
    func failure(_ line: Int, _ reason: String, advice: String? = nil) -> StoreError {
        StoreError.stageFile(place(line), reason, advice: advice)
    }

    func unknownKey(
        _ key: String, of owner: String, among known: [String], line: Int
    ) -> StoreError {
        let near = nearest(key, in: known)
        return failure(
            line, "\(owner) has an unknown key '\(printable(Array(key.utf8)))'",
            advice: near.map { "did you mean '\($0)'?" }
                ?? "the keys are \(known.joined(separator: ", "))")
    }

    /// A placeholder that names nothing; `file` is where people would look for it.
    func unknownParameter(
        _ key: String, stage: String, line: Int, among known: [String], in file: String
    ) -> StoreError {
        let advice =
            if let near = nearest(key, in: known) {
                "did you mean '\(near)'?"
            } else {
                "add '\(key)' to \(file); for a variable of the shell write '\\${\(key)}'"
            }
        return failure(
            line, "stage '\(stage)' needs the parameter '\(key)', which \(file) does not have",
            advice: advice)
    }
}

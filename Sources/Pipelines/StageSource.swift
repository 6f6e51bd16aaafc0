import Bytes
import Vocabulary

/// The stage file that a stage stands in, and what its placeholders may name.
struct StageSource: Sendable {
    /// The file, relative to the top of the workspace.
    let file: String
    /// What placeholders may name.
    let scope: ParameterScope

    /// The same file, where names are bound.
    func binding(_ names: [String: ParameterScope.Binding]) -> StageSource {
        StageSource(file: file, scope: scope.binding(names))
    }

    /// The same file, where parameters have the values that a lock keeps.
    func former(_ recorded: [String: JSONValue]) -> StageSource {
        StageSource(file: file, scope: scope.former(recorded))
    }

    /// The place of a line.
    func place(_ line: Int) -> SourcePlace { SourcePlace(file: file, line: line) }

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

    func unknownParameter(_ key: String, stage: String, line: Int) -> StoreError {
        let advice =
            if let near = nearest(key, in: scope.keys) {
                "did you mean '\(near)'?"
            } else {
                "add '\(key)' to \(Parameters.fileName); for a variable of the shell write "
                    + "'\\${\(key)}'"
            }
        return failure(
            line,
            "stage '\(stage)' needs the parameter '\(key)', which \(Parameters.fileName) does "
                + "not have", advice: advice)
    }
}

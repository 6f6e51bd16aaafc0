import Bytes
import Vocabulary

extension StoreError {
    /// A file that people write for pipelines and that makes no sense at `line`.
    static func sourceFile(
        _ file: String, _ line: Int, _ reason: String, advice: String? = nil
    ) -> StoreError {
        StoreError(
            .malformed, "cannot use '\(file)': \(reason) (\(file):\(line))", subject: file,
            advice: advice, safety: "nothing was run")
    }

    /// A stage file that parses but makes no sense at `line`.
    static func stageFile(_ line: Int, _ reason: String, advice: String? = nil) -> StoreError {
        StoreError(
            .invalidPipeline, "\(reason) (\(StageFile.fileName):\(line))",
            subject: StageFile.fileName, advice: advice, safety: "nothing was run")
    }

    static func unknownParameter(
        _ key: String, in parameters: Parameters, stage: String, line: Int
    ) -> StoreError {
        let advice =
            if let near = nearest(key, in: parameters.keys) {
                "did you mean '\(near)'?"
            } else {
                "add '\(key)' to \(Parameters.fileName); for a variable of the shell write "
                    + "'\\${\(key)}'"
            }
        return stageFile(
            line,
            "stage '\(stage)' needs the parameter '\(key)', which \(Parameters.fileName) does "
                + "not have", advice: advice)
    }

    static func unknownKey(
        _ key: String, of owner: String, among known: [String], line: Int
    ) -> StoreError {
        let near = nearest(key, in: known)
        return stageFile(
            line, "\(owner) has an unknown key '\(printable(Array(key.utf8)))'",
            advice: near.map { "did you mean '\($0)'?" }
                ?? "the keys are \(known.joined(separator: ", "))")
    }

    static func pathOutside(_ text: String, stage: String, verb: String, line: Int) -> StoreError {
        StoreError(
            .outsideWorkspace,
            "stage '\(stage)' \(verb) '\(printable(Array(text.utf8)))', which lies outside the "
                + "workspace (\(StageFile.fileName):\(line))", subject: text,
            advice: "write a path inside the workspace, relative to its top",
            safety: "nothing was run")
    }
}

/// One YAML document of a file that people write, placeholders hidden; nil for an empty one.
func parseSource(_ bytes: [UInt8], of file: String) throws -> YAMLNode? {
    do throws(YAMLError) {
        return try parseYAML(bytes)
    } catch {
        throw StoreError(
            .malformed, "cannot read '\(file)': \(error.reason) (\(file):\(error.line))",
            subject: file,
            advice: "correct the text; YAML wants spaces, not tabs, and a blank after ':'",
            safety: "nothing was run", cause: error)
    }
}

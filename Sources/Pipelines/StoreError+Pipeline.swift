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

    /// A stage file that parses but makes no sense at a place.
    static func stageFile(
        _ place: SourcePlace, _ reason: String, advice: String? = nil
    ) -> StoreError {
        StoreError(
            .invalidPipeline, "\(reason) (\(place))", subject: place.file, advice: advice,
            safety: "nothing was run")
    }

    static func pathOutside(
        _ text: String, stage: String, verb: String, place: SourcePlace
    ) -> StoreError {
        StoreError(
            .outsideWorkspace,
            "stage '\(stage)' \(verb) '\(printable(Array(text.utf8)))', which lies outside the "
                + "workspace (\(place))", subject: text,
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

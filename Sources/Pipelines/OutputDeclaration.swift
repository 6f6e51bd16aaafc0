import Bytes
package import Vocabulary

/// How an output is treated.
package struct OutputFlags: Sendable, Hashable {
    /// Whether its content goes to the store, and git ignores it. Else git keeps it, or nobody.
    package var isCached = true
    /// Whether it stays in place while its command runs, which goes on from it.
    package var isPersistent = false
    /// Whether a push sends its content.
    package var isPushed = true
    /// What its numbers may differ by when it is replayed; nil for nothing.
    package var tolerance: Tolerance?

    /// Kept, written anew, and pushed.
    package init() {}
}

/// One element of `outs`, `metrics` or `plots`.
struct OutputDeclaration {
    let path: RepoPath
    let flags: OutputFlags

    private static let flagKeys = ["cache", "persist", "push", "tolerance"]
    /// What DVC and its viewers know about outputs; none of it is for us.
    private static let notes = ["desc", "type", "labels", "meta"]
    private static let plotNotes = [
        "x", "y", "x_label", "y_label", "title", "header", "template",
    ]

    /// The declarations under a key: `path`, `{path: x, cache: false}` or `{x: {cache: false}}`.
    static func all(_ key: String, in filled: FilledTemplate) throws -> [OutputDeclaration] {
        guard let node = filled.fields[key], !node.isNull else { return [] }
        return try (node.sequence ?? [node]).map { try OutputDeclaration($0, key, in: filled) }
    }

    /// An output that is treated as usual.
    init(_ path: RepoPath) {
        self.path = path
        flags = OutputFlags()
    }

    private init(_ node: YAMLNode, _ key: String, in filled: FilledTemplate) throws {
        let source = filled.template.source
        var text = node
        var details: YAMLNode?
        if let entries = node.mapping {
            if let path = node["path"], path.text != nil {
                text = path
                details = YAMLNode(
                    .mapping(entries.filter { $0.key.text != "path" }), line: node.line,
                    column: node.column)
            } else if entries.count == 1,
                entries[0].value.mapping != nil || entries[0].value.isNull
                    || key == "plots"
            {
                text = entries[0].key
                details = entries[0].value.isNull ? nil : entries[0].value
            } else {
                throw source.failure(
                    node.line,
                    "'\(key)' of \(filled.template.owner) holds something that is no path",
                    advice: "write 'path' or '{path: x, cache: false}'")
            }
        }
        let path = try StagePath(
            text: try filled.fields.text(of: text, key), folder: filled.directory
        ).resolved(
            stage: filled.template.name, verb: "writes", place: source.place(text.line))
        self.path = path
        flags =
            try details.map { try OutputDeclaration.flags($0, key, path, filled) } ?? OutputFlags()
    }

    private static func flags(
        _ node: YAMLNode, _ key: String, _ path: RepoPath, _ filled: FilledTemplate
    ) throws -> OutputFlags {
        let owner = "output '\(path)' of \(filled.template.owner)"
        // Several plots of one file say nothing about the file.
        if key == "plots", node.sequence != nil { return OutputFlags() }
        let known = flagKeys + notes + (key == "plots" ? plotNotes : [])
        let fields = try StageFields(
            node, owner: owner, known: known, in: filled.template.source)
        var flags = OutputFlags()
        flags.isCached = try fields.flag("cache") ?? true
        flags.isPersistent = try fields.flag("persist") ?? false
        flags.isPushed = try fields.flag("push") ?? true
        flags.tolerance = try fields["tolerance"].map {
            try Tolerance($0, owner, in: filled.template.source)
        }
        if flags.isPersistent, filled.kind != "cmd" {
            throw filled.template.source.failure(
                node.line, "\(owner) cannot persist: a built-in step writes its outputs anew",
                advice: "take 'persist' out")
        }
        return flags
    }
}

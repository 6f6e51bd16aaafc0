import ArgumentParser
import Bytes
import Transfer
import Vocabulary
import Workspaces

struct UpdateCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Take imported data again where its source has changed.",
        discussion: helpText(
            examples: [
                "mlstore update",
                "mlstore update data/planes.csv",
                "mlstore update models/delay.mlmodel --rev v2",
            ],
            notes: """
                Whether a file of a web server has changed, its entity tag or time tells; of a \
                repository the commit, of a remote the snapshot: one small request where it has not. \
                What was changed here since is never replaced without --force, which adds it \
                first: 'mlstore undo' and 'mlstore checkout PATH' bring it back.
                """))

    @Argument(help: "Only these; all that was imported where none is given.", completion: .file())
    var paths: [String] = []

    @Option(
        name: [.customLong("rev")],
        help: ArgumentHelp("Follow this revision from now on.", valueName: "revision"))
    var revision: String?

    @Option(help: ArgumentHelp("The URL with its query, which is not kept.", valueName: "url"))
    var url: String?

    @Flag(name: .shortAndLong, help: "Replace what was changed here; it is stored first.")
    var force = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        var selection = try context.paths(paths, in: workspace)
        if selection == nil { selection = try importedPaths(nil, in: workspace) }
        let selected = selection ?? []
        guard selected.count == 1 || (revision == nil && url == nil) else {
            throw StoreError(
                .badUsage, "'--rev' and '--url' are for one path, and \(selected.count) are meant",
                advice: "name the path", safety: "nothing was changed")
        }
        let options = UpdateOptions(force: force, revision: revision, url: url)
        var done: [ImportedPath] = []
        var failures: [(path: RepoPath, error: StoreError)] = []
        for path in selected {
            do {
                done.append(
                    try update(
                        path, in: workspace, options: options, progress: context.showTransfer))
            } catch let error as StoreError where selected.count > 1 && error.kind != .interrupted {
                // The others are worth updating all the same.
                failures.append((path, error))
            }
        }
        let lines = done.map { ImportText.line($0, "updated") }
        return Report(
            lines: (selected.isEmpty ? ["nothing here was imported"] : lines)
                + failures.map { "not updated: \($0.path)  (\($0.error.message))" },
            json: [
                "paths": .array(done.map { .object(ImportText.json($0)) }),
                "failed": .array(
                    failures.map {
                        [
                            "path": .string($0.path.description),
                            "message": .string($0.error.message),
                        ]
                    }),
            ], status: failures.isEmpty ? .done : .failed)
    }
}

/// What `import` and `update` say of a path.
enum ImportText {
    static func line(_ done: ImportedPath, _ verb: String) -> String {
        guard let added = done.added else { return "\(done.path)  unchanged at its source" }
        let size = ByteCount(added.pointer.sizeBytes)
        return "\(verb) \(done.path)  \(size)  sha256:\(added.pointer.content.short)"
    }

    static func json(_ done: ImportedPath) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "path": .string(done.path.description), "changed": .bool(done.added != nil),
        ]
        if let pointer = done.added?.pointer {
            json["id"] = .string(pointer.content.description)
            json["size"] = JSONValue(pointer.sizeBytes)
        }
        switch done.source {
        case .url(let place):
            json["url"] = .string(place.url)
            json["etag"] = place.etag.map { .string($0) }
            json["modified"] = place.modified.map { .string($0) }
        case .repository(let place):
            json["repository"] = .string(place.repository)
            json["sourcePath"] = .string(place.path.description)
            json["revision"] = place.revision.map { .string($0) }
            json["version"] = place.version.map { .string($0) }
        }
        return json
    }
}

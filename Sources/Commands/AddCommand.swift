import ArgumentParser
import Bytes
import Objects
import Vocabulary
import Workspaces

struct AddCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Store files and directories, and leave a pointer for git.",
        discussion: helpText(
            examples: [
                "mlstore add data/flights.csv",
                "mlstore add images/ 'raw/*.parquet'",
                "mlstore add --kind features features.csv",
            ],
            notes: """
                Only what the store does not have yet is stored. A directory is one pointer, \
                however many files it holds. '.mlstoreignore' names what stays out.
                """))

    @Argument(help: "Files, directories or patterns.", completion: .file())
    var paths: [String]

    @Option(help: ArgumentHelp("What it is: dataset, features, model or other.", valueName: "kind"))
    var kind: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        guard let selection = try context.paths(paths, in: workspace), !selection.isEmpty else {
            throw StoreError(
                .badUsage, "the workspace itself cannot be added: name files or folders in it",
                safety: "nothing was changed")
        }
        let console = context.console
        let report = try Workspaces.add(
            selection, in: workspace, options: AddOptions(kind: try artifactKind())
        ) { progress in
            console.progress.update(
                "storing", done: progress.bytes, total: progress.totalBytes, unit: .bytes)
        }
        for added in report.paths {
            if let problem = added.tableProblem {
                console.note("note: '\(added.path)': \(problem)")
            }
            if added.hasChangedStore {
                console.note(
                    "warning: '\(added.path)' was changed in place, and with it the store's copy of"
                        + " what it was: 'mlstore fsck --repair --from REMOTE' brings that back")
            }
        }
        let stored = report.commit?.storedBytes ?? 0
        let isNew = report.paths.contains { $0.newBytesPlain > 0 }
        return Report(
            lines: report.paths.map(line)
                + (isNew ? ["the store grew by \(ByteCount(stored))"] : []),
            json: [
                "paths": .array(report.paths.map(json)), "storedBytes": JSONValue(stored),
            ])
    }

    private func artifactKind() throws -> ArtifactKind? {
        guard let kind else { return nil }
        if let known = ArtifactKind(rawValue: kind) { return known }
        let names = ArtifactKind.allCases.map(\.name)
        throw StoreError(
            .badUsage, "there is no kind '\(kind)'", subject: kind,
            advice: "use one of \(names.joined(separator: ", "))", safety: "nothing was changed")
    }

    private func line(_ added: AddedPath) -> String {
        var parts = [added.path.description]
        if let shape = added.pointer.shape {
            parts.append(
                "\(counted(shape.rows, "row")) × \(counted(shape.columnCount, "column"))")
        }
        if let files = added.pointer.files { parts.append(counted(files, "file")) }
        let size = ByteCount(added.pointer.sizeBytes)
        if added.isUnchanged {
            parts.append("\(size)  unchanged")
        } else {
            parts.append("\(ByteCount(added.newBytesPlain)) new of \(size)")
        }
        parts.append("sha256:" + added.pointer.content.short)
        return parts.joined(separator: "  ")
    }

    private func json(_ added: AddedPath) -> JSONValue {
        var members: [String: JSONValue] = [
            "path": .string(added.path.description),
            "id": .string(added.pointer.content.description),
            "size": JSONValue(added.pointer.sizeBytes),
            "newBytes": JSONValue(added.newBytesPlain),
            "unchanged": .bool(added.isUnchanged),
        ]
        members["files"] = added.pointer.files.map { JSONValue($0) }
        members["rows"] = added.pointer.shape.map { JSONValue($0.rows) }
        members["columns"] = added.pointer.shape.map { JSONValue($0.columnCount) }
        if added.hasChangedStore { members["changedStore"] = .bool(true) }
        members["tableProblem"] = added.tableProblem.map { .string($0) }
        return .object(members)
    }
}

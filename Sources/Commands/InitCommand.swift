import ArgumentParser
import Bytes
import Platform
import Vocabulary
import Workspaces

struct InitCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a workspace in this directory.",
        discussion: helpText(
            examples: [
                "mlstore init",
                "mlstore init -C project",
            ],
            notes: """
                Inside a git repository the workspace is the repository: its pointers travel with \
                git. Without git the store's own snapshots are the history. Running it again \
                changes nothing.
                """))

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let folder = try Environment.realPath(context.directory)
        let (workspace, isNew) = try Workspace.create(at: folder, on: try context.machine())
        let place = "\(workspace.root)/.mlstore"
        let sentence =
            isNew ? "initialized mlstore in \(place)" : "mlstore is already initialized in \(place)"
        if let kind = Environment.networkFileSystem(of: workspace.root) {
            context.console.note(
                "this directory is on \(kind): if several machines write to it at once, its locks must"
                    + " work between them; see 'A store belongs on a local disk' in the shortcomings"
            )
        }
        let beside =
            workspace.git == nil ? "  (no git repository: 'mlstore commit' keeps history)" : ""
        return Report(
            lines: [sentence + beside],
            json: [
                "root": .string(workspace.root.description), "new": .bool(isNew),
                "git": .bool(workspace.git != nil),
            ])
    }
}

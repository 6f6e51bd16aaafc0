import ArgumentParser
import Bytes
import Vocabulary
import Workspaces

struct RmCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Stop tracking, and remove from the workspace.",
        discussion: helpText(
            examples: [
                "mlstore rm data/old.csv",
                "mlstore rm --keep data/old.csv",
            ],
            notes: """
                The content stays in the store.
                """))

    @Argument(help: "What to remove.", completion: .file())
    var paths: [String]

    @Flag(help: "Keep the files themselves.")
    var keep = false

    @Flag(
        name: .shortAndLong, help: "Even where the file has unsaved changes; they are stored first."
    )
    var force = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        guard let selection = try context.paths(paths, in: workspace) else {
            throw StoreError(.badUsage, "the workspace itself cannot be removed")
        }
        var options = RemoveOptions()
        options.keepsData = keep
        options.force = force
        let report = try Workspaces.remove(
            selection, in: workspace, options: options, progress: context.showProgress)
        let first = Report(
            lines: selection.map { "removed \($0)" },
            json: ["removed": .array(selection.map { .string($0.description) })])
        return WorkTreeText(report, before: first).report
    }
}

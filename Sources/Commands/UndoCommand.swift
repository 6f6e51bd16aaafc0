import ArgumentParser
import Bytes
import Objects
import Vocabulary
import Workspaces

struct UndoCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Put back what the last operation changed.",
        discussion: helpText(
            examples: [
                "mlstore undo"
            ],
            notes: """
                An undo is an operation itself, so it can be undone.
                """))

    @Flag(
        name: .shortAndLong,
        help: "Even where files were changed since; what is there is stored first.")
    var force = false

    @OptionGroup var common: CommonOptions

    /// `undo: undo: add a` is what brings back the undo of `add a`.
    private func sentence(_ command: String) -> String {
        var rest = command[...]
        var isUndo = false
        while rest.hasPrefix("undo: ") {
            rest.removeFirst("undo: ".count)
            isUndo.toggle()
        }
        return isUndo ? "did '\(rest)' again" : "undid '\(rest)'"
    }

    func perform(in context: CommandContext) throws -> Report {
        let report = try Workspaces.undo(
            in: try context.workspace(), force: force, progress: context.showProgress)
        let command = report.undone.note?.command ?? "operation \(report.undone.entry.sequence)"
        let first = Report(
            lines: [sentence(command) + "  ('mlstore undo' again takes that back)"],
            json: ["undone": .string(command)])
        return WorkTreeText(report.workTree, before: first).report
    }
}

import ArgumentParser
import Bytes
import Pipelines
import Vocabulary
import Workspaces

struct ParamsDiffCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell which parameters differ.",
        discussion: helpText(
            examples: [
                "mlstore params diff",
                "mlstore params diff main",
                "mlstore params diff HEAD~1 HEAD",
            ],
            notes: """
                Without a revision git's HEAD is compared with the file on disk; with one, that \
                revision. All of params.yaml is compared; 'mlstore diff' tells only of parameters \
                that a stage depends on.
                """))

    @OptionGroup var sides: RevisionArguments
    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let (old, new) = try sides.sources(in: workspace)
        let diff = try paramsDiff(from: old, to: new ?? .workTree, in: workspace)
        return Report(
            lines: diff.changes.isEmpty
                ? ["no parameter differs"] : ValueText.lines(diff.changes),
            json: [
                "from": .string(old.description),
                "to": .string(new?.description ?? "files"),
                "changes": ValueText.json(diff.changes),
            ], status: sides.status(hasDifferences: !diff.changes.isEmpty))
    }
}

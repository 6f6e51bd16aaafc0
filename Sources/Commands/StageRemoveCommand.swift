import ArgumentParser
import Bytes
import Pipelines
import Vocabulary

struct StageRemoveCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a stage out of the stage file.",
        discussion: helpText(
            examples: ["mlstore stage remove train"],
            notes: """
                What it wrote stays on disk, and is not tracked any more. The name of a group \
                removes all its stages. 'mlstore undo' takes it back.
                """))

    @Argument(help: "The stage or group.")
    var name: String

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let left = try removeStage(named: name, in: try context.workspace())
        let paths = left.map(\.description)
        let more = paths.isEmpty ? "" : "; left on disk: " + paths.joined(separator: ", ")
        return Report(
            lines: ["removed stage '\(name)'\(more)"],
            json: [
                "stage": .string(name), "left": .array(paths.map { .string($0) }),
            ])
    }
}

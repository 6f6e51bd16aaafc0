import ArgumentParser
import Bytes
import Pipelines
import Vocabulary

struct StageListCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the stages.",
        discussion: helpText(
            examples: [
                "mlstore stage list",
                "mlstore stage list train",
                "mlstore stage list --names",
            ],
            notes: """
                Reads mlstore.yaml and runs nothing. Behind each stage stands what it is for, or \
                what it writes where the stage file does not say.
                """))

    @Argument(help: "Only these stages or groups.")
    var stages: [String] = []

    @Flag(help: "The names alone.")
    var names = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let file = try stageFile(in: try context.workspace())
        let chosen =
            try stages.isEmpty ? file.stages : stages.flatMap { try file.stages(named: $0) }
        let width = chosen.map(\.name.count).max() ?? 0
        let lines = chosen.map { stage in
            let padding = String(repeating: " ", count: width - stage.name.count)
            return names ? stage.name : stage.name + padding + "  " + note(on: stage)
        }
        return Report(lines: lines, json: ["stages": .array(chosen.map(json))])
    }

    private func note(on stage: Stage) -> String {
        let what =
            stage.description
            ?? (stage.products.isEmpty
                ? "writes nothing"
                : "writes " + stage.products.map(\.description).joined(separator: ", "))
        var marks: [String] = []
        if stage.policy.isFrozen { marks.append("frozen") }
        if stage.policy.isAlwaysRun { marks.append("always run") }
        return what + (marks.isEmpty ? "" : "  (\(marks.joined(separator: ", ")))")
    }

    private func json(_ stage: Stage) -> JSONValue {
        [
            "stage": .string(stage.name),
            "group": stage.group.map { .string($0) } ?? .null,
            "place": .string(stage.place.description),
            "description": stage.description.map { .string($0) } ?? .null,
            "step": .bool(stage.isStep), "frozen": .bool(stage.policy.isFrozen),
            "always": .bool(stage.policy.isAlwaysRun),
            "writes": .array(stage.products.map { .string($0.description) }),
        ]
    }
}

import ArgumentParser
import Bytes
import Lineage
import Vocabulary
import Workspaces

struct RunsCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List runs, the newest first.",
        discussion: helpText(
            examples: [
                "mlstore runs",
                "mlstore runs --stage train -n 5",
            ],
            notes: """
                The last column tells what the newest replay of a run showed ('mlstore repro --verify'); \
                'mlstore show RUN' tells who replayed it, when and where.
                """))

    @Option(help: ArgumentHelp("Only of this stage.", valueName: "name"))
    var stage: String?

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("At most so many.", valueName: "count"))
    var count: Int?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let graph = try LineageGraph.load(from: workspace)
        let verdicts = try newestVerdicts(in: workspace.store())
        let runs = graph.runs.reversed().filter { stage == nil || $0.record.stage == stage }
            .prefix(count ?? .max)
        var table = TableLayout(columns: 5)
        for run in runs {
            table.add([
                run.id.short, run.record.startedAt.description, run.record.stage,
                durationText(milliseconds: Int(run.record.durationMilliseconds)),
                verdicts[run.id]?.verdict ?? "",
            ])
        }
        return Report(
            lines: table.lines(),
            json: [
                "runs": .array(
                    runs.map {
                        [
                            "id": .string($0.id.description), "record": $0.record.json,
                            "verdict": verdicts[$0.id]?.json ?? .null,
                        ]
                    })
            ])
    }
}

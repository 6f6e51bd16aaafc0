import ArgumentParser
import Bytes
import Objects
import Vocabulary
import Workspaces

struct LogCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Tell the operations and snapshots of this workspace.",
        discussion: helpText(
            examples: [
                "mlstore log",
                "mlstore log -n 5",
                "mlstore log --operations",
            ]))

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("At most so many.", valueName: "count"))
    var count: Int?

    @Flag(help: "All operations, not only snapshots.")
    var operations = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let limit = count ?? .max
        if operations {
            let log = try operationLog(of: workspace, limit: limit)
            return Report(
                lines: log.map {
                    "\($0.entry.sequence)  \($0.entry.time)  \($0.note?.command ?? "")"
                },
                json: [
                    "operations": .array(
                        log.map {
                            [
                                "sequence": JSONValue($0.entry.sequence),
                                "time": .string($0.entry.time.description),
                                "command": .string($0.note?.command ?? ""),
                            ]
                        })
                ])
        }
        let log = try snapshotLog(of: workspace, limit: limit)
        return Report(
            lines: log.map {
                "\($0.id.short)  \($0.record.time)  \($0.record.author)  \($0.record.message)"
            },
            json: [
                "snapshots": .array(
                    log.map {
                        [
                            "id": .string($0.id.description),
                            "time": .string($0.record.time.description),
                            "author": .string($0.record.author),
                            "message": .string($0.record.message),
                        ]
                    })
            ])
    }
}

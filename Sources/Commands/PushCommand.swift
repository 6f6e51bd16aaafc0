import ArgumentParser
import Bytes
import Objects
import Transfer
import Vocabulary
import Workspaces

struct PushCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send content and runs to a remote.",
        discussion: helpText(
            examples: [
                "mlstore push",
                "mlstore push --remote backup",
            ],
            notes: """
                What the remote has is not sent again; an interrupted push goes on where it was.
                """))

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The remote; the only one, or 'origin', where none is given.", valueName: "name"))
    var remote: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let exchange = try context.exchange(with: remote, in: workspace)
        let selection = TransferSelection(
            contents: try workspace.tracked().paths.map { ($0.path.description, $0.content) },
            refs: try workspace.store().refs())
        let console = context.console
        let report = try push(selection, to: exchange) { progress in
            console.progress.update(
                progress.phase.rawValue, done: progress.bytes, total: nil, unit: .bytes)
        }
        report.warnings.forEach(console.note)
        let what = "\(counted(report.objects, "object")), \(ByteCount(report.sentBytes))"
        let line =
            report.wasUpToDate
            ? "'\(exchange.name)' is up to date"
            : "pushed \(what) in \(counted(report.packs, "pack")) to '\(exchange.name)'"
        return Report(
            lines: [line] + report.absent.map { "not here, not pushed: \($0)" },
            json: [
                "remote": .string(exchange.name.description), "objects": JSONValue(report.objects),
                "sentBytes": JSONValue(report.sentBytes), "packs": JSONValue(report.packs),
                "resumedPacks": JSONValue(report.resumedPacks),
                "upToDate": .bool(report.wasUpToDate),
                "absent": .array(report.absent.map { .string($0) }),
            ])
    }
}

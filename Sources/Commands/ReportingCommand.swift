import ArgumentParser
import Vocabulary

/// A command: arguments in, a report out. Printing, JSON and the exit status are the frame's.
protocol ReportingCommand: ParsableCommand {
    /// The options that every command takes.
    var common: CommonOptions { get }
    /// The option that chose a form of the output that is neither text nor JSON, as it was typed; nil
    /// where none did. It excludes `--json`.
    var otherForm: String? { get }
    /// Does the work and tells what was done.
    func perform(in context: CommandContext) throws -> Report
}

extension ReportingCommand {
    var otherForm: String? { nil }

    func run() throws {
        if common.json, let other = otherForm {
            throw StoreError(
                .badUsage, "'\(other)' and '--json' exclude each other", subject: other,
                advice: "choose one of them", safety: "nothing was done")
        }
        let console = Console(isJSON: common.json, isQuiet: common.quiet)
        defer { console.progress.finish() }
        let report = try perform(in: CommandContext(common, console: console))
        try console.print(report)
        guard report.status == .done else { throw ExitCode(report.status.rawValue) }
    }
}

/// The text of a command's help below its options: examples first, since they are what people
/// look for, then what there is to know.
func helpText(examples: [String], notes: String = "") -> String {
    let lines = ["Examples:"] + examples.map { "  " + $0 }
    let parts = [lines.joined(separator: "\n"), notes, ExitStatus.help]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
}

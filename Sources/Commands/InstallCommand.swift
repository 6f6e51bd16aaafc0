import ArgumentParser
import Bytes
import Platform
import Vocabulary
import Workspaces

struct InstallCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Teach this git repository to show, merge and push data.",
        discussion: helpText(
            examples: [
                "mlstore install",
                "git diff HEAD~1 -- data/flights.csv.mlstore",
                "mlstore install --uninstall",
            ],
            notes: """
                Afterwards 'git diff' shows the rows and files that changed, 'git log -p' and \
                'git show' the content of small tables line by line; 'git merge' puts folders and \
                tables of both sides together; 'git commit' says which data or pointer was left \
                out, and 'git push' pushes the data first. All of it lies in this clone's .git: \
                nothing is committed, and a hook of your own is left as it is. Running it again \
                changes nothing.
                """))

    @Flag(help: "Take away what it set.")
    var uninstall = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let installation = try GitInstallation(
            workspace, program: try Environment.executablePath())
        let report = uninstall ? try installation.uninstall() : try installation.install()
        for kept in report.keptHooks {
            context.console.note(
                "the hook '\(kept.hook.rawValue)' was left as it is: \(kept.reason)\n"
                    + "hint: add this line to it: \(kept.line)")
        }
        let nothing = uninstall ? "nothing of mlstore is in this repository's git" : "all was set"
        return Report(
            lines: report.changes.isEmpty ? [nothing] : report.changes,
            json: [
                "changes": .array(report.changes.map { .string($0) }),
                "keptHooks": .array(
                    report.keptHooks.map {
                        [
                            "hook": .string($0.hook.rawValue), "reason": .string($0.reason),
                            "line": .string($0.line),
                        ]
                    }),
            ])
    }
}

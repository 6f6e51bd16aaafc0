import ArgumentParser
import Bytes
import Vocabulary

struct VersionCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of this program.",
        discussion: helpText(examples: ["mlstore version", "mlstore version --json"]))

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        Report(
            lines: ["mlstore \(programVersion)"],
            json: .object(["version": .string(programVersion)]))
    }
}

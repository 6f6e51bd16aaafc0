import ArgumentParser
import Bytes
import Platform
import Vocabulary

/// Writes the pages that an installation or the documentation needs, from the program itself.
struct GenerateManualCommand: ReportingCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case roff
        case markdown
    }

    static let configuration = CommandConfiguration(
        commandName: "generate-manual",
        abstract: "Write manual pages into a directory.",
        discussion: helpText(examples: ["mlstore generate-manual share/man/man1"]),
        shouldDisplay: false)

    @Argument(help: "The directory; it is made where it is missing.", completion: .directory)
    var target: String

    @Option(help: "Pages for man(1), or Markdown.")
    var format = Format.roff

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let directory = context.path(target)
        try context.disk.makeDirectories(directory)
        let pages = try ToolDescription.ofProgram().allPages
        for page in pages {
            let text =
                switch format {
                case .roff: manualPage(of: page, version: programVersion)
                case .markdown: referencePage(of: page)
                }
            let name = page.pageName + (format == .roff ? ".1" : ".md")
            try writeAtomically(
                Array(text.utf8), to: directory / name, on: context.disk, durable: false)
        }
        return Report(
            lines: ["\(counted(pages.count, "page")) written to \(directory)"],
            json: .object(["pages": .array(pages.map { .string($0.pageName) })]))
    }
}

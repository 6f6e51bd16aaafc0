import ArgumentParser
import Bytes
import Tables
import Vocabulary

struct HeadCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Print the first rows of a table, of any version, without checking it out.",
        discussion: helpText(
            examples: [
                "mlstore head data/train.csv",
                "mlstore head data/train.csv@HEAD~3 --rows 3",
                "mlstore head s3://bucket/project:data/train.csv",
            ],
            notes: TableArgument.help + """


                Only the first rows are read and looked at. A missing value is printed as '-', a long \
                one is cut at 40 letters; --json has all of it, and null for a missing one.
                """))

    @Argument(
        help: ArgumentHelp("The table.", valueName: "[place:]path[@revision]"),
        completion: .file())
    var file: String

    @Option(
        name: [.customShort("n"), .long], help: ArgumentHelp("How many rows.", valueName: "n"))
    var rows = 10

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...100_000).contains(rows) else {
            throw ValidationError("--rows takes a number from 1 to 100000")
        }
    }

    func perform(in context: CommandContext) throws -> Report {
        let table = try context.table(file)
        let head = try table.source.head(rows: rows)
        var layout = TableLayout(columns: head.columnNames.count)
        layout.add(head.columnNames.map { CellText.short($0) })
        for row in head.rows { layout.add(row.map { $0.map { CellText.short($0) } ?? "-" }) }
        var json = table.json
        json["columns"] = .array(head.columnNames.map { .string($0) })
        json["rows"] = .array(
            head.rows.map { row in .array(row.map { $0.map { .string($0) } ?? .null }) })
        return Report(lines: layout.lines(), json: .object(json))
    }
}

/// Values of cells for a terminal.
enum CellText {
    /// The text, cut at 40 letters, with what steers a terminal escaped.
    static func short(_ text: String) -> String {
        let cut = text.prefix(41)
        let kept = cut.count > 40 ? cut.prefix(39) + "…" : cut
        return printableText(Array(kept.utf8.map { $0 == 0x09 ? 0x20 : $0 }))
    }
}

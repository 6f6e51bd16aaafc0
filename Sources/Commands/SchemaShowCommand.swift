import ArgumentParser
import Bytes
import Tables
import Vocabulary

struct SchemaShowCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the columns of a table, of any version, and their types.",
        discussion: helpText(
            examples: [
                "mlstore schema data/train.csv",
                "mlstore schema data/train.csv@v1 --json",
            ],
            notes: TableArgument.help + """


                Types are those that all values have, so the whole table is read once. A '?' behind \
                a type says that values are missing. 'mlstore schema PATH' alone is short for it. \
                docs/reference/tables.md has the rules.
                """))

    @Argument(
        help: ArgumentHelp("The table.", valueName: "[place:]path[@revision]"),
        completion: .file())
    var file: String

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let table = try context.table(file)
        let summary = try table.source.summary()
        var layout = TableLayout(columns: 2)
        for column in summary.columns {
            layout.add([CellText.short(column.name), column.typeText])
        }
        var json = table.json
        json["rows"] = JSONValue(summary.rowCount)
        json["columns"] = .array(
            summary.columns.map {
                [
                    "name": .string($0.name), "type": .string($0.type.rawValue),
                    "nullable": .bool($0.isNullable),
                ]
            })
        let counts =
            "\(counted(summary.rowCount, "row")) × \(counted(summary.columns.count, "column"))"
        return Report(lines: [counts] + layout.lines(indent: 2), json: .object(json))
    }
}

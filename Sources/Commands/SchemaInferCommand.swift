import ArgumentParser
import Bytes
import Diffs
import Platform
import Tables
import Vocabulary

struct SchemaInferCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "infer",
        abstract: "Write a schema file from a table: rules that 'mlstore check' asks of it.",
        discussion: helpText(
            examples: [
                "mlstore schema infer data/train.csv",
                "mlstore schema infer data/train.csv@v1 --output rules.yaml",
                "mlstore schema infer data/train.csv --output -",
            ],
            notes: """
                The file stands beside the table, as PATH.schema.yaml, unless --output says where \
                ('-': it is printed). All its rules hold for the table, and say 'inferred': \
                correct them, and make 'confirmed' what you agree to. One that is there already is \
                only replaced with --force. docs/reference/checks.md tells all there is to ask.
                """))

    @Argument(
        help: ArgumentHelp("The table.", valueName: "[place:]path[@revision]"),
        completion: .file())
    var file: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write it here.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "Replace a schema file that is there.")
    var force = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let table = try context.table(file)
        let guessed = TableSchema(inferredFrom: try context.profile(of: table))
        guard guessed.rules.count <= TableSchema.maximumRules else {
            throw StoreError(
                .badUsage,
                "'\(table.source.name)' has too many columns for a schema file: "
                    + "\(groupedDigits(guessed.rules.count)) rules hold for them, and "
                    + "\(groupedDigits(TableSchema.maximumRules)) fit", subject: file,
                advice: "write rules for those that matter: docs/reference/checks.md has all",
                safety: "nothing was changed")
        }
        let verdict = try checkTable(table.source, by: guessed, now: context.clock.now()) { path in
            throw StoreError(.internalFault, "an inferred rule refers to '\(path)'")
        }
        let schema = guessed.keeping(verdict)
        let text = schema.text(of: table.address.path)
        let place = output ?? table.address.path + TableSchema.suffix
        var json = table.json
        json["rules"] = JSONValue(schema.rules.count)
        json["text"] = .string(text)
        json["file"] = output == "-" ? .null : .string(place)
        if output == "-" { return Report(lines: [text], json: .object(json)) }
        let target = context.path(place)
        if !force, try context.disk.status(of: target, followingLinks: true) != nil {
            throw StoreError(
                .alreadyExists, "cannot write '\(target)': it is there already",
                subject: place,
                advice: "compare it with 'mlstore schema infer --output -', "
                    + "or replace it with '--force'", safety: "nothing was changed")
        }
        try writeAtomically(Array(text.utf8), to: target, on: context.disk, durable: false)
        let shown = printable(Array(place.utf8))
        return Report(
            lines: ["wrote \(counted(schema.rules.count, "rule")) to \(shown): review them"],
            json: .object(json))
    }
}

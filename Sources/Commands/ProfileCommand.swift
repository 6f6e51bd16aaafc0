import ArgumentParser
import Bytes
import Tables
import Vocabulary

struct ProfileCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Summarize the columns of a table, of any version, without checking it out.",
        discussion: helpText(
            examples: [
                "mlstore profile data/train.csv",
                "mlstore profile data/train.csv@v1 --json",
                "mlstore profile data/train.csv --columns age,country",
                "mlstore profile data/customers.csv --no-values",
                "mlstore profile data/train.csv --pairs age,income --pairs age,height",
            ],
            notes: TableArgument.help + """


                Tells missing and different values, extremes, mean, deviation and median, what is \
                most frequent, what may be a key and what may be personal data; of columns that \
                --columns names also quantiles, histograms, frequent values and lengths, as --json \
                does of all. Sums are exact, so the order of the rows changes nothing. '~' stands \
                before what is estimated: in columns of more than 4,096 different values. A version \
                that is in the store costs what differs from versions that were profiled before. \
                Of pairs of columns that --pairs or the table's \
                schema file names, Pearson's correlation is told. docs/reference/tables.md says how \
                each figure is computed.
                """))

    @Argument(
        help: ArgumentHelp("The table.", valueName: "[place:]path[@revision]"),
        completion: .file())
    var file: String

    @Option(help: ArgumentHelp("Only these columns, with more figures.", valueName: "columns"))
    var columns: String?

    @Option(
        help: ArgumentHelp("Tell how these two go together; repeatable.", valueName: "a,b"))
    var pairs: [String] = []

    @Flag(
        name: .customLong("no-values"),
        help: "Tell counts, types and lengths only: no value and no figure made of values.")
    var isHidingValues = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let table = try context.table(file)
        let (pairs, problem) = try pairs(of: table, context)
        let profile = try context.profile(of: table, pairs: pairs)
        if let problem { context.console.note("note: \(problem)") }
        let wanted = try columns.map { try TableColumns.names($0, in: profile.columnNames) }
        let text = ProfileText(profile, columns: wanted, isHidingValues: isHidingValues)
        guard common.json else {
            let details = wanted == nil ? [] : text.details()
            return Report(lines: text.lines() + details, json: .null)
        }
        var json = table.json.mapValues { JSONStream.value($0) }
        json["rows"] = .value(JSONValue(profile.rowCount))
        json["columns"] = text.json
        json["pairs"] = .value(text.pairsJSON)
        json["schemaProblem"] = problem.map { .value(.string($0)) }
        return Report(lines: [], stream: .object(json))
    }
}

extension ProfileCommand {
    /// The pairs that are asked for, and then those of the schema file that are not among them; and what
    /// of that file is of no use.
    private func pairs(
        of table: TableArgument, _ context: CommandContext
    ) throws -> ([ColumnPair], problem: String?) {
        let named = try pairs.isEmpty ? [] : named(try table.source.header().columnNames)
        let (declared, problem) = try context.declaredPairs(of: table)
        return (named + declared.filter { !named.contains($0) }, problem)
    }

    /// A name may hold a comma: what stands in front of one and behind it must both be columns.
    private func named(_ known: [String]) throws -> [ColumnPair] {
        try pairs.map { text in
            for comma in text.indices where text[comma] == "," {
                let first = String(text[..<comma])
                let second = String(text[text.index(after: comma)...].drop { $0 == " " })
                if known.contains(first), known.contains(second) {
                    return ColumnPair(first, second)
                }
            }
            let names = try TableColumns.names(text, in: known)
            throw StoreError(
                .badUsage,
                "'\(printable(Array(text.utf8)))' are not two columns but "
                    + "\(names.count)", subject: text, advice: "write them as --pairs age,income",
                safety: "nothing was changed")
        }
    }
}

/// Names of columns in arguments.
enum TableColumns {
    /// The names in a list with commas; throws `.badUsage` for one that the table does not have.
    static func names(_ list: String, in known: [String]) throws -> [String] {
        let names = list.split(separator: ",").map { String($0.drop { $0 == " " }) }
        for name in names where !known.contains(name) {
            let shown = printable(Array(name.utf8))
            throw StoreError(
                .badUsage, "the table has no column '\(shown)'", subject: name,
                advice: nearest(name, in: known).map { "did you mean '\($0)'?" }
                    ?? "'mlstore schema' lists its columns", safety: "nothing was changed")
        }
        return names
    }
}

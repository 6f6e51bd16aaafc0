import ArgumentParser
import Bytes
import Diffs
import Vocabulary

struct DiffCommand: ReportingCommand {
    enum Format: String, ExpressibleByArgument {
        case text, markdown, json
    }

    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what changed inside data.",
        discussion: helpText(
            examples: [
                "mlstore diff",
                "mlstore diff main",
                "mlstore diff HEAD~1 HEAD -- data/flights.csv",
                "mlstore diff --format markdown main",
            ],
            notes: """
                Without a revision the files on disk are compared with their pointers. For tables: \
                columns, then rows by key (found where it is unique) or as a multiset, changed \
                cells and examples.
                """))

    @Argument(
        parsing: .allUnrecognized, help: "One or two revisions, then paths behind '--'.",
        completion: .file())
    var words: [String] = []

    @Option(help: ArgumentHelp("The columns that identify a row.", valueName: "columns"))
    var key: String?

    @Option(help: ArgumentHelp("text, markdown or json.", valueName: "format"))
    var format = Format.text

    @Option(help: ArgumentHelp("At most so many examples of each sort.", valueName: "count"))
    var examples = 5

    @Flag(help: "Show no cell of any table.")
    var noValues = false

    @Flag(help: "End with status 3 when there are differences.")
    var exitCode = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let (revisions, paths) = split(words)
        guard revisions.count <= 2 else {
            throw StoreError(
                .badUsage, "diff takes two revisions at most, and paths behind '--'",
                advice: "type 'mlstore diff A B -- PATH'", safety: "nothing was changed")
        }
        let sides: (old: DiffSide, new: DiffSide) =
            revisions.isEmpty
            ? (.pointers, .files)
            : (.revision(revisions[0]), revisions.count == 2 ? .revision(revisions[1]) : .files)
        var options = DatasetDiffOptions()
        options.paths = try context.paths(paths, in: workspace)
        options.table.exampleLimit = max(0, examples)
        options.table.key = key?.split(separator: ",").map {
            String($0.drop { $0 == " " })
        }
        let changes = try diffDatasets(
            from: sides.old, to: sides.new, in: workspace, options: options)
        return try report(changes, sides)
    }

    private func split(_ words: [String]) -> (revisions: [String], paths: [String]) {
        guard let separator = words.firstIndex(of: "--") else { return (words, []) }
        return (Array(words[..<separator]), Array(words[(separator + 1)...]))
    }

    private func report(
        _ changes: [DatasetChange], _ sides: (old: DiffSide, new: DiffSide)
    ) throws -> Report {
        let json: JSONValue = [
            "from": .string(sides.old.name), "to": .string(sides.new.name),
            "changes": .array(changes.map { $0.json(hidingValues: noValues) }),
        ]
        var lines: [String] = []
        for change in changes {
            if !lines.isEmpty { lines.append("") }
            lines +=
                format == .markdown
                ? change.markdownLines(hidingValues: noValues)
                : change.textLines(hidingValues: noValues)
        }
        if changes.isEmpty { lines = ["no differences in tracked data"] }
        if format == .json { lines = [json.pretty] }
        return Report(
            lines: lines, json: json, status: exitCode && !changes.isEmpty ? .differences : .done)
    }
}

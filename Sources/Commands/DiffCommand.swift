import ArgumentParser
import Bytes
import Diffs
import Pipelines
import Platform
import Vocabulary
import Workspaces

struct DiffCommand: ReportingCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, markdown, json, html
    }

    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what changed inside data, and in parameters and metrics.",
        discussion: helpText(
            examples: [
                "mlstore diff",
                "mlstore diff data/flights.csv",
                "mlstore diff main",
                "mlstore diff HEAD~1 HEAD -- data/flights.csv",
                "mlstore diff --staged",
                "mlstore diff --key id --columns price,stock --tolerance price=0.005",
                "mlstore diff --format markdown main",
                "mlstore diff --format html main > change.html",
            ],
            notes: """
                Without a revision the files on disk are compared with their pointers; with one, \
                with that git revision or snapshot; with two, the one with the other. For tables: \
                columns, then rows by key (found where it is unique) or as a multiset, changed \
                cells and examples. With --tolerance cells of columns of numbers are equal where they \
                are as near as it says or nearer: 0.01, 1% (of the larger one), or price=0.01 for one \
                column; without a key rows are then matched to the nearest. A table in which nothing \
                differs that was asked for is left out. Then the parameters that stages depend on, and the metrics \
                that they wrote: on disk as they are now, elsewhere as the lock file recorded them.
                """))

    @Argument(
        parsing: .allUnrecognized,
        help: "At most two revisions, then paths, behind '--' where they could be either.",
        completion: .file())
    var words: [String] = []

    @Flag(help: "Compare what git has staged with HEAD, or with the one revision.")
    var staged = false

    @Option(help: ArgumentHelp("The columns that identify a row.", valueName: "columns"))
    var key: String?

    @Option(help: ArgumentHelp("Compare only these columns.", valueName: "columns"))
    var columns: String?

    @Option(
        help: ArgumentHelp(
            "How far numbers may be apart; repeatable.", valueName: "[column=]number[%]"))
    var tolerance: [String] = []

    @Option(help: ArgumentHelp("How to write it.", valueName: "format"))
    var format = Format.text

    @Option(
        name: [.customLong("rows"), .customLong("examples")],
        help: ArgumentHelp("At most so many examples of each sort.", valueName: "count"))
    var examples = 5

    @Flag(help: "Only how much changed: no examples, no names of files and values.")
    var stat = false

    @Flag(help: "Show no cell of any table.")
    var noValues = false

    @Flag(help: "End with status 3 when there are differences.")
    var exitCode = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let (revisions, paths) = split(words, in: workspace, context)
        let sides = try sides(of: revisions, in: workspace)
        var options = DatasetDiffOptions()
        options.paths = try context.paths(paths, in: workspace)
        options.table.exampleLimit = stat ? 0 : max(0, examples)
        options.table.key = key.map(names)
        options.table.columns = columns.map(names)
        for text in tolerance { try options.table.add(tolerance: text) }
        let text = DiffText(
            old: sides.old, new: sides.new, isHidingValues: noValues,
            changes: try diffDatasets(
                from: sides.old, to: sides.new, in: workspace, options: options),
            parameters: options.paths == nil
                ? try stageParametersDiff(
                    from: sides.old.values, to: sides.new.values, in: workspace)
                : nil,
            metrics: try metricsDiff(
                from: sides.old.values, to: sides.new.values, in: workspace
            ).selected(options.paths))
        let lines =
            switch format {
            case .text: stat ? text.statLines : text.lines
            case .markdown: text.markdownLines
            case .json: [text.json.pretty]
            case .html: [text.html]
            }
        return Report(
            lines: lines, json: text.json,
            status: exitCode && !text.isEmpty ? .differences : .done)
    }

    private func names(_ list: String) -> [String] {
        list.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    /// Without '--', the words from the first one on that is no revision but a path on disk are
    /// paths, as in git.
    private func split(
        _ words: [String], in workspace: Workspace, _ context: CommandContext
    ) -> (revisions: [String], paths: [String]) {
        if let separator = words.firstIndex(of: "--") {
            return (Array(words[..<separator]), Array(words[(separator + 1)...]))
        }
        let start = words.firstIndex { word in
            let status = try? context.disk.status(of: context.path(word), followingLinks: false)
            return status != nil && (try? workspace.source(named: word)) == nil
        }
        return (
            Array(words[..<(start ?? words.endIndex)]), Array(words[(start ?? words.endIndex)...])
        )
    }

    private func sides(
        of revisions: [String], in workspace: Workspace
    ) throws -> (old: DiffSide, new: DiffSide) {
        let most = staged ? 1 : 2
        guard revisions.count <= most else {
            throw StoreError(
                .badUsage,
                "diff takes \(counted(most, "revision")) at most\(staged ? " with --staged" : "")",
                advice: "type 'mlstore diff A B -- PATH': paths stand behind '--'",
                safety: "nothing was changed")
        }
        let named = try revisions.map { DiffSide(try workspace.source(named: $0)) }
        if staged { return (named.first ?? .revision("HEAD"), .staged) }
        guard let old = named.first else { return (.pointers, .files) }
        return (old, named.count == 2 ? named[1] : .files)
    }
}

extension DiffSide {
    /// Where the parameters and metrics of this side are read.
    fileprivate var values: ValueSource { source.map { .recorded($0) } ?? .current }
}

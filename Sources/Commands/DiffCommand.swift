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
                "mlstore diff data/events#3 data/events#5",
                "mlstore diff --staged",
                "mlstore diff --key id --columns price,stock --tolerance price=0.005",
                "mlstore diff --format markdown main",
                "mlstore diff --format html main > change.html",
            ],
            notes: """
                Without a revision the files on disk are compared with their pointers; with one, \
                with that git revision or snapshot; with two, the one with the other. Two versions of a \
                Delta Lake table, or one and the newest, are compared by its log. For tables: \
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

    var otherForm: String? {
        format == .text || format == .json ? nil : "--format \(format.rawValue)"
    }

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let text = try versions(in: workspace, context) ?? sides(in: workspace, context)
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

    private func options() throws -> TableDiffOptions {
        var options = TableDiffOptions()
        options.exampleLimit = stat ? 0 : max(0, examples)
        options.key = key.map(names)
        options.columns = columns.map(names)
        for text in tolerance { try options.add(tolerance: text) }
        return options
    }

    /// What differs between two sides of the workspace.
    private func sides(in workspace: Workspace, _ context: CommandContext) throws -> DiffText {
        let (revisions, paths) = try split(words, in: workspace, context)
        let sides = try sides(of: revisions, in: workspace, context)
        var options = DatasetDiffOptions()
        options.paths = try context.paths(paths, in: workspace)
        options.table = try self.options()
        return DiffText(
            old: sides.old.name, new: sides.new.name, isHidingValues: noValues,
            changes: try diffDatasets(
                from: sides.old, to: sides.new, in: workspace, options: options),
            parameters: options.paths == nil
                ? try stageParametersDiff(
                    from: sides.old.values, to: sides.new.values, in: workspace)
                : nil,
            metrics: try metricsDiff(
                from: sides.old.values, to: sides.new.values, in: workspace
            ).selected(options.paths))
    }

    /// What differs between two versions of a Delta Lake table, `data/t#3 data/t#5`, or one and the newest;
    /// nil where the words name something else.
    private func versions(in workspace: Workspace, _ context: CommandContext) throws -> DiffText? {
        let words = words.filter { $0 != "--" }
        let hasVersion = words.contains { word in
            var address = ContentAddress(word)
            return address.takeVersion() != nil
        }
        guard hasVersion, !staged, (1...2).contains(words.count),
            let old = try context.tableFolder(words[0])
        else { return nil }
        let newest = old.address.path + (old.address.revision.map { "@" + $0 } ?? "")
        guard let new = try context.tableFolder(words.count == 2 ? words[1] : newest),
            let path = try workspace.path(
                of: Array(new.address.path.utf8), from: try Environment.realPath(context.directory))
        else { return nil }
        let change = try diffDeltaVersions(
            at: path, from: old.source, to: new.source, areOfOneLog: old.address == new.address,
            options: options())
        return DiffText(
            old: words[0], new: words.count == 2 ? words[1] : newest, isHidingValues: noValues,
            changes: change.map { [$0] } ?? [], parameters: nil,
            metrics: MetricsDiff(old: [:], new: [:]))
    }

    private func names(_ list: String) -> [String] {
        list.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    /// Without '--', the words from the first one on that is no revision but a path are paths, and must
    /// be known.
    private func split(
        _ words: [String], in workspace: Workspace, _ context: CommandContext
    ) throws -> (revisions: [String], paths: [String]) {
        if let separator = words.firstIndex(of: "--") {
            return (Array(words[..<separator]), Array(words[(separator + 1)...]))
        }
        let start =
            words.firstIndex { word in
                (try? workspace.source(named: word)) == nil
                    && context.knows(path: word, in: workspace)
            } ?? words.endIndex
        let paths = words[start...]
        if let unknown = paths.first(where: { !context.knows(path: $0, in: workspace) }) {
            throw context.neitherRevisionNorPath(unknown, in: workspace)
        }
        return (Array(words[..<start]), Array(paths))
    }

    private func sides(
        of revisions: [String], in workspace: Workspace, _ context: CommandContext
    ) throws -> (old: DiffSide, new: DiffSide) {
        let most = staged ? 1 : 2
        guard revisions.count <= most else {
            throw StoreError(
                .badUsage,
                "diff takes \(counted(most, "revision")) at most\(staged ? " with --staged" : "")",
                advice: "type 'mlstore diff A B -- PATH': paths stand behind '--'",
                safety: "nothing was changed")
        }
        let named = try revisions.map { name in
            do {
                return DiffSide(try workspace.source(named: name))
            } catch let error as StoreError
                where error.kind == .notFound && !words.contains("--")
            {
                throw context.neitherRevisionNorPath(name, in: workspace)
            }
        }
        if staged { return (named.first ?? .revision("HEAD"), .staged) }
        guard let old = named.first else { return (.pointers, .files) }
        return (old, named.count == 2 ? named[1] : .files)
    }
}

extension CommandContext {
    /// Whether something is on disk at a path, or tracked there: a file that was removed still has its
    /// pointer.
    fileprivate func knows(path word: String, in workspace: Workspace) -> Bool {
        if (try? disk.status(of: path(word), followingLinks: false)) != nil { return true }
        guard let paths = (try? self.paths([word], in: workspace)) ?? nil,
            let tracked = try? workspace.tracked()
        else { return false }
        return !tracked.selected(paths).isEmpty
    }

    /// What a word that means nothing is refused with: a tracked path that it may have been meant for is
    /// named as one would type it here.
    fileprivate func neitherRevisionNorPath(
        _ word: String, in workspace: Workspace
    ) -> StoreError {
        let folder = try? workspace.path(
            of: Array(".".utf8), from: try Environment.realPath(directory))
        let tracked = ((try? workspace.tracked())?.paths ?? []).map { tracked in
            let path = folder.flatMap { tracked.path.relative(to: $0) } ?? tracked.path
            return path.description
        }
        let name = word.split(separator: "/").last
        let near =
            nearest(word, in: tracked)
            ?? tracked.first { $0.split(separator: "/").last == name }
        return StoreError(
            .notFound,
            "no such path is tracked: '\(printable(Array(word.utf8)))', and no revision or snapshot "
                + "is called so",
            subject: word,
            advice: near.map { "did you mean '\($0)'?" }
                ?? "'mlstore status' tells what is tracked, 'mlstore log' which snapshots there are; "
                + "what was tracked once stands behind '--'",
            safety: "nothing was changed")
    }
}

extension DiffSide {
    /// Where the parameters and metrics of this side are read.
    fileprivate var values: ValueSource { source.map { .recorded($0) } ?? .current }
}

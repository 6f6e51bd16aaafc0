import ArgumentParser
import Bytes
import GitHistory
import Platform
import Vocabulary
import Workspaces

struct ReportCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write what a change means for a pull request.",
        discussion: helpText(
            examples: [
                "mlstore report origin/main",
                "mlstore report origin/main --output comment.md --html report.html",
                "mlstore report --no-values v1.0 v1.1",
            ],
            notes: """
                Compares where the branch left BASE with HEAD (or with the second revision): data, \
                parameters, metrics, broken rules of schema files, columns that drifted, \
                stages that are stale, tracked contents that were made from \
                data that changed, and the size of new data. Without BASE that is origin/HEAD, \
                main or master. The first line marks the comment, so that a job can replace the \
                one it wrote before. Tables of any size are read within bounded memory; a table \
                that was profiled before costs what differs. Where the text would be longer than GitHub accepts, cells and \
                then sections are left out.
                """))

    @Argument(help: ArgumentHelp("What to compare with.", valueName: "base"))
    var base: String?

    @Argument(help: ArgumentHelp("What to review; HEAD.", valueName: "revision"))
    var revision: String?

    @Option(
        help: ArgumentHelp("Write the Markdown into this file.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Write a page for a browser into this file too.", valueName: "file"),
        completion: .file())
    var html: String?

    @Option(help: ArgumentHelp("At most so many examples of each sort.", valueName: "count"))
    var rows = 5

    @Option(help: ArgumentHelp("At most so many characters of Markdown.", valueName: "count"))
    var maxLength = ReviewMarkdown.defaultLimit

    @Option(
        help: ArgumentHelp(
            "Neither check nor profile larger tables: 500MB; all are else.", valueName: "size"))
    var maxTable: String?

    @Flag(help: "Show no cell of any table or document.")
    var noValues = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        guard maxLength >= 1000 else {
            throw StoreError(
                .badUsage, "--max-length is \(maxLength), and a report takes 1,000 at least",
                advice: "GitHub accepts 65536, GitLab 1000000", safety: "nothing was done")
        }
        let largest = try maxTable.map { text in
            if let size = ByteCount(text) { return size }
            throw StoreError(
                .badUsage, "'\(printable(Array(text.utf8)))' is no size", subject: text,
                advice: "write it as --max-table 500MB", safety: "nothing was done")
        }
        let workspace = try context.workspace()
        let new = revision ?? "HEAD"
        let old = try start(of: new, in: workspace)
        let report = try ReviewReport(
            from: (old.name, try workspace.source(named: old.revision)),
            to: (new, try workspace.source(named: new)),
            stages: revision == nil ? try context.staleStages(in: workspace) : [],
            examples: max(0, rows), largestTable: largest, in: workspace, hidingValues: noValues,
            context)
        if let html {
            let page = ReviewPage(report, hidingValues: noValues)
            try write(page.text, html, context)
        }
        let text = ReviewMarkdown(report: report, isHidingValues: noValues, limit: maxLength).text
        if let output { try write(text, output, context) }
        return Report(lines: output == nil ? [text] : [report.summary], stream: report.json)
    }

    private func write(_ text: String, _ file: String, _ context: CommandContext) throws {
        try writeAtomically(
            Array(text.utf8), to: context.path(file), on: context.disk, durable: false)
    }

    /// Where `revision` left the base: what the base got since is not the reviewer's concern.
    private func start(
        of revision: String, in workspace: Workspace
    ) throws -> (name: String, revision: String) {
        guard let repository = workspace.git else {
            guard let base else { throw noBase }
            return (base, base)
        }
        let candidates = base.map { [$0] } ?? ["origin/HEAD", "main", "master"]
        guard let name = candidates.first(where: { (try? repository.resolve($0)) != nil }) else {
            // Where git does not know it, it may be a snapshot.
            guard let base else { throw noBase }
            return (base, base)
        }
        let outcome = try GitProgram(in: repository.workDirectory).run([
            "merge-base", name, revision,
        ])
        // A shallow clone may not reach back so far.
        guard outcome.succeeded else { return (name, name) }
        let commit = String(decoding: outcome.standardOutput.prefix { $0 != 0x0a }, as: UTF8.self)
        return (name, commit)
    }

    private var noBase: StoreError {
        StoreError(
            .badUsage, "there is nothing to compare with: no origin/HEAD, main or master",
            advice: "name what the change is for: 'mlstore report origin/main'",
            safety: "nothing was done")
    }
}

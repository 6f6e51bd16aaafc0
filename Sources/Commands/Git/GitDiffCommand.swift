import ArgumentParser
import Diffs
import Platform
import Vocabulary
import Workspaces

/// What git runs for `git diff` of a pointer or lock file: see GIT_EXTERNAL_DIFF in git's manual.
struct GitDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "git-diff",
        abstract: "Show two versions of a pointer to git.",
        discussion: helpText(
            examples: ["git diff data/flights.csv.mlstore"],
            notes: """
                Started by git after 'mlstore install', with the path, and file, id and mode of \
                either version.
                """),
        shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "What git says.")
    var words: [String] = []

    func run() throws {
        let context = try CommandContext(
            CommonOptions.parse([]), console: Console(isJSON: false, isQuiet: false))
        guard words.count == 1 || words.count >= 7 else {
            throw StoreError(
                .badUsage, "git-diff takes what git gives an external diff: 7 words or 9",
                advice: "use 'mlstore diff'", safety: "nothing was done")
        }
        let name = printable(Array((words.count > 7 ? words[7] : words[0]).utf8))
        guard words.count >= 7 else { return try Console.writeOutput("unmerged \(name)") }
        try Console.writeOutput("diff mlstore \(name)")
        let lines = try lines(old: words[1], new: words[4], context)
        if let lines, !lines.isEmpty {
            return try Console.writeOutput(lines.joined(separator: "\n"))
        }
        // No pointers, as in a conflict, or equal but for their words: as git would show it.
        Environment.flushOutput()
        _ = try ChildProcess(
            arguments: [
                "git", "--no-pager", "diff", "--no-index", "--no-ext-diff", "--no-textconv", "--",
                words[1], words[4],
            ], directory: context.directory
        ).run()
    }

    private func lines(
        old: String, new: String, _ context: CommandContext
    ) throws -> [String]? {
        let place = context.path(words[0])
        let workspace = try? Workspace.open(from: place.parent, on: try context.machine())
        guard let workspace, let inGit = try? RepoPath(words[0]),
            let path = workspace.workspacePath(ofGit: inGit)
        else { return nil }
        do {
            let before = try versions(old, of: path, context)
            let after = try versions(new, of: path, context)
            return try diffVersions(from: before, to: after, in: workspace)
                .flatMap { $0.textLines() }
        } catch let error as StoreError
            where [.malformed, .conflict, .newerFormat].contains(error.kind)
        { return nil }
    }

    /// What a version of the file names; nothing for none.
    private func versions(
        _ file: String, of path: RepoPath, _ context: CommandContext
    ) throws -> [RepoPath: TrackedVersion] {
        guard file != "/dev/null" else { return [:] }
        let bytes = try context.disk.readFile(
            context.path(file), maximumBytes: LockFile.maximumBytes)
        guard let target = path.removingSuffix(Pointer.suffix) else {
            let outputs = try LockFile(parsing: bytes, file: path.description).outputs
            return Dictionary(
                outputs.filter(\.output.isCached).map {
                    (
                        $0.path,
                        TrackedVersion(
                            content: $0.output.content, sizeBytes: $0.output.sizeBytes)
                    )
                }, uniquingKeysWith: { first, _ in first })
        }
        let pointer = try Pointer(parsing: bytes, file: path.description)
        return [
            target: TrackedVersion(
                content: pointer.content, sizeBytes: pointer.sizeBytes, shape: pointer.shape)
        ]
    }
}

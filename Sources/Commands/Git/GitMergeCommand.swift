import ArgumentParser
import Bytes
import Diffs
import Platform
import Vocabulary
import Workspaces

/// What git runs to merge pointers and lock files: see 'merge driver' in git's manual of attributes.
struct GitMergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "git-merge",
        abstract: "Merge three versions of a pointer for git.",
        discussion: helpText(
            examples: ["git merge topic"],
            notes: """
                Started by git after 'mlstore install', with the files of the common, our and \
                their version, the length of a conflict's marks, and the path. The result goes \
                into the file of our version. Exit status 1 tells of a conflict.
                """),
        shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "What git says.")
    var words: [String] = []

    func run() throws {
        let context = try CommandContext(
            CommonOptions.parse([]), console: Console(isJSON: false, isQuiet: false))
        guard words.count == 5 else {
            throw StoreError(
                .badUsage, "git-merge takes three files, a length and a path",
                advice: "it is started by git: run 'mlstore install'", safety: "nothing was done")
        }
        let place = context.path(words[4])
        let workspace = try Workspace.open(from: place.parent, on: try context.machine())
        guard let path = workspace.workspacePath(ofGit: try RepoPath(words[4])) else {
            return try mergeAsText(context, because: [])
        }
        if let target = path.removingSuffix(Pointer.suffix) {
            try mergePointer(of: target, workspace, context)
        } else {
            try mergeLock(context)
        }
    }

    private func bytes(_ index: Int, _ context: CommandContext) throws -> [UInt8] {
        try context.disk.readFile(context.path(words[index]), maximumBytes: LockFile.maximumBytes)
    }

    private func save(_ text: String, _ context: CommandContext) throws {
        let file = try context.disk.openFile(
            context.path(words[1]), .createOrOpen(permissions: 0o644))
        defer { try? file.close() }  // what was written is git's to keep
        try file.truncate(to: 0)
        try file.write(Array(text.utf8), at: 0)
    }

    private func mergePointer(
        of path: RepoPath, _ workspace: Workspace, _ context: CommandContext
    ) throws {
        let name = path.addingSuffix(Pointer.suffix).description
        let versions: [Pointer?]
        do {
            versions = try (0..<3).map { index in
                let bytes = try bytes(index, context)
                // Where both sides added the file, git gives an empty one for the common version.
                return index == 0 && bytes.isEmpty ? nil : try Pointer(parsing: bytes, file: name)
            }
        } catch let error as StoreError
            where [.malformed, .conflict, .newerFormat].contains(error.kind)
        { return try mergeAsText(context, because: [error.message]) }
        guard let ours = versions[1], let theirs = versions[2] else { return }
        let outcome = try mergePointers(
            base: versions[0], ours: ours, theirs: theirs, at: path, in: workspace)
        switch outcome {
        case .merged(let pointer):
            try save(pointer.text, context)
            context.console.note("mlstore: merged '\(path)'; 'mlstore checkout' writes it")
        case .conflict(let reasons):
            try save(conflict(ours.text, theirs.text), context)
            Console.writeError(
                reasons.map { "mlstore: conflict in \($0)" } + [
                    "hint: take one side with 'git checkout --ours \(name)' or '--theirs', then "
                        + "'mlstore checkout \(path)'; or put the data as it should be and run "
                        + "'mlstore add \(path)'; then 'git add \(name)'"
                ])
            throw ExitCode(1)
        }
    }

    private func conflict(_ ours: String, _ theirs: String) -> String {
        let length = Int(words[3]).map { min(max($0, 7), 200) } ?? 7
        func mark(_ character: Character) -> String { String(repeating: character, count: length) }
        return "\(mark("<")) ours\n\(ours)\(mark("="))\n\(theirs)\(mark(">")) theirs\n"
    }

    private func mergeLock(_ context: CommandContext) throws {
        let merged: LockFile?
        do {
            let base = try bytes(0, context)
            merged = mergeLockFiles(
                base: base.isEmpty ? nil : try LockFile(parsing: base),
                ours: try LockFile(parsing: try bytes(1, context)),
                theirs: try LockFile(parsing: try bytes(2, context)))
        } catch let error as StoreError
            where [.malformed, .conflict, .newerFormat].contains(error.kind)
        { return try mergeAsText(context, because: [error.message]) }
        if let merged { return try save(merged.text, context) }
        try mergeAsText(context, because: ["both sides ran the same stage with other results"])
    }

    /// Merges line by line, as git does without us.
    private func mergeAsText(_ context: CommandContext, because reasons: [String]) throws {
        let outcome = try GitProgram(in: context.directory).run([
            "merge-file", "-q", "--marker-size=\(Int(words[3]) ?? 7)", "-L", "ours", "-L", "base",
            "-L", "theirs", words[1], words[0], words[2],
        ])
        guard !outcome.succeeded else { return }
        let name = printable(Array(words[4].utf8))
        Console.writeError(
            reasons.map { "mlstore: conflict in '\(name)': \($0)" } + [
                "hint: put '\(name)' in order; for mlstore.lock run 'mlstore repro' when all else "
                    + "is merged"
            ])
        throw ExitCode(1)
    }
}

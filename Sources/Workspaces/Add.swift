import GitHistory
package import Objects
import Platform
package import Vocabulary

/// How paths are added.
package struct AddOptions: Sendable {
    /// What they are called; nil: what they were called before, or what the name suggests.
    package var kind: ArtifactKind?
    /// Where they were imported from; nil: where the pointer says so far.
    package var source: PointerSource.Place?

    /// The usual.
    package init(kind: ArtifactKind? = nil) { self.kind = kind }
}

/// What adding one path came to.
package struct AddedPath: Sendable {
    /// The path.
    package let path: RepoPath
    /// Its pointer now.
    package let pointer: Pointer
    /// The content it had before; nil when it is new.
    package let previous: ContentID?
    /// Bytes that the store did not have.
    package let newBytesPlain: Int
    /// Why a file that by its name is a table is stored without rows and columns.
    package let tableProblem: String?
    /// Whether somebody wrote to a file that is a link to the store's copy, and so destroyed what it
    /// was before.
    package let hasChangedStore: Bool

    /// Whether it was added before, just as it is.
    package var isUnchanged: Bool { previous == pointer.content }
}

/// What `add` did.
package struct AddReport: Sendable {
    /// Every path, in order.
    package let paths: [AddedPath]
    /// The commit to the store; nil when nothing was new.
    package let commit: CommitReport?
}

/// Stores files and folders and writes their pointers and `.gitignore` lines.
///
/// The pointers are written when the content is committed to the store, and are durable when
/// this returns. Nothing is changed when any of the paths cannot be added: one that is missing,
/// inside a tracked folder, tracked by git, an output of a stage, a link, a socket or device; a folder of
/// which only a part was fetched.
package func add(
    _ paths: [RepoPath], in workspace: Workspace, options: AddOptions = AddOptions(),
    progress: (WorkProgress) -> Void = { _ in }
) throws -> AddReport {
    try workspace.withLock("add") {
        let paths = Array(Set(paths)).sorted()
        let lock = try workspace.lockFile()
        for path in paths {
            try workspace.checkAddable(path, among: paths, lock)
            // What was imported is all of it.
            if options.source == nil { try workspace.checkRecordable(path) }
        }
        let scanner = ContentScanner(workspace)
        let session = try workspace.store().beginSession()
        defer { session.abandon() }
        var done = WorkProgress(phase: "storing")
        let added = try paths.map { path in
            try addPath(path, scanner, session, options) { files, bytes in
                done.files += files
                done.bytes += bytes
                progress(done)
            }
        }
        let commit = try record(added, session, workspace)
        try workspace.linkAdded(added, scanner)
        scanner.finish(storedIn: session.store)
        workspace.keptLines.trim()
        workspace.settle(paths)
        return AddReport(paths: added, commit: commit)
    }
}

/// Commits content and note, then writes pointers and ignore lines.
private func record(
    _ added: [AddedPath], _ session: StoreSession, _ workspace: Workspace
) throws -> CommitReport? {
    let names = added.map(\.path.description).joined(separator: " ")
    var operation = Operation(command: "add \(names)")
    operation.edits = added.map {
        FileEdit(
            path: $0.path.addingSuffix(Pointer.suffix), after: Array($0.pointer.text.utf8))
    }
    operation.edits += try workspace.gitIgnoreEdits(adding: added.map(\.path))
    try operation.dropIdleEdits(in: workspace)
    guard !operation.isEmpty || !session.isEmpty else { return nil }
    let commit = try operation.commit(session, in: workspace)
    try operation.writeFiles(in: workspace)
    return commit
}

private func addPath(
    _ path: RepoPath, _ scanner: ContentScanner, _ session: StoreSession, _ options: AddOptions,
    _ progress: (Int, Int) -> Void
) throws -> AddedPath {
    let previous = try? scanner.workspace.pointer(of: path)
    let isScanned = try scanner.isUnknownFile(
        path, but: previous?.shape == nil ? nil : previous?.content)
    let workspace = scanner.workspace
    let (saved, scan) = try concurrently {
        try scanner.save(path, replacing: previous?.content, in: session, progress: progress)
    } and: {
        isScanned ? try TableShape.scan(path, in: workspace) : nil
    }
    var pointer = Pointer(
        kind: options.kind ?? previous?.kind ?? ArtifactKind.guess(for: path),
        content: saved.content, sizeBytes: saved.state.sizeBytes, files: saved.state.files,
        isExecutable: saved.state.isExecutable)
    pointer.source =
        options.source.map { PointerSource($0, content: saved.content) } ?? previous?.source
    var problem: String?
    if let previous, previous.content == saved.content, previous.shape != nil {
        pointer.shape = previous.shape
    } else if case .file(let id) = saved.content {
        let scan = try scan ?? TableShape.scan(path, in: workspace)
        switch try TableShape(scan, of: path, savedAs: id, in: scanner) {
        case .table(let shape): pointer.shape = shape
        case .broken(let why): problem = why
        case .noTable: break
        }
    }
    return AddedPath(
        path: path, pointer: pointer, previous: previous?.content,
        newBytesPlain: saved.newBytesPlain, tableProblem: problem,
        hasChangedStore: try hasChangedStore(path, previous, saved, scanner))
}

private func hasChangedStore(
    _ path: RepoPath, _ previous: Pointer?, _ saved: SavedContent, _ scanner: ContentScanner
) throws -> Bool {
    guard case .file(let former)? = previous?.content, saved.content != .file(former),
        let status = try scanner.workspace.disk.status(
            of: scanner.workspace.root / path, followingLinks: false)
    else { return false }
    return try scanner.workspace.store().isPlainFile(status, of: former)
}

extension Workspace {
    /// Throws unless what will stand at `path` can be added: for who brings it there.
    package func checkAddable(_ path: RepoPath) throws {
        try checkAddable(path, among: [path], try lockFile())
    }

    /// Throws unless `path` can have a pointer.
    func checkAddable(_ path: RepoPath, among paths: [RepoPath], _ lock: LockFile) throws {
        try Workspace.checkNotReserved(path)
        try checkNotPointer(path)
        if let output = lock.outputs.first(where: { path.isInside($0.path) }) {
            throw StoreError.cannotAdd(
                path, "it is an output of the stage '\(output.stage)'",
                "'mlstore repro' keeps it; remove it from mlstore.yaml first")
        }
        if let other = paths.first(where: { $0 != path && path.isInside($0) }) {
            throw StoreError.cannotAdd(
                path, "it lies in '\(other)', which is added as a whole", "name only one of them")
        }
        var parent = path.parent
        while let folder = parent {
            if try hasPointer(folder) {
                throw StoreError.cannotAdd(
                    path, "it lies in '\(folder)', which is tracked as a whole",
                    "run 'mlstore add \(folder)'")
            }
            parent = folder.parent
        }
        if try disk.status(of: root / path, followingLinks: false) == nil, try hasPointer(path) {
            throw StoreError.cannotAdd(
                path, "its pointer is here, but not its data",
                "run 'mlstore checkout \(path)', or 'mlstore rm \(path)' to stop tracking it",
                .notFound)
        }
        try checkGit(path)
    }

    private func checkNotPointer(_ path: RepoPath) throws {
        guard isPointer(path) else { return }
        throw StoreError.cannotAdd(
            path, "it is a pointer that mlstore wrote", "git keeps it: run 'git add \(path)'")
    }

    /// Whether a file is named and begins as a pointer does.
    func isPointer(_ path: RepoPath) -> Bool {
        guard path.removingSuffix(Pointer.suffix) != nil, let text = try? smallFile(path) else {
            return false
        }
        return text.starts(with: Array("# kept by mlstore".utf8))
    }

    /// What git tracks would be there twice; what git ignores would never be committed.
    private func checkGit(_ path: RepoPath) throws {
        guard let git else { return }
        if try git.tracks(gitPath(of: path)) {
            throw StoreError.cannotAdd(
                path, "git tracks it", "run 'git rm -r --cached \(path)' first; the data stays")
        }
        let pointer = path.addingSuffix(Pointer.suffix)
        guard try git.isIgnored(gitPath(of: pointer)), try !git.tracks(gitPath(of: pointer)) else {
            return
        }
        throw StoreError.cannotAdd(
            path, "git ignores its pointer '\(pointer)'",
            "take the rule out that 'git check-ignore -v \(pointer)' shows, or add '!*.mlstore'")
    }
}

extension StoreError {
    static func cannotAdd(
        _ path: RepoPath, _ why: String, _ advice: String, _ kind: Kind = .badUsage
    ) -> StoreError {
        StoreError(
            kind, "cannot add '\(path)': \(why)", subject: path.description, advice: advice,
            safety: "nothing was changed")
    }
}

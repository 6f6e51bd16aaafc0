import GitHistory
import Objects
import Platform
package import Vocabulary

/// What to look at.
package struct StatusOptions: Sendable {
    /// Whether pointers are compared with git's HEAD.
    package var comparesHead = true
    /// Whether files that nobody tracks, neither mlstore nor git, are listed.
    package var listsUntracked = false

    /// The usual.
    package init(listsUntracked: Bool = false) { self.listsUntracked = listsUntracked }
}

/// How one tracked path is.
package struct PathStatus: Sendable {
    /// The work tree against the pointer or lock file.
    package enum State: String, Hashable, Sendable {
        /// As it should be.
        case clean
        /// All that is here of a folder of which not all was fetched, and nothing else.
        case partial
        /// There, and different.
        case modified
        /// Not there, but in the store: `mlstore checkout` brings it.
        case missing
        /// Neither there nor in the store: `mlstore pull` brings it.
        case notInStore
    }

    /// The pointer or lock entry against git's HEAD.
    package enum Change: String, Hashable, Sendable {
        /// Not in HEAD.
        case added
        /// Names other content than in HEAD.
        case modified
        /// In HEAD, and no longer here.
        case removed
    }

    /// The path and what should stand there. For a removed one, what HEAD says.
    package let tracked: TrackedPath
    /// The work tree against it.
    package let state: State
    /// What stands there now.
    package let current: ContentState
    /// Files that differ, for a modified folder whose tree is in the store.
    package let changes: [FileChange]
    /// How much of a folder is in the store, where that is not all; then only this is compared.
    package let part: PartCount?
    /// Files and links that stand there beside what is known of a folder of which not all is here: new
    /// ones, or ones that were not fetched.
    package let unknownFiles: Int
    /// Against HEAD; nil where they agree, or nothing was compared.
    package let head: Change?
    /// What HEAD says should be there.
    package let headContent: ContentID?
}

/// How a workspace is.
package struct StatusReport: Sendable {
    /// Every tracked path, in order.
    package var paths: [PathStatus] = []
    /// Pointers and lock files that cannot be read.
    package var problems: [TrackingProblem] = []
    /// Files that nobody tracks, if they were asked for.
    package var untracked: [RepoPath] = []
    /// Commands that died half way, with those of their paths that are not as they should be.
    package var unfinished: [UnfinishedWork] = []
    /// Why nothing could be compared with HEAD, though the workspace is in git.
    package var headProblem: StoreError?

    /// Whether every tracked path is as it should be, as far as it is here.
    package var isClean: Bool {
        problems.isEmpty && paths.allSatisfy { [.clean, .partial].contains($0.state) }
    }
}

/// How the tracked paths are that `selection` means (nil: all). Changes nothing but the stat
/// tables. Throws `.notFound` for a path of the selection that nothing is known about. Costs a status call for each file, and reading those that changed.
package func status(
    of selection: [RepoPath]? = nil, in workspace: Workspace,
    options: StatusOptions = StatusOptions()
) throws -> StatusReport {
    var report = StatusReport()
    let tracked = try workspace.tracked()
    report.problems = tracked.problems
    let head = try headContents(in: workspace, options, &report)
    let scanner = ContentScanner(workspace)
    for path in tracked.selected(selection) {
        report.paths.append(try pathStatus(path, scanner, head))
    }
    scanner.finish()
    report.unfinished = unfinished(in: workspace, report.paths)
    for gone in head?.selected(selection) ?? [] where tracked[gone.path] == nil {
        let hasProblem = tracked.problems.contains {
            $0.path == gone.path.addingSuffix(Pointer.suffix)
        }
        guard !hasProblem else { continue }
        report.paths.append(removedStatus(gone))
    }
    report.paths.sort { $0.tracked.path < $1.tracked.path }
    if options.listsUntracked {
        report.untracked = try untrackedFiles(in: workspace, tracked, selection)
    }
    try checkSelection(selection, in: report, of: workspace, options)
    return report
}

/// A path about which there is nothing to tell was mistyped, or is not tracked.
private func checkSelection(
    _ selection: [RepoPath]?, in report: StatusReport, of workspace: Workspace,
    _ options: StatusOptions
) throws {
    let told =
        report.paths.map(\.tracked.path) + report.problems.map(\.path) + report.untracked
    for path in selection ?? [] {
        let isTold = told.contains {
            $0.isInside(path) || path.isInside($0) || $0 == path.addingSuffix(Pointer.suffix)
        }
        if !isTold { throw StoreError.notTracked(path, in: workspace) }
    }
}

private func pathStatus(
    _ tracked: TrackedPath, _ scanner: ContentScanner, _ head: TrackedPaths?
) throws -> PathStatus {
    let store = try scanner.workspace.store()
    var state = PathStatus.State.clean
    var changes: [FileChange] = []
    var unknownFiles = 0
    var current = ContentState.missing
    let part = try scanner.workspace.folderPart(of: tracked)
    if let status = try scanner.status(of: tracked.path) {
        if status.kind == .directory, case .directory(let whole) = tracked.content {
            let id = part?.here ?? whole
            let folder = try scanner.scan(tracked.path, comparedWith: id)
            current = folder.state
            if folder.tree != id {
                state = .modified
                if store.contains(.treeNode, id.digest) {
                    changes = try folder.changes(since: try store.tree(id), in: store)
                }
                if part != nil {
                    let known = changes.filter { $0.form != .added }
                    unknownFiles = changes.count - known.count
                    changes = known
                }
            } else if part != nil {
                state = .partial
            }
        } else {
            current = try scanner.state(of: tracked.path)
            if !tracked.matches(current) { state = .modified }
        }
    } else {
        state = part != nil || store.contains(tracked.content) ? .missing : .notInStore
    }
    let headContent = head?[tracked.path]?.content
    var change: PathStatus.Change?
    if head != nil, headContent != tracked.content {
        change = headContent == nil ? .added : .modified
    }
    return PathStatus(
        tracked: tracked, state: state, current: current, changes: changes,
        part: try part.map { try PartCount($0, of: tracked, in: store) },
        unknownFiles: unknownFiles, head: change, headContent: headContent)
}

private func removedStatus(_ gone: TrackedPath) -> PathStatus {
    PathStatus(
        tracked: gone, state: .clean, current: .missing, changes: [], part: nil, unknownFiles: 0,
        head: .removed, headContent: gone.content)
}

/// Commands that died half way, as far as it still shows.
private func unfinished(in workspace: Workspace, _ found: [PathStatus]) -> [UnfinishedWork] {
    let changed = found.filter { ![.clean, .partial].contains($0.state) }.map(\.tracked.path)
    return workspace.unfinishedWork().compactMap { work in
        let paths = work.paths.filter { path in
            changed.contains { path.isInside($0) || $0.isInside(path) }
        }
        return paths.isEmpty ? nil : UnfinishedWork(command: work.command, paths: paths)
    }
}

/// What HEAD tracks; nil where nothing is compared.
private func headContents(
    in workspace: Workspace, _ options: StatusOptions, _ report: inout StatusReport
) throws -> TrackedPaths? {
    guard options.comparesHead, let git = workspace.git else { return nil }
    do {
        guard let commit = try git.head() else { return TrackedPaths() }
        return try workspace.tracked(atCommit: commit.hex)
    } catch let error as StoreError {
        // The data can be looked at without git's history.
        report.headProblem = error
        return nil
    }
}

/// Files below the workspace that neither mlstore nor git tracks or ignores.
private func untrackedFiles(
    in workspace: Workspace, _ tracked: TrackedPaths, _ selection: [RepoPath]?
) throws -> [RepoPath] {
    let all = try UntrackedFiles.list(in: workspace, tracked)
    return all.filter { path in
        guard let selection else { return true }
        return selection.contains { path.isInside($0) }
    }
}

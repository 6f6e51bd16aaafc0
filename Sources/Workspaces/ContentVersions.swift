import Bytes
import GitHistory
import Objects
package import Vocabulary

/// What some tracked paths hold, in every version that something here names: pointers and lock files of the work
/// tree, of git's index and history, of snapshots and of the last operations, and runs. Files that cannot
/// be read are passed over.
package struct ContentVersions {
    /// Each content with the path, once.
    package private(set) var contents: [(path: RepoPath, id: ContentID)] = []
    private let paths: Set<RepoPath>
    private var seen: [RepoPath: Set<ContentID>] = [:]

    /// Looks for them. Costs about what finding the roots of a collection does.
    package init(of paths: Set<RepoPath>, in workspace: Workspace) throws {
        self.paths = paths
        add(try workspace.tracked())
        let search = try LiveRootSearch(workspace, KeepPolicy())
        if workspace.git != nil {
            for (file, text) in try workspace.stagedTexts().sorted(by: { $0.key < $1.key }) {
                add(file, text)
            }
            for file in try search.committedFiles() {
                if let path = workspace.workspacePath(ofGit: file.path) { add(path, file.bytes) }
            }
        }
        let store = try workspace.store()
        try store.refresh()
        for entry in try search.undoable(store) {
            for (file, text) in try search.texts(of: entry, store) { add(file, text) }
        }
        for snapshot in try snapshotLog(of: workspace) {
            // Of one that was never fetched only the record is here.
            guard store.contains(.treeNode, snapshot.record.tree.digest) else { continue }
            let state = try? TrackingState(.snapshot(snapshot.id), of: workspace)
            for tracked in state?.paths ?? [] { add(tracked.path, tracked.content) }
        }
        for (_, id) in try store.refs(under: "runs/") where store.contains(.record, id.digest) {
            let outputs = try store.readRecord(id)["outputs"]?.objectValue ?? [:]
            for (name, value) in outputs.sorted(by: { $0.key < $1.key }) {
                guard let path = try? RepoPath(name),
                    let content = value.stringValue.flatMap({ ContentID(text: $0) })
                else { continue }
                add(path, content)
            }
        }
    }

    private mutating func add(_ file: RepoPath, _ text: [UInt8]) {
        if let tracked = try? TrackedPaths(files: [file: text], at: "another version") {
            add(tracked)
        }
    }

    private mutating func add(_ tracked: TrackedPaths) {
        for item in tracked.paths { add(item.path, item.content) }
    }

    private mutating func add(_ path: RepoPath, _ content: ContentID) {
        guard paths.contains(path), seen[path, default: []].insert(content).inserted else { return }
        contents.append((path, content))
    }
}

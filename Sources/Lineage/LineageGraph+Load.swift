import Bytes
import Objects
import Vocabulary
package import Workspaces

extension LineageGraph {
    /// The graph of a workspace: every run that its store has, what its pointers and its lock
    /// say, and the snapshots that its data came with.
    ///
    /// Costs a read of every run's record. Runs whose records are elsewhere are left out; see
    /// `absentRuns`.
    package static func load(from workspace: Workspace) throws -> LineageGraph {
        let store = try workspace.store()
        var runs: [RunID: RunRecord] = [:]
        var absent = 0
        for (_, record) in try store.refs(under: "runs/") {
            guard store.contains(.record, record.digest) else {
                absent += 1
                continue
            }
            runs[RunID(record.digest)] = try runRecord(RunID(record.digest), in: store)
        }
        let lock = try workspace.lockFile()
        var graph = LineageGraph(runs: runs, locked: Set(lock.stages.values.map(\.run)))
        graph.absentRuns = absent
        for tracked in try workspace.tracked().paths {
            var detail = RunRecord.Detail(sizeBytes: tracked.sizeBytes)
            if case .pointer(let pointer) = tracked.source { detail.rows = pointer.shape?.rows }
            graph.note(tracked.content, at: tracked.path, detail)
        }
        try graph.noteSnapshots(of: store)
        return graph
    }

    /// The record of a run; `.corrupt` when it is something else.
    static func runRecord(_ id: RunID, in store: ObjectStore) throws -> RunRecord {
        let json = try store.readRecord(id.record)
        do throws(DecodeError) {
            return try RunRecord(json)
        } catch {
            throw StoreError(
                .corrupt, "the record of run '\(id.short)' is no run: \(error.reason)",
                subject: id.description, advice: "run 'mlstore fsck'", cause: error)
        }
    }

    /// How far back snapshots are looked at.
    private static let snapshotLimit = 1000

    /// Finds the oldest snapshot of an unbroken row, from the head back, that holds each source.
    private mutating func noteSnapshots(of store: ObjectStore) throws {
        var open = sources
        var next = try store.ref(.head).map { SnapshotID($0.digest) }
        for _ in 0..<LineageGraph.snapshotLimit {
            guard let id = next, !open.isEmpty, store.contains(.record, id.digest) else { return }
            let record = try SnapshotRecord(store.readRecord(id.record))
            let tree = try store.tree(record.tree)
            let summary = LineageSnapshot(
                id: id, message: record.message.split(separator: "\n").first.map(String.init) ?? "",
                author: record.author, time: record.time)
            open = try open.filter { content in
                guard let path = name(of: content),
                    try tree.entry(at: path)?.id == content.digest
                else { return false }
                note(content, in: summary)
                return true
            }
            next = record.parents.first
        }
    }
}

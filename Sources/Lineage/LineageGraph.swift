package import Vocabulary
package import Workspaces

/// Which way to follow the graph.
package enum LineageDirection: String, Sendable, CaseIterable {
    /// To what something came from.
    case up
    /// To what came of it.
    case down
    /// Both ways.
    case both
}

/// The ancestry and the offspring of one content or run.
package struct LineageTree: Sendable, Equatable {
    /// What was asked about, without children.
    package let root: LineageNode.Subject
    /// What it came from; nil when that was not asked for.
    package let up: [LineageNode]?
    /// What came of it; nil when that was not asked for.
    package let down: [LineageNode]?
    /// What the newest replay of a run showed, of those that were replayed.
    package var verdicts: [RunID: RunVerdict] = [:]
}

/// Runs, and the contents that they read and wrote.
///
/// A content is linked to runs by its id alone, so that renamed files, other clones and other
/// branches make no difference.
package struct LineageGraph: Sendable {
    /// The runs in the order of their start, then of their ids.
    package let runs: [(id: RunID, record: RunRecord)]
    private var producers: [ContentID: [Int]] = [:]
    private var consumers: [ContentID: [Int]] = [:]
    private var details: [ContentID: RunRecord.Detail] = [:]
    private var names: [ContentID: RepoPath] = [:]
    private var snapshots: [ContentID: LineageSnapshot] = [:]
    /// How many runs refs name whose records are not in the store here.
    package internal(set) var absentRuns = 0
    /// The runs that the workspace's lock names: preferred where several gave the same bytes.
    private let locked: Set<RunID>

    /// The graph of these runs.
    package init(runs: [RunID: RunRecord], locked: Set<RunID> = []) {
        self.runs = runs.map { ($0.key, $0.value) }.sorted { left, right in
            left.1.startedAt == right.1.startedAt
                ? left.0 < right.0 : left.1.startedAt < right.1.startedAt
        }
        self.locked = locked
        for (index, run) in self.runs.enumerated() {
            for (path, id) in run.record.inputs.sorted(by: { $0.key < $1.key }) {
                consumers[id, default: []].append(index)
                note(id, at: path, run.record.details[path])
            }
            for (path, id) in run.record.outputs.sorted(by: { $0.key < $1.key }) {
                producers[id, default: []].append(index)
                note(id, at: path, run.record.details[path])
            }
        }
    }

    /// Adds what a pointer or a lock says about a content.
    package mutating func note(_ id: ContentID, at path: RepoPath, _ detail: RunRecord.Detail?) {
        names[id] = path
        guard let detail else { return }
        details[id] = RunRecord.Detail(
            sizeBytes: detail.sizeBytes, rows: detail.rows ?? details[id]?.rows)
    }

    /// Adds the snapshot that a content first came with.
    package mutating func note(_ id: ContentID, in snapshot: LineageSnapshot) {
        snapshots[id] = snapshot
    }

    /// The contents that the graph knows, sorted by digest.
    package var contents: [ContentID] { names.keys.sorted { $0.digest < $1.digest } }

    /// Where a content stands or stood; nil for one that the graph does not know.
    package func name(of id: ContentID) -> RepoPath? { names[id] }

    /// The contents that the graph knows and no run wrote, sorted by digest.
    package var sources: [ContentID] {
        names.keys.filter { producers[$0] == nil }.sorted { $0.digest < $1.digest }
    }

    /// The run of that id.
    package func run(_ id: RunID) -> RunRecord? { runs.first { $0.id == id }?.record }

    /// The tree around a content.
    package func lineage(
        of id: ContentID, at path: RepoPath? = nil, direction: LineageDirection
    ) -> LineageTree {
        var seen: Set<Digest> = [id.digest]
        let up = direction == .down ? nil : ancestors(of: id, &seen)
        seen = [id.digest]
        let down = direction == .up ? nil : descendants(of: id, &seen)
        return LineageTree(root: .content(content(id, at: path)), up: up, down: down)
    }

    /// The tree around a run; nil when there is no such run.
    package func lineage(of id: RunID, direction: LineageDirection) -> LineageTree? {
        guard let index = runs.firstIndex(where: { $0.id == id }) else { return nil }
        var seen: Set<Digest> = [id.digest]
        let up = direction == .down ? nil : inputs(of: index, &seen)
        seen = [id.digest]
        let down = direction == .up ? nil : outputs(of: index, &seen)
        return LineageTree(root: .run(id, runs[index].record), up: up, down: down)
    }

    private func content(_ id: ContentID, at path: RepoPath?) -> LineageContent {
        LineageContent(
            id: id, path: path ?? names[id], sizeBytes: details[id]?.sizeBytes,
            rows: details[id]?.rows, otherProducers: max(0, (producers[id]?.count ?? 0) - 1))
    }

    /// The run that stands for those that wrote `id`: the lock's, else the latest.
    private func producer(of id: ContentID) -> Int? {
        let all = producers[id] ?? []
        return all.last { locked.contains(runs[$0].id) } ?? all.last
    }

    private func ancestors(of id: ContentID, _ seen: inout Set<Digest>) -> [LineageNode] {
        if let index = producer(of: id) {
            return [runNode(index, &seen) { inputs(of: index, &$0) }]
        }
        return snapshots[id].map { [LineageNode(.snapshot($0))] } ?? []
    }

    private func descendants(of id: ContentID, _ seen: inout Set<Digest>) -> [LineageNode] {
        (consumers[id] ?? []).map { index in
            runNode(index, &seen) { outputs(of: index, &$0) }
        }
    }

    private func runNode(
        _ index: Int, _ seen: inout Set<Digest>, _ children: (inout Set<Digest>) -> [LineageNode]
    ) -> LineageNode {
        let (id, record) = runs[index]
        guard seen.insert(id.digest).inserted else {
            return LineageNode(.run(id, record), isRepeated: true)
        }
        return LineageNode(.run(id, record), children: children(&seen))
    }

    private func inputs(of index: Int, _ seen: inout Set<Digest>) -> [LineageNode] {
        contents(runs[index].record.inputs, &seen) { ancestors(of: $0, &$1) }
    }

    private func outputs(of index: Int, _ seen: inout Set<Digest>) -> [LineageNode] {
        contents(runs[index].record.outputs, &seen) { descendants(of: $0, &$1) }
    }

    private func contents(
        _ files: [RepoPath: ContentID], _ seen: inout Set<Digest>,
        _ next: (ContentID, inout Set<Digest>) -> [LineageNode]
    ) -> [LineageNode] {
        files.sorted { $0.key < $1.key }.map { path, id in
            let subject = LineageNode.Subject.content(content(id, at: path))
            guard seen.insert(id.digest).inserted else {
                return LineageNode(subject, isRepeated: true)
            }
            return LineageNode(subject, children: next(id, &seen))
        }
    }
}

import Bytes
import Platform
import Vocabulary
package import Workspaces

/// The stages that a `repro` or `mlstore run` is at, for whoever comes after a kill: a file below
/// `.mlstore/tmp` that is there while any is. Only told, never relied on: what a killed run left is
/// found by `OutputShelter` and the lock file. So it is not made durable, and failing to write it is no
/// failure.
struct RunningNote {
    private let workspace: Workspace
    private var stages: [String] = []

    init(in workspace: Workspace) { self.workspace = workspace }

    private static let maximumBytes = 1 << 20

    /// Notes that a stage begins.
    mutating func begin(_ stage: String) {
        stages.append(stage)
        save()
    }

    /// Notes that a stage came to its end, whichever; one that never began is passed over.
    mutating func end(_ stage: String) {
        guard let index = stages.firstIndex(of: stage) else { return }
        stages.remove(at: index)
        save()
    }

    /// Forgets what a killed run noted.
    func clear() { try? workspace.disk.removeFile(file) }  // there is mostly none

    private var file: DiskPath { workspace.pipelineScratch / "running.json" }

    private func save() {
        guard !stages.isEmpty else { return clear() }
        let json = JSONValue.array(stages.map { .string($0) })
        try? writeAtomically(json.canonical, to: file, on: workspace.disk, durable: false)
    }

    /// What a file names that is there; nothing without one.
    fileprivate var found: [String] {
        guard
            let bytes = try? workspace.disk.readFile(
                file, maximumBytes: RunningNote.maximumBytes),
            let names = (try? JSONValue(parsing: bytes))?.arrayValue
        else { return [] }
        return names.compactMap(\.stringValue)
    }
}

/// The stages at which the last `repro` or `mlstore run` was killed; none where it came to an end, or
/// one is at work.
package func interruptedStages(in workspace: Workspace) throws -> [String] {
    let stages = RunningNote(in: workspace).found
    guard !stages.isEmpty, try !workspace.isPipelineRunning() else { return [] }
    return stages
}

extension Workspace {
    /// Where unfinished work of pipelines stands; nothing in it is needed once no `repro` runs.
    var pipelineScratch: DiskPath { root / ".mlstore" / "tmp" }

    /// What a `repro` at work holds, and a command that outlives one.
    var pipelineLock: DiskPath { pipelineScratch / "repro.lock" }

    /// Whether one works here now. Asked only where a run was noted: for an instant it keeps others out.
    fileprivate func isPipelineRunning() throws -> Bool {
        guard let held = try disk.lock(pipelineLock, .exclusive, wait: .never) else { return true }
        held.unlock()
        return false
    }
}

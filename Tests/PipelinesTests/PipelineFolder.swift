import Bytes
import Objects
import Pipelines
import Platform
import Synchronization
import TestSupport
import Vocabulary
import Workspaces

/// A workspace in a temporary folder, inside git, with a store.
struct PipelineFolder {
    let folder: TemporaryFolder
    let workspace: Workspace

    init(_ stages: String = "", parameters: String? = nil, inGit: Bool = true) throws {
        folder = try TemporaryFolder()
        if inGit { try folder.run("git", "init", "-q", "-b", "main") }
        workspace = try Workspace.create(at: folder.path, on: Machine.local()).workspace
        try folder.write(stages, to: "mlstore.yaml")
        if let parameters { try folder.write(parameters, to: "params.yaml") }
    }

    /// What became of each stage: `a ran, b current`.
    @discardableResult
    func repro(_ change: (inout ReproOptions) -> Void = { _ in }) throws -> String {
        var options = ReproOptions()
        options.threads = 1
        change(&options)
        let report = try Pipelines.repro(options, in: workspace)
        return report.outcomes.map { "\($0.stage) \($0.deed.rawValue)" }.joined(separator: ", ")
    }

    func report(_ change: (inout ReproOptions) -> Void = { _ in }) throws -> ReproReport {
        var options = ReproOptions()
        change(&options)
        return try Pipelines.repro(options, in: workspace)
    }

    var lock: LockFile {
        get throws { try LockFile.load(from: folder.path, on: LocalDisk()) }
    }

    func run(of stage: String) throws -> RunRecord {
        guard let locked = try lock.stages[stage] else {
            throw StoreError(.notFound, "no entry for '\(stage)'")
        }
        return try RunRecord(workspace.store().readRecord(locked.run.record))
    }

    /// Everything below the top but git's and our own folder: paths and contents.
    func files() throws -> [String: String] {
        let list = try folder.run(
            "find", ".", "-path", "./.git", "-prune", "-o", "-path", "./.mlstore", "-prune", "-o",
            "-type", "f", "-print")
        var files: [String: String] = [:]
        for name in list.split(separator: "\n") where !name.hasSuffix(".gitignore") {
            files[String(name.dropFirst(2))] = try folder.read(String(name.dropFirst(2)))
        }
        return files
    }

    /// Names in `.mlstore/tmp` but for the lock.
    func litter() throws -> [String] {
        let temporary = folder.path / ".mlstore" / "tmp"
        return try LocalDisk().entries(of: temporary).map {
            String(decoding: $0.name, as: UTF8.self)
        }
        .filter { $0 != "repro.lock" }
    }
}

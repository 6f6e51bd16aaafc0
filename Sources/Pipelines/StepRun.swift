import Kernels
import Learning
import Platform
import Tables
import Vocabulary
import Workspaces

/// A built-in step between files of a disk.
struct StepRun {
    let step: StepDescription
    let disk: any Disk
    let threads: Int
    /// Where each input stands, by the path in the step's description.
    let inputs: [String: DiskPath]
    /// Where each output is written; the files are new.
    let outputs: [String: DiskPath]
    let log: @Sendable (String) -> Void
    /// What trials came to earlier.
    let trials: TrialMemory?
    /// The pieces of inputs that the store knows, by the path in the step's description.
    var pieces: [String: @Sendable () throws -> ContentPieces?] = [:]

    private static let bufferBytes = 1 << 20

    init(
        step: StepDescription, disk: any Disk, threads: Int, inputs: [String: DiskPath],
        outputs: some Sequence<(String, DiskPath)>, trials: TrialMemory? = nil,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.step = step
        self.disk = disk
        self.threads = threads
        self.inputs = inputs
        self.outputs = Dictionary(outputs) { first, _ in first }
        self.log = log
        self.trials = trials
    }

    /// A path of a step's description as one of the workspace.
    static func path(_ text: String) throws -> RepoPath {
        try StagePath(text: text, folder: nil).resolved(
            stage: "", verb: "reads", place: SourcePlace(line: 0))
    }

    /// Runs the step and syncs what it wrote; the ledger of what it trained. Errors name the stage.
    func run(stage: String) throws -> StepLedger? {
        var files: [any DiskFile] = []
        defer { for file in files { try? file.close() } }  // synced before, where it matters
        var sinks: [String: ByteSink] = [:]
        var buffers: [WriteBuffer] = []
        for (path, place) in outputs.sorted(by: { $0.key < $1.key }) {
            let file = try disk.openFile(place, .createNew(permissions: 0o644))
            let buffer = WriteBuffer(file, limit: StepRun.bufferBytes)
            files.append(file)
            buffers.append(buffer)
            sinks[path] = ByteSink { bytes in try buffer.write(bytes) }
        }
        let ledger = Monitor<StepLedger?>(nil)
        do {
            _ = try step.run(
                inputs: sources, outputs: sinks,
                context: StepContext(
                    executor: executor, takeLedger: { new in ledger.withLock { $0 = new } },
                    trials: trials, log: log))
        } catch let error as StoreError {
            throw StoreError(
                error.kind, "stage '\(stage)' failed: \(error.message)", subject: stage,
                advice: error.advice, safety: CommandRun.safety, cause: error.cause)
        }
        for buffer in buffers { try buffer.finish() }
        return ledger.withLock { $0 }
    }

    private var sources: [String: ByteSource] {
        let disk = self.disk
        return Dictionary(
            inputs.map { path, place in
                let source = ByteSource(
                    name: path, pieces: pieces[path],
                    ranges: { try TableRanges(place, on: disk) }
                ) {
                    let file = try disk.openFile(place, .read)
                    var offset = 0
                    return {
                        let bytes = try file.read(at: offset, count: StepRun.bufferBytes)
                        offset += bytes.count
                        if bytes.isEmpty { try file.close() }
                        return bytes
                    }
                }
                return (path, source)
            }
        ) { first, _ in first }
    }

    private var executor: ParallelExecutor {
        let threads = threads
        guard threads > 1 else { return .serial }
        return ParallelExecutor { count, body in
            // The body cannot throw, so neither can the pool.
            try? parallelForEach(count: count, threads: threads) { body($0) }
        }
    }
}

/// Gathers small writes to a file.
private final class WriteBuffer {
    private let file: any DiskFile
    private let limit: Int
    private var pending: [UInt8] = []
    private var offset = 0

    init(_ file: any DiskFile, limit: Int) {
        self.file = file
        self.limit = limit
    }

    func write(_ bytes: [UInt8]) throws {
        pending += bytes
        if pending.count >= limit { try flush() }
    }

    func finish() throws {
        try flush()
        try file.sync()
    }

    private func flush() throws {
        guard !pending.isEmpty else { return }
        try file.write(pending, at: offset)
        offset += pending.count
        pending.removeAll(keepingCapacity: true)
    }
}

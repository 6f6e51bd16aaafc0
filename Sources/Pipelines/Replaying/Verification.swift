import Bytes
import GitHistory
import Learning
import Objects
import Platform
import Vocabulary
import Workspaces

/// Replays of single stages.
struct Verification {
    let place: Workplace
    let lock: LockFile
    let threads: Int
    /// What keeps other runs out.
    let held: any DiskLock
    /// What there is here and now, and what git says.
    let surroundings: RunSurroundings
    let git: GitState
    /// Who replays.
    let author: String?
    /// What the numbers of outputs may differ by, by the stage file as it is now; nothing where that
    /// cannot be read.
    let tolerances: [String: [RepoPath: Tolerance]]
    let progress: @Sendable (ReproEvent) -> Void

    init(
        _ options: ReplayOptions, lock: LockFile, holding held: any DiskLock, in place: Workplace,
        progress: @escaping @Sendable (ReproEvent) -> Void
    ) throws {
        self.place = place
        self.lock = lock
        self.held = held
        self.progress = progress
        threads = options.threads
        surroundings = try RunSurroundings(root: place.root, disk: place.disk)
        git = try place.gitState(recorded: Set(lock.outputs.map(\.path)))
        author = try? defaultAuthor(in: place.workspace)
        let stages = (try? StageGraph(place.stageFile()))?.stages ?? []
        tolerances = Dictionary(
            stages.map { stage in (stage.name, stage.flags.compactMapValues(\.tolerance)) }
        ) { first, _ in first }
    }

    /// A replay cannot fail `verify`, except by an interruption: what goes wrong is the verdict.
    func verify(_ name: String, _ stage: LockFile.Stage) throws -> Verdict {
        let startedAt = place.clock.now()
        let environment = environmentDifferences(of: stage)
        func verdict(
            _ outcome: Verdict.Outcome, _ outputs: [Verdict.Output] = [],
            _ divergence: StepLedger.Divergence? = nil
        ) -> Verdict {
            Verdict(
                stage: name, run: stage.run, outcome: outcome, outputs: outputs,
                divergence: divergence, environment: environment, replayedAt: startedAt,
                durationMilliseconds: max(
                    0, place.clock.now().milliseconds - startedAt.milliseconds),
                author: author,
                machine: surroundings.environment(of: stage.action, variables: [], git: .none),
                proof: proof(of: outcome, stage))
        }
        let missing = try missingInputs(of: stage)
        guard missing.isEmpty else { return verdict(.unavailable(missing)) }
        progress(.started(stage: name, reasons: []))
        let scratch = try place.makeScratch("verify")
        defer { try? place.disk.removeTree(scratch) }  // litter at worst
        do {
            let ledger = try replay(name, stage, in: scratch)
            let outputs = try compare(name, stage, in: scratch)
            let isNear = outputs.allSatisfy { $0.isEqual || $0.isWithinTolerance }
            return verdict(
                outputs.allSatisfy(\.isEqual) ? .bitwise : isNear ? .withinTolerance : .different,
                outputs,
                divergence(of: ledger, from: stage.run))
        } catch let error as StoreError where error.kind != .interrupted {
            return verdict(.failed(Verification.text(of: error)))
        }
    }

    private func proof(of outcome: Verdict.Outcome, _ stage: LockFile.Stage) -> Verdict.Proof? {
        switch outcome {
        case .bitwise: stage.action.isCore ? .anywhere : .here
        case .withinTolerance: .tolerance
        case .different, .failed, .unavailable: nil
        }
    }

    /// None where the run's record is not here.
    private func environmentDifferences(of stage: LockFile.Stage) -> [EnvironmentDifference] {
        guard let run = try? RunRecord(place.store.readRecord(stage.run.record)) else { return [] }
        return run.environment.differences(
            to: surroundings.environment(
                of: stage.action, variables: run.environment.variables.keys.sorted(), git: git))
    }

    private static func text(of error: StoreError) -> String {
        guard let output = error.cause as? CommandOutput else { return error.message }
        return error.message + "\n" + output.description
    }

    /// Inputs that neither the store nor the work tree has with the locked content.
    private func missingInputs(of stage: LockFile.Stage) throws -> [RepoPath] {
        try stage.dependencies.sorted { $0.key < $1.key }.compactMap { path, content in
            if try PathContents.holds(content, place.store) { return nil }
            return try place.contents(as: path).id(at: place.root / path) == content ? nil : path
        }
    }

    /// Where a training went another way than the run did; nil where it did not, and where either
    /// has no ledger.
    private func divergence(of ledger: StepLedger?, from run: RunID) -> StepLedger.Divergence? {
        guard let ledger,
            let recorded = (try? RunRecord(place.store.readRecord(run.record)))?.ledger,
            let former = try? StepLedger(place.store.readRecord(recorded))
        else { return nil }
        return former.divergence(from: ledger)
    }

    /// The ledger of what was trained.
    private func replay(
        _ name: String, _ stage: LockFile.Stage, in scratch: DiskPath
    ) throws -> StepLedger? {
        let run = try? RunRecord(place.store.readRecord(stage.run.record))
        if stage.action.commandLine != nil { try putCode(of: run, into: scratch) }
        for (path, content) in stage.dependencies.sorted(by: { $0.key < $1.key }) {
            let isExecutable = run?.details[path]?.isExecutable ?? false
            try put(path, content, isExecutable: isExecutable, into: scratch)
        }
        for path in stage.outputs.keys.sorted() {
            try place.disk.removeTree(scratch / path)
            try place.disk.makeDirectories((scratch / path).parent)
        }
        if let directory = stage.directory {
            try place.disk.makeDirectories(scratch / directory)
        }
        let report = progress
        func command(_ line: String) -> CommandRun {
            CommandRun(
                stage: name, command: line,
                directory: stage.directory.map { scratch / $0 } ?? scratch, seed: run?.seed ?? 0,
                threads: threads, lock: held, onLine: { report(.line(stage: name, $0)) })
        }
        switch stage.action {
        case .command(let line): try command(line).run()
        case .step(let recorded):
            guard let map = StageMap(recorded: recorded) else {
                return try replayStep(name, recorded, in: scratch)
            }
            guard case .directory(let id)? = stage.dependencies[map.source] else { return nil }
            let entries = try place.store.tree(id).flatEntries(in: place.store)
            try MapRun(
                map: map, stage: name, root: scratch, directory: stage.directory,
                disk: place.disk, jobs: 1, places: JobPlaces(1), command: command(map.command)
            ).run(map.items(in: entries, stage: name))
        }
        return nil
    }

    private func replayStep(
        _ name: String, _ recorded: JSONValue, in scratch: DiskPath
    ) throws -> StepLedger? {
        let step = try StepDescription.replayed(recorded)
        let report = progress
        return try StepRun(
            step: step, disk: place.disk, threads: threads,
            inputs: Dictionary(
                try step.inputs.map { ($0.path, scratch / (try StepRun.path($0.path))) }
            ) { first, _ in first },
            outputs: try step.outputs.map { ($0.path, scratch / (try StepRun.path($0.path))) },
            log: { report(.line(stage: name, Array($0.utf8))) }
        ).run(stage: name)
    }

    /// An input from the store; one that only the work tree has is read from there.
    private func put(
        _ path: RepoPath, _ content: ContentID, isExecutable: Bool, into scratch: DiskPath
    ) throws {
        let target = scratch / path
        try place.disk.removeTree(target)
        try place.disk.makeDirectories(target.parent)
        if try PathContents.holds(content, place.store) {
            return try place.contents.write(
                content, isExecutable: isExecutable, to: target, from: place.store)
        }
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        _ = try place.contents(as: path).keep(place.root / path, in: session)
        _ = try session.commit()
        try place.contents.write(content, isExecutable: isExecutable, to: target, from: place.store)
    }

    /// The files of the commit that the run recorded, pointers excepted: for program texts that
    /// the stage does not declare.
    private func putCode(of run: RunRecord?, into scratch: DiskPath) throws {
        guard let git = place.git, let hex = run?.environment.gitCommit,
            let commit = GitCommit(hex: hex), let paths = try? git.files(in: commit, suffix: "")
        else { return }
        for outer in paths {
            guard let path = place.workspace.workspacePath(ofGit: outer),
                path.removingSuffix(Pointer.suffix) == nil,
                path.components.first != Array(".mlstore".utf8),
                let bytes = try git.file(
                    at: outer, in: commit, maximumBytes: Verification.maximumCodeBytes)
            else { continue }
            try place.disk.makeDirectories((scratch / path).parent)
            // A program text says by its first bytes that it wants to be executed.
            let permissions: UInt16 = bytes.starts(with: [0x23, 0x21]) ? 0o755 : 0o644
            let file = try place.disk.openFile(
                scratch / path, .createNew(permissions: permissions))
            defer { try? file.close() }  // a scratch file: a failed write has thrown before
            try file.write(bytes, at: 0)
        }
    }

    private static let maximumCodeBytes = 256 << 20

    private func compare(
        _ name: String, _ stage: LockFile.Stage, in scratch: DiskPath
    ) throws -> [Verdict.Output] {
        try stage.outputs.sorted { $0.key < $1.key }.map { path, output in
            let found = try place.contents(as: path).id(at: scratch / path)
            let isComparable = found != output.content && found != nil
            let comparison = ContentComparison(place: place, scratch: scratch / path)
            let tolerance = tolerances[name]?[path]
            let numbers =
                isComparable ? try? comparison.numbers(output, at: path, tolerance) : nil
            return Verdict.Output(
                path: path, expected: output.content, found: found,
                difference: isComparable
                    ? try? comparison.firstDifference(from: output, at: path) : nil,
                tolerance: tolerance, isWithinTolerance: numbers?.isWithin ?? false,
                deviation: numbers.flatMap { $0.isOfAnotherKind ? nil : $0.largest })
        }
    }
}

extension LockFile.Action {
    /// Whether it ran in the numeric core.
    var isCore: Bool {
        guard case .step(let step) = self else { return false }
        return StageMap(recorded: step) == nil
    }
}

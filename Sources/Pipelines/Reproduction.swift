import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

/// One `repro` at work.
///
/// Invariant: between two stages the store, the outputs on disk and the lock agree; within one
/// stage the order of work is such that every interruption leaves it stale, never wrong.
final class Reproduction {
    let place: Workplace
    let file: StageFile
    let graph: StageGraph
    let options: ReproOptions
    let progress: @Sendable (ReproEvent) -> Void
    let surroundings: RunSurroundings
    var lock: LockFile
    /// What keeps other runs out; nil while nothing is run.
    private(set) var held: (any DiskLock)?
    var report = ReproReport()
    /// What keeps the items of map stages and other stages together from being more than `jobs`.
    let places: JobPlaces
    /// Runs commands where they are traced.
    private(set) var tracer: CommandTracer?
    /// Believes what the stat tables know of files that have not changed since.
    var scanner: ContentScanner
    /// Folders that were looked at ahead of time: see `lookAhead`.
    private var lookedAt: [RepoPath: ContentID?] = [:]
    /// Which stages run, for those who come after a kill.
    var note: RunningNote
    /// What git says; asked once, since only files that git tracks count.
    private lazy var gitState = Result { try place.gitState(recorded: Set(allProducts)) }

    init(
        _ options: ReproOptions, of file: StageFile? = nil, in place: Workplace,
        progress: @escaping @Sendable (ReproEvent) -> Void
    ) throws {
        self.place = place
        self.options = options
        note = RunningNote(in: place.workspace)
        places = JobPlaces(options.jobs)
        // Several stages may have news at once.
        let order = Monitor(())
        self.progress = { event in order.withLock { _ in progress(event) } }
        self.file = try file ?? place.stageFile()
        graph = try StageGraph(self.file)
        lock = try place.workspace.lockFile()
        scanner = ContentScanner(place.workspace)
        surroundings = try RunSurroundings(root: place.root, disk: place.disk)
        try checkOutputs()
    }

    private var allProducts: [RepoPath] { graph.stages.flatMap(\.products) }

    func git() throws -> GitState { try gitState.get() }

    /// A path is either added or the output of a stage, and no link leads to it: what stands
    /// behind one is elsewhere, perhaps outside of the workspace.
    private func checkOutputs() throws {
        for stage in graph.stages {
            for path in stage.products {
                guard let link = try place.workspace.obstacle(above: path) else { continue }
                throw StoreError.stageFile(
                    stage.place,
                    "stage '\(stage.name)' writes '\(path)', but '\(link)' is a link or a file, not "
                        + "a folder",
                    advice: "write a path that no link leads to, or put a folder there")
            }
            for path in stage.products where try place.workspace.pointer(of: path) != nil {
                throw StoreError.stageFile(
                    stage.place,
                    "stage '\(stage.name)' writes '\(path)', which was added and has a pointer",
                    advice: "remove '\(path).mlstore', or let the stage write elsewhere")
            }
        }
    }

    /// What `stage` finds now.
    func findings(for stage: Stage) throws -> StageFindings {
        var findings = StageFindings()
        for path in stage.dependencies { findings.inputs[path] = .some(try inputID(of: path)) }
        for path in stage.products {
            findings.products[path] = .some(
                try place.workspace.completed(place.content(at: path, scanner), at: path)
                    ?? assumedOutput(at: path, of: stage))
        }
        findings.seed = stage.isStep ? nil : stage.seed ?? options.seed ?? 0
        findings.variables = RunSurroundings.variables(stage.environment)
        findings.lockFiles = surroundings.lockFiles(for: stage)
        return findings
    }

    /// What an output that is not on disk is taken for.
    private func assumedOutput(at path: RepoPath, of stage: Stage) -> ContentID? {
        options.assumesAbsentOutputs ? lock.stages[stage.name]?.outputs[path]?.content : nil
    }

    /// The content of an input: as it is on disk, else as its pointer or the lock names it.
    private func inputID(of path: RepoPath) throws -> ContentID? {
        if let known = lookedAt[path] { return try place.workspace.completed(known, at: path) }
        if let id = try place.content(at: path, scanner) {
            return try place.workspace.completed(id, at: path)
        }
        if let pointer = try place.workspace.pointer(of: path) { return pointer.content }
        return lock.stages.values.compactMap { $0.outputs[path]?.content }.first
    }

    /// Why `stage` has to run.
    func reasons(for stage: Stage, _ findings: StageFindings) -> [StaleReason] {
        if options.forces(stage), !stage.policy.isFrozen { return [options.forceReason] }
        let locked = lock.stages[stage.name]
        // A run whose record is not here (a clone without a pull) explains less; that is all.
        let run = locked.flatMap { try? runRecord($0.run) }
        return findings.reasons(for: stage, locked: locked, run: run)
    }

    func runRecord(_ id: RunID) throws -> RunRecord {
        do throws(DecodeError) {
            return try RunRecord(try record(id))
        } catch {
            throw StoreError(
                .corrupt, "the record of run '\(id.short)' is no run: \(error.reason)",
                subject: id.description, advice: "run 'mlstore fsck'", cause: error)
        }
    }

    private func record(_ id: RunID) throws(DecodeError) -> JSONValue {
        do {
            return try place.store.readRecord(id.record)
        } catch {
            throw DecodeError(at: 0, "\(error)")
        }
    }

    /// Looks at the folders that stages read and none writes on all threads, before the first stage
    /// runs; what was seen is believed until then.
    func lookAhead(_ selection: [Int]) throws {
        let paths = Set(selection.flatMap { graph.stages[$0].dependencies })
            .filter { graph.producer(of: $0) == nil }.sorted()
        let workspace = place.workspace
        let threads = min(workspace.machine.threads, paths.count)
        guard threads > 1 else { return }
        let found = try WorkerPool(threads: threads).map(
            count: paths.count, makeWorker: { ContentScanner(workspace) }
        ) { scanner, index -> ContentState? in
            let path = paths[index]
            let status = try? workspace.disk.status(
                of: workspace.root / path, followingLinks: false)
            // What cannot be read says so in its turn.
            return status?.kind == .directory ? try? scanner.state(of: path) : nil
        }
        for (path, state) in zip(paths, found) {
            if let state { lookedAt[path] = .some(state.content) }
        }
    }

    /// Brings the selected stages up to date. `held` is the pipeline's lock.
    func run(holding held: any DiskLock) throws {
        self.held = held
        defer { self.held = nil }
        try OutputShelter.recover(in: place, lock: lock)
        note.clear()
        defer { scanner.finish() }
        if options.tracing != .off {
            let scratch = try place.makeScratch("trace")
            defer { try? place.disk.removeTree(scratch) }  // litter at worst
            tracer = try CommandTracer(tryingIn: scratch)
        }
        try lookAhead(try options.selection(in: graph, file: file))
        var round = try ReproRound(self)
        report.outcomes = try round.run()
    }

    /// A new scanner takes the time anew, and so believes what stages wrote since the last.
    func renewScanner() {
        lookedAt = [:]
        scanner.finish()
        scanner = ContentScanner(place.workspace)
    }

    /// Looks at a stage: what has to run is ready to.
    func prepare(_ stage: Stage) throws -> StagePreparation {
        let findings = try findings(for: stage)
        let reasons = reasons(for: stage, findings)
        guard !reasons.isEmpty else { return .settled(currentOutcome(of: stage)) }
        guard let recipe = findings.recipe(of: stage) else {
            throw missingInput(of: stage, findings)
        }
        if !options.forces(stage), !stage.policy.isAlwaysRun, options.tracing == .off,
            let run = try cachedRun(recipe.key, for: stage)
        {
            let outcome = try restore(stage, from: run, recipe: recipe, reasons: reasons)
            renewScanner()
            return .settled(outcome)
        }
        lookedAt = [:]
        for path in stage.dependencies {
            try place.workspace.checkWhole(path, to: "run stage '\(stage.name)'")
        }
        note.begin(stage.name)
        progress(.started(stage: stage.name, reasons: reasons))
        for path in stage.dependencies { try fetch(path, of: stage, findings) }
        return .running(
            try execute(stage, recipe: recipe, findings: findings, reasons: reasons))
    }

    private func currentOutcome(of stage: Stage) -> StageOutcome {
        let locked = lock.stages[stage.name]
        let run = locked.flatMap { try? runRecord($0.run) }
        return StageOutcome(
            stage: stage.name, deed: stage.policy.isFrozen ? .frozen : .current, run: locked?.run,
            durationMilliseconds: run?.durationMilliseconds ?? 0, metrics: run?.metrics ?? [:],
            metricsBefore: run?.metrics ?? [:],
            outputs: outputs(of: locked))
    }

    func outputs(
        of locked: LockFile.Stage?
    ) -> [(path: RepoPath, content: ContentID, sizeBytes: Int)] {
        (locked?.outputs ?? [:]).sorted { $0.key < $1.key }.map {
            ($0.key, $0.value.content, $0.value.sizeBytes)
        }
    }

    /// The metrics that a stage had by the lock.
    func metricsBefore(_ stage: Stage) -> [RepoPath: JSONValue] {
        lock.stages[stage.name].flatMap { try? runRecord($0.run) }?.metrics ?? [:]
    }

    /// Puts an input that is not on disk there from the store.
    private func fetch(_ path: RepoPath, of stage: Stage, _ findings: StageFindings) throws {
        let target = place.root / path
        guard try place.disk.status(of: target, followingLinks: true) == nil,
            let content = findings.inputs[path] ?? nil
        else { return }
        try bring([path: content])
        guard try PathContents.holds(content, place.store) else {
            throw StoreError(
                .notInStore,
                "stage '\(stage.name)' needs '\(path)', whose content \(content.short) is not in "
                    + "the store here", subject: path.description,
                advice: "run 'mlstore pull \(path)'", safety: CommandRun.safety)
        }
        let isExecutable = try place.workspace.pointer(of: path)?.isExecutable ?? false
        let scratch = try place.makeScratch("fetch")
        defer { try? place.disk.removeTree(scratch) }  // litter at worst
        try place.contents.write(
            content, isExecutable: isExecutable, to: scratch / "content", from: place.store)
        try place.contents.install(scratch / "content", at: target)
    }

    /// Brings contents that the store lacks, where the options say how.
    func bring(_ contents: [RepoPath: ContentID]) throws {
        guard let fetch = options.fetchContents else { return }
        let lacking = try contents.filter { try !PathContents.holds($0.value, place.store) }
        guard !lacking.isEmpty else { return }
        try fetch(lacking.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        try place.store.refresh()
    }

    private func missingInput(of stage: Stage, _ findings: StageFindings) -> StoreError {
        let path = stage.dependencies.first { (findings.inputs[$0] ?? nil) == nil }
        let name = path?.description ?? ""
        if let path, let producer = graph.producer(of: path) {
            return StoreError(
                .notFound,
                "stage '\(stage.name)' needs '\(name)', which stage '\(producer.name)' has not "
                    + "written (\(stage.place))", subject: name,
                advice: producer.policy.isFrozen
                    ? "take 'frozen' out of stage '\(producer.name)' to let it run"
                    : "run 'mlstore repro \(stage.name)' without --single",
                safety: CommandRun.safety)
        }
        return StoreError(
            .notFound,
            "stage '\(stage.name)' needs '\(name)', which no stage produces and which is not on "
                + "disk (\(stage.place))", subject: name,
            advice: "run 'mlstore pull \(name)', or declare it as an output of a stage in "
                + StageFile.fileName, safety: CommandRun.safety)
    }
}

import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

/// The commands of a map stage, between a folder that stands for the workspace and the store.
struct MapRun: Sendable {
    let map: StageMap
    let stage: String
    /// The top of the workspace, or of a copy of it.
    let root: DiskPath
    let directory: RepoPath?
    let disk: any Disk
    let jobs: Int
    /// What keeps the commands and the other stages together from being more than that.
    let places: JobPlaces
    /// What every item's command has in common; its `variables` are each item's own.
    let command: CommandRun
    /// What is done before and after an item's command.
    var around: @Sendable (MapItem?, CommandRun) throws -> Void = { try $1.run() }

    /// Runs the command for each of the items, several at once. After a failure no other begins.
    func run(_ items: [MapItem]) throws {
        try disk.makeDirectories(root / map.target)
        try WorkerPool(threads: jobs).forEach(count: items.count) { index in
            let item = items[index]
            let output = root / item.output
            try SignalWatch.check()
            try disk.makeDirectories(output.parent)
            var command = command
            command.variables = map.variables(of: item, in: directory)
            command.item = map.source.appending(item.path).description
            let disk = disk
            command.clean = { try disk.removeTree(output) }
            try places.use { try around(item, command) }
            guard try disk.status(of: output, followingLinks: false) != nil else {
                throw StoreError(
                    .stageFailed,
                    "stage '\(stage)' did not write '\(item.output)' for "
                        + "'\(map.source.appending(item.path))'",
                    subject: item.output.description,
                    advice: "let the command write to \"${item.out}\"", safety: CommandRun.safety)
            }
        }
    }
}

extension MapPlan {
    /// Removes the folders that outputs were in, and nothing is any more.
    func removeEmptyFolders(below root: DiskPath, on disk: any Disk) throws {
        guard inPlace != nil else { return }
        for output in moved {
            for folder in output.parents where folder != map.target && folder.isInside(map.target) {
                let place = root / folder
                guard try disk.status(of: place, followingLinks: false)?.kind == .directory,
                    try disk.entries(of: place).isEmpty
                else { break }
                try disk.removeTree(place)
            }
        }
    }

    /// Writes what stays of an earlier run into a new target.
    func writeKept(below root: DiskPath, from store: ObjectStore, on disk: any Disk) throws {
        guard inPlace == nil else { return }
        let contents = PathContents(disk: disk)
        for (_, entries) in kept.sorted(by: { $0.key < $1.key }) {
            for entry in entries {
                let place = root / map.target / entry.path
                try disk.makeDirectories(place.parent)
                if let blob = entry.blob {
                    try contents.write(
                        .file(blob), isExecutable: entry.kind == .executable, to: place,
                        from: store)
                } else {
                    try disk.makeDirectories(place)
                }
            }
        }
    }
}

extension Reproduction {
    /// A map stage that is ready to run.
    func mapRun(
        _ map: StageMap, _ execution: Execution, _ findings: StageFindings,
        _ before: [RepoPath: [FileStatus]]
    ) throws -> StageRun {
        let stage = execution.stage
        let plan = try mapPlan(map, execution, findings)
        let shelter = try OutputShelter(
            plan.moved, of: stage.name, lockedRun: lock.stages[stage.name]?.run, in: place)
        let done = Monitor<[MapItem]>([])
        var mapRun = MapRun(
            map: map, stage: stage.name, root: place.root, directory: stage.directory,
            disk: place.disk, jobs: options.jobs, places: places,
            command: command(map.command, execution))
        var run = StageRun(execution: execution, before: before, shelter: shelter, work: {})
        run.plan = plan
        run.done = done
        do {
            mapRun.around = try traced(&run) { item, command in
                try command.run()
                if let item { done.withLock { $0.append(item) } }
            }
        } catch {
            try shelter.restoreAfterFailure()
            throw error
        }
        let (root, store, disk, work) = (place.root, place.store, place.disk, mapRun)
        run.work = {
            try plan.writeKept(below: root, from: store, on: disk)
            try work.run(plan.stale)
        }
        return run
    }

    /// Keeps what a map stage did before a command of it failed, as far as that can be: without it
    /// the items are done again.
    func keepItems(of run: StageRun) {
        // What a tracer may object to is not known to be good.
        guard let plan = run.plan, let done = run.done?.withLock({ $0 }), options.tracing == .off
        else { return }
        do {
            try checkInputs(of: run.execution.stage, run.before)
            try saveItems(of: plan, done: done, run.execution)
        } catch { return }
    }

    /// Checks what a map stage wrote; where its outputs are, and were.
    func finishMap(_ plan: MapPlan, _ run: StageRun) throws -> Produced {
        let target = plan.map.target
        try plan.removeEmptyFolders(below: place.root, on: place.disk)
        let listing = try place.contents(as: target).listing(of: place.root / target)
        if let stray = plan.map.stray(plan.items, among: listing.items.map(\.path)) {
            throw StoreError(
                .stageFailed,
                "stage '\(run.execution.stage.name)' wrote '\(target.appending(stray))', which is "
                    + "the output of no item", subject: stray.description,
                advice: "let the command write to \"${item.out}\" alone", safety: CommandRun.safety)
        }
        var produced = Produced(places: [target: place.root / target], former: [:])
        if let former = plan.inPlace {
            produced.states[target] = OperationNote.State(content: .directory(former), mode: .plain)
        } else {
            produced.former[target] = try run.shelter?.place(of: target)
        }
        return produced
    }

    /// Records the items that were done before a map stage failed as a run over these alone, so that
    /// they are not done again.
    private func saveItems(of plan: MapPlan, done: [MapItem], _ execution: Execution) throws {
        guard !done.isEmpty else { return }
        let map = plan.map
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        let contents = try place.contents(as: map.target)
        var outputs = plan.kept.values.joined().map { $0 }
        for item in done {
            guard let path = item.output.relative(to: map.target),
                let kept = try contents.keep(place.root / item.output, in: session)
            else { continue }
            let entry: TreeEntry =
                switch kept.content {
                case .file(let blob):
                    .file(path, blob, size: kept.sizeBytes, executable: kept.isExecutable)
                case .directory(let tree): .tree(path, tree, size: kept.sizeBytes)
                }
            outputs.append(entry)
        }
        let owned = Set(done.map(\.path)).union(
            plan.items.filter { plan.kept[$0.output] != nil }.map(\.path))
        let source = plan.source.filter { entry in
            map.item(holding: entry.path).map(owned.contains) ?? false
        }
        _ = try place.keep(map.source, replacing: nil, in: session, scanner)
        let stage = execution.stage
        var execution = execution
        execution.inputs[map.source] = .directory(
            try session.putTree(source.sorted { $0.path < $1.path }))
        execution.recipe = Recipe(
            of: stage, inputs: execution.inputs, seed: execution.seed,
            variables: RunSurroundings.variables(stage.environment),
            lockFiles: surroundings.lockFiles(for: stage), core: RunSurroundings.coreVersion)
        var record = try runRecord(of: execution)
        record.outputs = [
            map.target: .directory(try session.putTree(outputs.sorted { $0.path < $1.path }))
        ]
        let run = RunID(try session.putRecord(record.json).digest)
        try place.withLock {
            var operation = Operation(command: "repro \(stage.name): some items")
            operation.refs = try refChanges(run: run, recipes: [record.recipe, plan.key])
            report.newBytesStored += try operation.commit(session, in: place.workspace).storedBytes
        }
    }
}

import ArgumentParser
import Pipelines
import Transfer
import Vocabulary
import Workspaces

struct ReproCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "repro",
        abstract: "Run the stages that are stale.",
        discussion: helpText(
            examples: [
                "mlstore repro",
                "mlstore repro train",
                "mlstore repro -j 4 --keep-going",
                "mlstore repro --explain --dry-run",
                "mlstore repro --force --trace train",
                "mlstore repro --pull",
                "mlstore repro --check --remote origin",
                "mlstore repro --verify",
                "mlstore repro --repeat 3 train",
            ],
            notes: """
                Stages are declared in mlstore.yaml:

                  stages:
                    count:
                      cmd: wc -l < data/flights.csv > lines.txt
                      deps: [data/flights.csv]
                      outs: [lines.txt]

                A stage whose recipe was answered before is \
                taken from the run cache. When a stage fails, its previous outputs and the lock \
                stay as they were.

                --trace runs commands under strace, and tells which files of the workspace they read, \
                wrote or removed that their stages do not declare. --strict fails such a stage. \
                What is current is not run for it, unless with --force.

                --check needs no data here: results that are not on disk are taken for what \
                mlstore.lock says. Exit status 3 tells that a stage is stale or a result is not on \
                the remote. --repeat tells by 3 that a stage gives other bytes each time.
                """))

    @Argument(help: "Only these stages or groups, and what they need.")
    var stages: [String] = []

    @Flag(help: "Tell what would run.")
    var dryRun = false

    @Flag(help: "Tell why each stage runs or not.")
    var explain = false

    @Flag(name: .shortAndLong, help: "Run even what is up to date.")
    var force = false

    @Flag(name: .shortAndLong, help: "Run what does not depend on a stage that failed, too.")
    var keepGoing = false

    @Flag(name: .shortAndLong, help: "These stages alone, without what they need.")
    var single = false

    @Flag(help: "These stages and all that depend on them.")
    var downstream = false

    @Flag(help: "Replay from the lock and compare every output.")
    var verify = false

    @Flag(help: "Tell whether every stage is current; run nothing.")
    var check = false

    @Flag(help: "Fetch inputs and earlier results that are not here.")
    var pull = false

    @Flag(help: "Tell which files commands use and stages do not declare.")
    var trace = false

    @Flag(help: "Trace, and fail a stage that uses a file that it does not declare.")
    var strict = false

    @Option(
        help: ArgumentHelp(
            "With --check, results must be there; with --pull, fetch from it.", valueName: "name"))
    var remote: String?

    @Option(
        name: .customLong("repeat"),
        help: ArgumentHelp(
            "Replay so many times: are the bytes always the same?", valueName: "count"))
    var repetitions: Int?

    @Option(
        help: ArgumentHelp(
            "MLSTORE_SEED of commands that declare no seed; 0.", valueName: "number"))
    var seed: Int64?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Run so many stages at once; never changes a result.", valueName: "count"))
    var jobs = 1

    @Option(
        help: ArgumentHelp(
            "Threads of the built-in steps; never changes a result.", valueName: "count"))
    var threads: Int?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let place = try context.workspace()
        try checkCombination()
        if verify { return try replayed(in: place) }
        if let repetitions { return try repeated(repetitions, in: place) }
        if check { return try checked(in: place, context) }
        var options = ReproOptions()
        if pull { options.fetchContents = try fetcher(for: place) }
        options.stages = stages
        options.force = force
        options.single = single
        options.downstream = downstream
        options.dryRun = dryRun
        options.seed = seed
        options.keepGoing = keepGoing
        options.tracing = strict ? .refused : trace ? .told : .off
        options.jobs = try jobCount()
        options.threads = try threadCount(in: place)
        let console = context.console
        let explain = explain || dryRun
        let report = try repro(options, in: place) { event in
            ReproText.lines(event, explaining: explain).forEach { try? console.printLine($0) }
        }
        return ReproText.report(report, isDryRun: dryRun)
    }

    /// More children than this could not all be told of a signal.
    private static let mostJobs = 200

    private func jobCount() throws -> Int {
        guard (1...ReproCommand.mostJobs).contains(jobs) else {
            throw StoreError(
                .badUsage, "--jobs takes 1 to \(ReproCommand.mostJobs)", subject: "\(jobs)",
                safety: "nothing was run")
        }
        return jobs
    }

    private func threadCount(in place: Workspace) throws -> Int {
        guard let threads else { return place.machine.threads }
        guard threads > 0 else {
            throw StoreError(
                .badUsage, "--threads takes 1 or more", subject: "\(threads)",
                safety: "nothing was run")
        }
        return threads
    }

    private func replayed(in place: Workspace) throws -> Report {
        ReproText.report(try replay(try replayOptions(in: place), in: place))
    }

    private func repeated(_ count: Int, in place: Workspace) throws -> Report {
        guard (2...1000).contains(count) else {
            throw StoreError(
                .badUsage, "--repeat takes 2 to 1000", subject: "\(count)",
                safety: "nothing was run")
        }
        return RepetitionText(
            found: try repeatedly(count, try replayOptions(in: place), in: place), count: count
        ).report
    }

    private func replayOptions(in place: Workspace) throws -> ReplayOptions {
        var options = ReplayOptions()
        options.stages = stages
        options.threads = try threadCount(in: place)
        return options
    }

    /// What does one thing leaves out what is about another.
    private func checkCombination() throws {
        let modes = [
            ("--verify", verify), ("--repeat", repetitions != nil), ("--check", check),
            ("--dry-run", dryRun), ("--pull", pull),
        ].filter(\.1).map(\.0)
        if modes.count > 1 {
            throw StoreError(
                .badUsage, "'\(modes[0])' does not go with '\(modes[1])'",
                safety: "nothing was run")
        }
        let runsNothing = modes.first { $0 != "--pull" }
        if let runsNothing, trace || strict {
            throw StoreError(
                .badUsage,
                "'\(runsNothing)' does not go with '\(strict ? "--strict" : "--trace")'",
                safety: "nothing was run")
        }
        guard remote == nil || check || pull else {
            throw StoreError(
                .badUsage, "'--remote' goes with '--check' or '--pull'", safety: "nothing was run")
        }
    }

    private func checked(in place: Workspace, _ context: CommandContext) throws -> Report {
        var options = ReproOptions()
        options.stages = stages
        options.single = single
        options.downstream = downstream
        options.seed = seed
        options.assumesAbsentOutputs = true
        let states = try stageStates(options, in: place)
        guard let remote else {
            return ReproCheckText(states: states, remote: nil, missing: []).report
        }
        let found = try remoteStatus(of: place, remote: remote)
        found.warnings.forEach(context.console.note)
        let names = Set(states.map(\.stage))
        let results = Set(
            try place.lockFile().outputs.filter { names.contains($0.stage) }.map(\.path))
        return ReproCheckText(
            states: states, remote: remote,
            missing: found.paths.filter {
                results.contains($0.path) && ($0.place == .here || $0.place == .nowhere)
            }
        ).report
    }

    /// Fetches contents. The records of runs come at once: they say which results there are.
    private func fetcher(
        for place: Workspace
    ) throws -> @Sendable ([(path: RepoPath, id: ContentID)]) throws -> Void {
        let name = try place.remote(named: remote).name.description
        _ = try fetch([], into: place, from: name)
        return { contents in
            let selection = TransferSelection(
                contents: contents.map { (path: $0.path.description, id: $0.id) })
            _ = try fetch(
                selection, from: try place.context(ofRemote: name),
                options: FetchOptions(takesRefs: false))
        }
    }
}

import ArgumentParser
import Pipelines
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
                "mlstore repro --verify",
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
        if verify { return try replayed(in: place, context) }
        var options = ReproOptions()
        options.stages = stages
        options.force = force
        options.single = single
        options.downstream = downstream
        options.dryRun = dryRun
        options.seed = seed
        options.keepGoing = keepGoing
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

    private func replayed(in place: Workspace, _ context: CommandContext) throws -> Report {
        var options = ReplayOptions()
        options.stages = stages
        options.threads = try threadCount(in: place)
        return ReproText.report(try replay(options, in: place))
    }
}

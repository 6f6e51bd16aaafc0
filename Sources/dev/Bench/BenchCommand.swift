import ArgumentParser
import Platform
import Vocabulary

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the release program, each workload beside a peer in the same run.",
        discussion: """
            Groups: \(BenchGroup.allCases.map(\.rawValue).joined(separator: ", ")). Workloads: \
            \(workloads.map(\.name).joined(separator: ", ")).
            """)

    @Option(help: "The program, built with -c release.")
    var mlstore = ".build/release/mlstore"

    @Option(help: "The dvc program, for instance in a virtual environment.")
    var dvc: String?

    @Option(help: "The restic program.")
    var restic: String?

    @Option(help: "A Python that has the oxen module.")
    var oxenPython: String?

    @Option(help: "The aws program, for the group of remotes.")
    var aws: String?

    @Option(help: "The weed program of SeaweedFS, which is started as the remote.")
    var weed: String?

    @Option(help: "A Python that has lightgbm, xgboost and scikit-learn.")
    var learningPython: String?

    @Option(help: "A Python that has duckdb.")
    var duckPython: String?

    @Option(help: "Where to make data and stores on a disk.")
    var disk = "/tmp/mlstore-bench"

    @Option(help: "Where to make data and stores in memory.")
    var memory = "/dev/shm/mlstore-bench"

    @Option(help: "Runs of each side; the median counts.")
    var repeats = 5

    @Option(help: "Multiplies sizes and counts: 0.01 is a quick pass.")
    var scale = 1.0

    @Option(help: "Only this workload; may be given again.")
    var only: [String] = []

    @Argument(help: "The groups; all of them where none is named.")
    var groups: [String] = []

    func validate() throws {
        for name in only where !workloads.contains(where: { $0.name == name }) {
            throw ValidationError("there is no workload '\(name)'")
        }
        for name in groups where BenchGroup(rawValue: name) == nil {
            throw ValidationError("there is no group '\(name)'")
        }
        guard repeats > 0, scale > 0, scale <= 1 else {
            throw ValidationError("--repeats counts from 1, --scale is above 0 and at most 1")
        }
    }

    func run() throws {
        let program = try Environment.realPath(DiskPath(mlstore))
        let peers = Peers.find(
            dvc: dvc, restic: restic, oxenPython: oxenPython, aws: aws, weed: weed,
            learningPython: learningPython, duckPython: duckPython)
        let files = LocalDisk()
        for place in [disk, memory] { try files.makeDirectories(DiskPath(place)) }
        defer { for place in [disk, memory] { try? files.removeTree(DiskPath(place)) } }
        let disk = try Environment.realPath(DiskPath(disk))
        let memory = try Environment.realPath(DiskPath(memory))
        try printSurroundings(peers, disk: disk, memory: memory)
        var failures = 0
        for group in BenchGroup.allCases where groups.isEmpty || groups.contains(group.rawValue) {
            let bench = Bench(
                group: group, mlstore: "\(program)", peers: peers, disk: disk, memory: memory,
                repeats: repeats, scale: scale)
            print("\n## \(group.rawValue)\n\n\(BenchRow.heading)")
            failures += runWorkloads(of: bench)
        }
        if failures > 0 { throw ExitCode.failure }
    }

    /// How many workloads could not be run to their end.
    private func runWorkloads(of bench: Bench) -> Int {
        var failures = 0
        for workload in workloads
        where workload.groups.contains(bench.group)
            && (only.isEmpty || only.contains(workload.name))
        {
            do {
                try workload.run(bench)
            } catch {
                failures += 1
                bench.skip(workload.name, "failed", "\(error)")
            }
        }
        if bench.peakBytes > 0 {
            let limit = 512 << 20
            bench.compareSizes(
                "peak private memory of all these runs", bench.peakBytes, "limit", limit,
                Targets(firstLight: .atMost(1), engine: .atMost(1), remotes: .atMost(1)))
        }
        let told = bench.rows.compactMap(\.isMet)
        print("\n\(told.filter { $0 }.count) of \(told.count) targets met")
        return failures
    }

    private func printSurroundings(_ peers: Peers, disk: DiskPath, memory: DiskPath) throws {
        let system = Environment.systemName
        print("processors: \(Environment.processorCount), \(system.system) \(system.machine)")
        for (name, place) in [("disk", disk), ("memory", memory)] {
            let kind = try line(of: ["stat", "-f", "-c", "%T", "\(place)"], in: place)
            print("\(name): \(kind)")
        }
        for version in peers.versions() { print(version) }
        print("runs of each side: \(repeats), sizes and counts times \(scale)")
    }
}

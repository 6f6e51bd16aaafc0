import ArgumentParser
import Platform
import Vocabulary

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the release program, each workload beside a peer in the same run.")

    @Option(help: "The program, built with -c release.")
    var mlstore = ".build/release/mlstore"

    @Option(help: "The dvc program, for instance in a virtual environment.")
    var dvc: String?

    @Option(help: "Where to make data and stores.")
    var scratch = "/tmp/mlstore-bench"

    @Option(help: "Runs of each side; the median counts.")
    var repeats = 5

    @Option(help: "Divide the sizes of data by this, to try the workloads themselves.")
    var shrink = 1

    @Argument(help: "Workloads by name; all of them where none is named.")
    var names: [String] = []

    func validate() throws {
        for name in names where !workloads.contains(where: { $0.name == name }) {
            let known = workloads.map(\.name).joined(separator: ", ")
            throw ValidationError("there is no workload '\(name)', only \(known)")
        }
        guard repeats > 0, shrink > 0 else {
            throw ValidationError("--repeats and --shrink count from 1")
        }
    }

    func run() throws {
        let program = try Environment.realPath(DiskPath(mlstore))
        let place = DiskPath(scratch)
        var bench = Bench(
            mlstore: "\(program)", dvc: dvc ?? found("dvc"), scratch: place, repeats: repeats,
            shrink: shrink)
        try bench.disk.makeDirectories(place)
        defer { try? bench.disk.removeTree(place) }
        print(Bench.heading)
        for workload in workloads where names.isEmpty || names.contains(workload.name) {
            try workload.run(&bench)
        }
    }

    private func found(_ program: String) -> String? {
        try? line(of: ["sh", "-c", "command -v \(program)"], in: DiskPath("/"))
    }
}

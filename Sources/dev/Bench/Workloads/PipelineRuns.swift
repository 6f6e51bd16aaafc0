import Platform
import Vocabulary

/// What a pipeline costs besides the commands in it.
@Sendable func benchPipelines(_ bench: Bench) throws {
    try benchNothingToDo(bench)
    try benchNoOpStage(bench)
    try benchIndependentStages(bench)
}

/// 200 stages, each of which reads a folder; nothing has changed.
private func benchNothingToDo(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let count = bench.scaled(100_000, minimum: 2_000)
        let stages = 200
        try SmallFiles(seed: 1, perFolder: count / stages).writeLines(
            below: here / "data", count: count)
        let pipelines = Pipelines(bench: bench, here: here)
        try pipelines.write(
            (0..<stages).map { number in
                """
                  stage\(number):
                    cmd: ls data/d\(number) | tail -1 > out\(number).txt
                    deps: [data/d\(number)]
                    outs: [out\(number).txt]
                """
            })
        bench.letTimePass()
        try bench.run([bench.mlstore, "repro", "--quiet"], in: here)
        // What was written just before the last look is looked at again once.
        bench.letTimePass()
        try bench.run([bench.mlstore, "repro", "--quiet"], in: here)
        try bench.settle(here)
        let work = "`repro` with nothing to do, \(stages) stages, \(count) input files"
        let seconds = try bench.race(
            work, ours: { try measure([bench.mlstore, "repro", "--quiet"], in: here) },
            against: [
                try pipelines.dvc(.atLeast(20), prepare: ["repro", "--quiet"]) {
                    try measure([$0, "repro", "--quiet"], in: here)
                }
            ])
        bench.compare(
            work, (seconds, secondsText(seconds)), "limit", (0.3, "300 ms"),
            Targets(numeric: .atMost(1)))
    }
}

/// The start of the program, a stage that does nothing, and its record; and one such stage of many.
private func benchNoOpStage(_ bench: Bench) throws {
    for (place, name) in [(bench.memory, "tmpfs"), (bench.disk, "disk")] {
        try bench.withFolder(on: place) { here in
            let pipelines = Pipelines(bench: bench, here: here)
            try pipelines.write(["  stage:\n    cmd: \"true\""])
            let command = ["repro", "--force", "--quiet"]
            try bench.run([bench.mlstore] + command, in: here)
            let work = "`repro --force` of one stage, `cmd: \"true\"`, \(name)"
            let seconds = try bench.race(
                work, runs: max(5, bench.repeats),
                ours: { try measure([bench.mlstore] + command, in: here) },
                against: [
                    try pipelines.dvc(.atLeast(20), prepare: command) {
                        try measure([$0] + command, in: here)
                    }
                ])
            bench.compare(
                work, (seconds, secondsText(seconds)), "limit", (0.015, "15 ms"),
                Targets(numeric: .atMost(1)))
            let many = 50
            try pipelines.write((0..<many).map { "  stage\($0):\n    cmd: \"true\"" })
            let manySeconds = try bench.race(
                "the same with \(many) stages",
                ours: { try measure([bench.mlstore] + command, in: here) },
                against: [
                    try pipelines.dvc(nil, prepare: command) {
                        try measure([$0] + command, in: here)
                    }
                ])
            let each = manySeconds / Double(many)
            bench.compare(
                "the same, each stage", (each, secondsText(each)), "limit", (0.015, "15 ms"),
                Targets(numeric: .atMost(1)))
        }
    }
}

/// Stages that do not need each other and keep a processor busy, with one job and with one for
/// each processor.
private func benchIndependentStages(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let stages = 64
        let turns = bench.scaled(400_000, minimum: 1_000)
        let pipelines = Pipelines(bench: bench, here: here)
        try pipelines.write(
            (0..<stages).map { number in
                """
                  stage\(number):
                    cmd: i=0; while [ $i -lt \(turns) ]; do i=$((i+1)); done; echo $i > out\(number)
                    outs: [out\(number)]
                """
            })
        let cores = Environment.processorCount
        func run(_ jobs: Int) throws -> Measurement {
            try measure(
                [bench.mlstore, "repro", "--force", "--quiet", "--jobs", "\(jobs)"], in: here)
        }
        _ = try run(cores)
        try bench.race(
            "\(stages) independent stages on \(cores) processors", runs: min(3, bench.repeats),
            ours: { try run(cores) },
            against: [
                Bench.Rival(
                    name: "one at a time", targets: Targets(numeric: .atLeast(0.9 * Double(cores)))
                ) { try run(1) }
            ])
    }
}

/// The same stages in a folder for mlstore and for DVC, whose stage files are alike.
private struct Pipelines {
    let bench: Bench
    let here: DiskPath

    func write(_ stages: [String]) throws {
        let text = "stages:\n" + stages.joined(separator: "\n") + "\n"
        for name in ["mlstore.yaml", "dvc.yaml"] {
            try writeAtomically(Array(text.utf8), to: here / name, on: bench.files, durable: false)
        }
        try bench.run([bench.mlstore, "init", "--quiet"], in: here)
    }

    /// DVC at the same work, run once before, after `prepare`.
    func dvc(
        _ target: Target?, prepare: [String], _ run: @escaping (String) throws -> Measurement
    ) throws -> Bench.Rival {
        if let dvc = bench.peers.dvc {
            try bench.run([dvc, "init", "--no-scm", "--quiet", "--force"], in: here)
            try bench.run([dvc] + prepare, in: here)
        }
        return bench.rival(
            "DVC", bench.peers.dvc, Targets(numeric: target), runs: min(3, bench.repeats), run)
    }
}

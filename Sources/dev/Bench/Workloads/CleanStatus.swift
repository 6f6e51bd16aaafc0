import Platform
import Vocabulary

@Sendable func benchStatus(_ bench: Bench) throws {
    for (place, name) in [(bench.memory, "tmpfs"), (bench.disk, "disk")] {
        try bench.withFolder(on: place) { here in
            let count = bench.scaled(100_000, minimum: 1_000)
            try SmallFiles(seed: 1).writeLines(below: here / "images", count: count)
            try addSettled(bench, "images", in: here)
            try bench.race(
                "`status`, \(count) clean files, \(name)",
                ours: {
                    try measure([bench.mlstore, "status", "--quiet"], in: here)
                },
                against: [
                    Bench.Rival(name: "`find -printf`", targets: Targets(firstLight: .atMost(3))) {
                        try measure(findStatuses("images"), in: here)
                    },
                    parallelStat("images", in: here, Targets()),
                ])
        }
    }
}

@Sendable func benchStatusOfAMillion(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let count = bench.scaled(1_000_000, minimum: 1_000)
        try SmallFiles(seed: 1, perFolder: 100).writeLines(below: here / "images", count: count)
        try addSettled(bench, "images", in: here)
        let work = "`status`, \(count) clean files, tmpfs"
        try bench.race(
            work,
            ours: {
                try measure([bench.mlstore, "status", "--quiet"], in: here)
            },
            against: [
                parallelStat("images", in: here, Targets(engine: .atMost(1.3))),
                Bench.Rival(name: "`find -printf`") {
                    try measure(findStatuses("images"), in: here)
                },
            ])
        // Git sees the same files from a folder above ours, which it must not count.
        try bench.run(["git", "init", "-q"], in: here)
        try bench.run(["git", "config", "core.compression", "0"], in: here)
        try bench.run(
            ["sh", "-c", "printf '*\\n!images/\\n!images/**\\n' > .git/info/exclude"], in: here)
        try bench.files.removeTree(here / ".gitignore")
        try bench.run(["git", "add", "images"], in: here)
        try bench.run(["git", "status", "--porcelain"], in: here)
        try bench.race(
            work,
            ours: {
                try measure([bench.mlstore, "status", "--quiet"], in: here)
            },
            against: [
                Bench.Rival(name: "`git status`", targets: Targets(engine: .atMost(1.5))) {
                    try measure(["git", "status", "--porcelain"], in: here)
                }
            ])
    }
}

/// Makes a workspace of a folder and adds `name`, long enough after the last write that its stat
/// table is believed.
func addSettled(_ bench: Bench, _ name: String, in folder: DiskPath) throws {
    bench.letTimePass()
    try bench.run([bench.mlstore, "init", "--quiet"], in: folder)
    try bench.run([bench.mlstore, "add", "--quiet", name], in: folder)
    try bench.run([bench.mlstore, "status", "--quiet"], in: folder)
    try bench.settle(folder)
}

private func findStatuses(_ name: String) -> [String] {
    ["find", name, "-printf", "%p %s %T@ %C@ %i\\n"]
}

/// Our own walk with a status call for each file on all processors, and nothing else.
func parallelStat(_ name: String, in folder: DiskPath, _ targets: Targets) -> Bench.Rival {
    Bench.Rival(name: "parallel stat", targets: targets) {
        try measure(["\(Environment.executablePath())", "walk", name], in: folder)
    }
}

import Platform
import Vocabulary

/// The workloads, in the order of the table. Adding one is a function and a line here.
let workloads: [(name: String, run: @Sendable (inout Bench) throws -> Void)] = [
    ("startup", startUp),
    ("files", manyFiles),
    ("files-disk", manyFilesOnDisk),
    ("table", bigTable),
]

@Sendable private func startUp(_ bench: inout Bench) throws {
    let here = try bench.folder("startup")
    // One start is too short to time by itself.
    func hundred(_ program: String) -> [String] {
        ["sh", "-c", "i=0; while [ $i -lt 100 ]; do \(program) --version; i=$((i+1)); done"]
    }
    let mlstore = bench.mlstore
    try bench.compare("100 starts, beside `git --version`", target: "≤ 3") {
        try measure(hundred(mlstore), in: here)
    } peer: {
        try measure(hundred("git"), in: here)
    }
}

@Sendable private func manyFiles(_ bench: inout Bench) throws {
    try manyFiles(&bench, below: DiskPath("/dev/shm"), place: "tmpfs", target: "≤ 2")
}

@Sendable private func manyFilesOnDisk(_ bench: inout Bench) throws {
    try manyFiles(&bench, below: bench.scratch, place: "disk", target: "< 1")
}

private func manyFiles(
    _ bench: inout Bench, below parent: DiskPath, place: String, target: String
) throws {
    let disk = bench.disk
    let home = parent / "mlstore-bench-files"
    if try disk.status(of: home, followingLinks: false) != nil { try disk.removeTree(home) }
    defer { try? disk.removeTree(home) }
    let workspace = home / "workspace"
    let count = max(1_000, 100_000 / bench.shrink)
    var data = BenchData(seed: 1)
    try data.writeFiles(below: workspace / "images", count: count, sizeBytes: 4_096)
    let mlstore = bench.mlstore
    try bench.compare("add \(count) files of 4 KiB, \(place), beside `cp -r`", target: target) {
        try? disk.removeTree(workspace / ".mlstore")
        try? disk.removeFile(workspace / "images.mlstore")
        _ = try output(of: [mlstore, "init", "--quiet"], in: workspace)
        return try measure([mlstore, "add", "--quiet", "images"], in: workspace)
    } peer: {
        try? disk.removeTree(home / "copy")
        return try measure(["cp", "-r", "images", "\(home / "copy")"], in: workspace)
    }
    try? disk.removeTree(home / "copy")
    try bench.compare(
        "status of \(count) clean files, \(place), beside `find -printf`", target: "≤ 3"
    ) {
        try measure([mlstore, "status", "--quiet"], in: workspace)
    } peer: {
        try measure(["find", "images", "-printf", "%p %s %T@ %C@ %i\\n"], in: workspace)
    }
}

@Sendable private func bigTable(_ bench: inout Bench) throws {
    let disk = bench.disk
    let size = (1 << 30) / bench.shrink
    let label = "\(ByteCount(size)) table"
    let source = bench.scratch / "table.csv"
    var data = BenchData(seed: 2)
    try data.writeTable(to: source, sizeBytes: size)
    let raw = try disk.status(of: source, followingLinks: false)?.size ?? 0
    try addTable(&bench, source, label)

    let workspace = try bench.folder("table")
    try bench.runQuietly([bench.mlstore, "init", "--quiet"], in: workspace)
    try disk.rename(source, to: workspace / "table.csv")
    try bench.runQuietly([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
    let stored = try storeSize(workspace)
    bench.compareSizes("stored of a \(label), beside raw", target: "< 0.5", ours: stored, raw: raw)
    try checkoutTable(&bench, workspace, label)

    try disk.removeFile(workspace / "table.csv")
    var again = BenchData(seed: 2)
    try again.writeTable(to: workspace / "table.csv", sizeBytes: size, changedInThousand: 1)
    try bench.runQuietly([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
    bench.compareSizes(
        "stored more after 0.1 % of rows changed, beside raw", target: "< 0.2",
        ours: try storeSize(workspace) - stored, raw: raw)
}

private func addTable(_ bench: inout Bench, _ source: DiskPath, _ label: String) throws {
    guard let dvc = bench.dvc else {
        print("(no DVC here: give --dvc PATH to compare with it)")
        return
    }
    let ours = try bench.folder("add-mlstore")
    let theirs = try bench.folder("add-dvc")
    let mlstore = bench.mlstore
    let disk = bench.disk
    func fresh(_ folder: DiskPath, _ commands: [[String]]) throws {
        try disk.removeTree(folder)
        try disk.makeDirectories(folder)
        for command in commands { _ = try output(of: command, in: folder) }
        _ = try output(of: ["cp", "\(source)", "\(folder / "table.csv")"], in: folder)
    }
    try bench.compare("add a \(label), beside `dvc add`", target: "≤ 1", repeats: 3) {
        try fresh(ours, [[mlstore, "init", "--quiet"]])
        return try measure([mlstore, "add", "--quiet", "table.csv"], in: ours)
    } peer: {
        try fresh(theirs, [[dvc, "init", "--no-scm", "--quiet"]])
        return try measure([dvc, "add", "--quiet", "table.csv"], in: theirs)
    }
    try disk.removeTree(ours)
    try disk.removeTree(theirs)
}

private func checkoutTable(_ bench: inout Bench, _ workspace: DiskPath, _ label: String) throws {
    let mlstore = bench.mlstore
    let disk = bench.disk
    let table = workspace / "table.csv"
    let packed = bench.scratch / "table.csv.zst"
    let out = bench.scratch / "unpacked.csv"
    try bench.runQuietly(
        ["zstd", "-q", "-f", "-1", "\(table)", "-o", "\(packed)"], in: workspace)
    try bench.compare("checkout of a \(label), beside `zstd -d`", target: "≤ 2", repeats: 3) {
        try disk.removeFile(table)
        return try measure([mlstore, "checkout", "--quiet", "table.csv"], in: workspace)
    } peer: {
        try? disk.removeFile(out)
        return try measure(["zstd", "-q", "-d", "\(packed)", "-o", "\(out)"], in: workspace)
    }
    try disk.removeFile(packed)
    try? disk.removeFile(out)
}

/// What the packs of a workspace's store hold on disk.
private func storeSize(_ workspace: DiskPath) throws -> Int {
    let disk = LocalDisk()
    let packs = workspace / ".mlstore/store/packs"
    return try disk.entriesWithStatus(of: packs).reduce(0) { $0 + $1.status.size }
}

import Platform
import Vocabulary

/// All of many small files, into an empty place.
@Sendable func benchCheckoutFiles(_ bench: Bench) throws {
    for (place, name) in [(bench.memory, "tmpfs"), (bench.disk, "disk")] {
        try bench.withFolder(on: place) { here in
            let count = bench.scaled(100_000, minimum: 1_000)
            try SmallFiles(seed: 1).writeRandom(
                below: here / "images", count: count, sizeBytes: 4096)
            try bench.run([bench.mlstore, "init", "--quiet"], in: here)
            try bench.run([bench.mlstore, "add", "--quiet", "images"], in: here)
            try bench.run(["cp", "-r", "images", "original"], in: here)
            func clear() throws {
                for made in ["images", "copy", "restored"] {
                    try bench.files.removeTree(here / made)
                }
                try bench.settle(here)
            }
            try bench.race(
                "checkout of \(count) files of 4 KiB, \(name)",
                ours: {
                    try clear()
                    return try measure([bench.mlstore, "checkout", "--quiet", "images"], in: here)
                },
                against: [
                    Bench.Rival(name: "`cp -r`", targets: Targets(engine: .atMost(1.1))) {
                        try clear()
                        return try measure(["cp", "-r", "original", "copy"], in: here)
                    },
                    try resticRestore(bench, here, clear),
                ])
        }
    }
}

private func resticRestore(
    _ bench: Bench, _ here: DiskPath, _ clear: @escaping () throws -> Void
) throws -> Bench.Rival {
    let repository = here / "restic"
    if let restic = bench.peers.restic {
        try bench.run(Peers.resticCommand(restic, repository, ["init"]), in: here)
        try bench.run(
            Peers.resticCommand(restic, repository, ["--no-cache", "backup", "original"]), in: here)
    }
    return bench.rival("restic", bench.peers.restic, Targets(engine: .atLeast(1.3))) { restic in
        try clear()
        let restored = here / "restored"
        return try measure(
            Peers.resticCommand(
                restic, repository,
                ["--no-cache", "restore", "latest", "--target", "\(restored)"]),
            in: here)
    }
}

/// A version of which 0.1 % is different from what is there.
@Sendable func benchCheckoutOfAChange(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let size = bench.scaled(1 << 30, minimum: 4 << 20)
        let file = here / "table.csv"
        let table = FlightTable(seed: 2)
        try bench.freshWorkspace(here)
        for version in 0..<2 {
            try table.write(to: file, sizeBytes: size, version: version, changed: 0.001)
            try bench.settle(here)
            bench.letTimePass()
            try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: here)
            try bench.run(["cp", "table.csv.mlstore", "pointer\(version)"], in: here)
        }
        let checkout = [bench.mlstore, "checkout", "--quiet", "table.csv"]
        var version = 1
        func switchVersion() throws {
            version = 1 - version
            try bench.run(["cp", "pointer\(version)", "table.csv.mlstore"], in: here)
            try bench.settle(here)
            bench.letTimePass()
        }
        try bench.race(
            "checkout of a \(ByteCount(size)) table, 0.1 % of the rows different",
            runs: min(3, bench.repeats),
            ours: {
                try switchVersion()
                return try measure(checkout, in: here)
            },
            against: [
                Bench.Rival(
                    name: "a full checkout", targets: Targets(engine: .atMost(0.1))
                ) {
                    try bench.files.removeFile(file)
                    try bench.settle(here)
                    return try measure(checkout, in: here)
                }
            ])
        try switchVersion()
        try compareWrites(bench, checkout, size: size, in: here)
    }
}

private func compareWrites(
    _ bench: Bench, _ checkout: [String], size: Int, in here: DiskPath
) throws {
    let work = "bytes written by that checkout"
    guard let log = try traced(bench, "write,pwrite64", checkout, in: here) else {
        return bench.skip(work, "strace", "not installed")
    }
    // Each call ends in what it returned.
    let written = log.split(separator: "\n").reduce(0) { sum, line in
        line.split(separator: "=").last.map { sum + (Int($0.drop { $0 == " " }) ?? 0) } ?? sum
    }
    // The target holds where extents can be shared; elsewhere the whole file is written.
    let kind = try line(of: ["stat", "-f", "-c", "%T", "\(here)"], in: here)
    let hasReflinks = kind == "btrfs" || kind == "xfs"
    bench.compareSizes(
        work + (hasReflinks ? "" : " (\(kind) shares no extents: no target here)"), written,
        "changed rows", size / 1_000, hasReflinks ? Targets(engine: .atMost(2)) : Targets())
}

/// What `strace` says of these system calls of a program; nil where there is no `strace`.
func traced(
    _ bench: Bench, _ calls: String, _ command: [String], in here: DiskPath
) throws -> String? {
    guard (try? line(of: ["strace", "--version"], in: here)) != nil else { return nil }
    let log = here / "strace.log"
    try bench.run(
        ["strace", "-f", "-qq", "-e", "trace=\(calls)", "-o", "\(log)"] + command, in: here)
    let bytes = try bench.files.readFile(log, maximumBytes: 1 << 30)
    return String(decoding: bytes, as: UTF8.self)
}

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

/// A version of which 0.1 % is different from what is there: where extents are shared, and where
/// not.
@Sendable func benchCheckoutOfAChange(_ bench: Bench) throws {
    let size = bench.scaled(1 << 30, minimum: 16 << 20)
    for kind in SharingVolume.allCases {
        try bench.withFolder(on: bench.disk) { here in
            let place = here / "volume"
            do {
                try bench.mount(kind, sizeBytes: size * 5 + (320 << 20), in: here, at: place)
            } catch {
                let why = (error as? StoreError)?.message ?? "\(error)"
                return bench.skip("checkout of a change, \(kind)", "\(kind)", why)
            }
            defer { try? bench.run(["umount", "\(place)"], in: here) }
            try checkOutChange(bench, in: place, size, Change(onto: "\(kind)", isShared: true))
        }
    }
    try bench.withFolder(on: bench.disk) { here in
        let kind = try line(of: ["stat", "-f", "-c", "%T", "\(here)"], in: here)
        try checkOutChange(bench, in: here, size, Change(onto: kind, isShared: false))
    }
}

private struct Change {
    let onto: String
    /// Whether the targets hold there.
    let isShared: Bool
}

private func checkOutChange(
    _ bench: Bench, in here: DiskPath, _ size: Int, _ change: Change
) throws {
    let file = here / "table.csv"
    let table = FlightTable(seed: 2)
    try bench.run([bench.mlstore, "init", "--quiet"], in: here)
    for version in 0..<2 {
        // Eight places in a gigabyte, each of a thousand rows.
        try table.write(
            to: file, sizeBytes: size, version: version, changed: 0.001, run: 1000, inPlace: true)
        try bench.settle(here)
        bench.letTimePass()
        try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: here)
        try bench.run(["cp", "table.csv.mlstore", "pointer\(version)"], in: here)
        try bench.run(["cp", "table.csv", "version\(version)"], in: here)
    }
    let changed = try changedBytes(bench, in: here)
    let checkout = [bench.mlstore, "checkout", "--quiet", "table.csv"]
    var version = 1
    func switchVersion() throws {
        version = 1 - version
        try bench.run(["cp", "pointer\(version)", "table.csv.mlstore"], in: here)
        try bench.settle(here)
        bench.letTimePass()
    }
    try bench.race(
        "checkout of a \(ByteCount(size)) table, 0.1 % of the rows different, \(change.onto)",
        runs: min(5, bench.repeats),
        ours: {
            try switchVersion()
            return try measure(checkout, in: here)
        },
        against: [
            Bench.Rival(
                name: "a full checkout",
                targets: change.isShared ? Targets(engine: .atMost(0.1)) : Targets()
            ) {
                try bench.files.removeFile(file)
                try bench.settle(here)
                return try measure(checkout, in: here)
            }
        ])
    try switchVersion()
    try compareWrites(bench, checkout, changed, change, in: here)
    // What is built of another file's extents is compared with what it should be.
    try bench.run(["cmp", "table.csv", "version\(version)"], in: here)
}

/// The bytes from the first to the last difference of each run of rows that changed.
private func changedBytes(_ bench: Bench, in here: DiskPath) throws -> Int {
    let log = try output(of: ["sh", "-c", "cmp -l version0 version1 | awk '{print $1}'"], in: here)
    var total = 0
    var run: (first: Int, last: Int)?
    for place in log.split(separator: "\n").compactMap({ Int($0) }) {
        if let current = run, place - current.last < 1000 {
            run?.last = place
        } else {
            total += run.map { $0.last - $0.first + 1 } ?? 0
            run = (place, place)
        }
    }
    return total + (run.map { $0.last - $0.first + 1 } ?? 0)
}

private func compareWrites(
    _ bench: Bench, _ checkout: [String], _ changed: Int, _ change: Change, in here: DiskPath
) throws {
    let work = "bytes written by that checkout, \(change.onto)"
    guard let log = try traced(bench, "write,pwrite64", checkout, in: here) else {
        return bench.skip(work, "strace", "not installed")
    }
    // Each call ends in what it returned.
    let written = log.split(separator: "\n").reduce(0) { sum, line in
        line.split(separator: "=").last.map { sum + (Int($0.drop { $0 == " " }) ?? 0) } ?? sum
    }
    // The target holds where extents can be shared; elsewhere the whole file is written.
    bench.compareSizes(
        work, written, "changed rows", changed,
        change.isShared ? Targets(engine: .atMost(2)) : Targets())
}

/// Kinds of file systems that share extents.
enum SharingVolume: String, CaseIterable, CustomStringConvertible {
    case xfs, btrfs

    var description: String { rawValue }
}

extension Bench {
    /// Makes a file system in a sparse file of `folder` and mounts it; for root, on Linux.
    func mount(
        _ kind: SharingVolume, sizeBytes: Int, in folder: DiskPath, at place: DiskPath
    ) throws {
        let image = "\(folder / "image")"
        try files.makeDirectories(place)
        try run(["truncate", "-s", "\(sizeBytes)", image], in: folder)
        switch kind {
        case .xfs: try run(["mkfs.xfs", "-q", "-m", "reflink=1", image], in: folder)
        case .btrfs: try run(["mkfs.btrfs", "-q", image], in: folder)
        }
        try run(["mount", "-o", "loop", image, "\(place)"], in: folder)
    }
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

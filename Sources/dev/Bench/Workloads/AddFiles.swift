import Platform
import Vocabulary

/// Adding many small files, which in packs become few.
@Sendable func benchAddFiles(_ bench: Bench) throws {
    let count = bench.scaled(100_000, minimum: 1_000)
    try addFiles(
        bench, on: bench.memory, "add \(count) files of 4 KiB, tmpfs", count,
        copy: Targets(firstLight: .atMost(2), engine: .atMost(1.2)), withPeers: true)
    try addFiles(
        bench, on: bench.disk, "add \(count) files of 4 KiB, disk", count,
        copy: Targets(firstLight: .below(1), engine: .below(1)), withPeers: false)
}

private func addFiles(
    _ bench: Bench, on place: DiskPath, _ work: String, _ count: Int, copy: Targets,
    withPeers: Bool
) throws {
    try bench.withFolder(on: place) { here in
        try SmallFiles(seed: 1).writeRandom(below: here / "images", count: count, sizeBytes: 4096)
        try bench.settle(here)
        var rivals = [
            Bench.Rival(name: "`cp -r`", targets: copy) {
                try clear(bench, here)
                return try measure(["cp", "-r", "images", "copy"], in: here)
            },
            Bench.Rival(name: "`cp -r` and `sync`, durable as ours is") {
                try clear(bench, here)
                return try measure(["sh", "-c", "cp -r images copy && sync -f copy"], in: here)
            },
        ]
        if withPeers { rivals += storePeers(bench, here) }
        try bench.race(
            work,
            ours: {
                try clear(bench, here)
                try bench.run([bench.mlstore, "init", "--quiet"], in: here)
                return try measure([bench.mlstore, "add", "--quiet", "images"], in: here)
            }, against: rivals)
    }
}

/// Removes what any side made, outside of everybody's time.
private func clear(_ bench: Bench, _ here: DiskPath) throws {
    for name in ["copy", ".mlstore", "images.mlstore", ".gitignore", "dvc", "restic"] {
        try bench.files.removeTree(here / name)
    }
    try bench.settle(here)
}

private func storePeers(_ bench: Bench, _ here: DiskPath) -> [Bench.Rival] {
    [
        bench.rival("DVC", bench.peers.dvc, Targets(engine: .atLeast(10)), runs: 1) { dvc in
            try clear(bench, here)
            // A copy, since DVC remembers files that it has seen by their inodes.
            let folder = here / "dvc"
            try bench.files.makeDirectories(folder)
            try bench.run([dvc, "init", "--no-scm", "--quiet"], in: folder)
            try bench.run(["cp", "-r", "../images", "images"], in: folder)
            return try measure([dvc, "add", "--quiet", "images"], in: folder)
        },
        bench.rival("restic", bench.peers.restic, Targets(engine: .atLeast(3))) { restic in
            try clear(bench, here)
            let repository = here / "restic"
            try bench.run(Peers.resticCommand(restic, repository, ["init"]), in: here)
            return try measure(
                Peers.resticCommand(restic, repository, ["--no-cache", "backup", "images"]),
                in: here)
        },
    ]
}

import Bytes
import Platform
import Vocabulary

/// Many small files to a bucket on this machine, and one of them back.
@Sendable func benchRemoteFiles(_ bench: Bench) throws {
    try withBucket(bench) { try $0.smallFiles() }
}

/// One file of a tree of a million back from a bucket.
@Sendable func benchRemoteMillion(_ bench: Bench) throws {
    try withBucket(bench) { try $0.oneOfMany() }
}

/// Many small files back from a bucket that is far away.
@Sendable func benchRemoteFarAway(_ bench: Bench) throws {
    try withBucket(bench) { try $0.filesFromAfar() }
}

/// One large file to a bucket and back.
@Sendable func benchRemoteFile(_ bench: Bench) throws {
    try withBucket(bench) { try $0.largeFile() }
}

/// A large table to a bucket, and then a change of it.
@Sendable func benchRemoteChange(_ bench: Bench) throws {
    try withBucket(bench) { try $0.changedTable() }
}

private func withBucket(_ bench: Bench, _ body: (BucketExchange) throws -> Void) throws {
    guard let weed = bench.peers.weed, let aws = bench.peers.aws else {
        return bench.skip("exchange with a bucket", "weed and aws", "not both installed")
    }
    try bench.withFolder(on: bench.disk) { here in
        let bucket = try BenchBucket(weed: weed, aws: aws, in: here / "server")
        try body(BucketExchange(bench: bench, bucket: bucket, aws: aws, here: here))
    }
}

private struct BucketExchange {
    let bench: Bench
    let bucket: BenchBucket
    let aws: String
    let here: DiskPath

    /// Adds a remote at a place of its own; the probe of it is nobody's push.
    private func addRemote(
        _ name: String, in workspace: DiskPath, place: String? = nil, endpoint: String? = nil
    ) throws {
        try bench.run(
            bucket.withKeys([
                bench.mlstore, "remote", "add", "--quiet", name, "s3://bench/\(place ?? name)",
                "--endpoint", endpoint ?? bucket.endpoint,
            ]), in: workspace)
    }

    private func ours(_ words: String..., at workspace: DiskPath) throws -> Measurement {
        try measure(bucket.withKeys([bench.mlstore] + words), in: workspace)
    }

    private func awsCopy(_ words: String..., at place: DiskPath) throws -> Measurement {
        try measure(
            bucket.withKeys(
                [aws, "--endpoint-url", bucket.endpoint, "s3", "cp", "--quiet"] + words),
            in: place)
    }

    /// A workspace that has the pointer of another and nothing else.
    private func clone(
        _ pointer: String, of workspace: DiskPath, from place: String, endpoint: String? = nil
    ) throws -> DiskPath {
        let other = here / "clone"
        try bench.freshWorkspace(other)
        try bench.run(["cp", "\(workspace)/\(pointer)", "."], in: other)
        try addRemote("origin", in: other, place: place, endpoint: endpoint)
        return other
    }

    private func compareRequests(
        _ work: String, _ ours: Int, _ name: String, _ other: Int, _ target: Target
    ) {
        bench.compare(
            work, (Double(ours), "\(ours) requests"), name, (Double(other), "\(other)"),
            Targets(remotes: target))
    }

    // MARK: - Many small files

    func smallFiles() throws {
        let count = bench.scaled(100_000, minimum: 1_000)
        let work = "push \(count) files of 4 KiB"
        let workspace = here / "small"
        try bench.freshWorkspace(workspace)
        try SmallFiles(seed: 1).writeRandom(
            below: workspace / "images", count: count, sizeBytes: 4_096)
        try bench.run([bench.mlstore, "add", "--quiet", "images"], in: workspace)
        var (round, own, theirs, dvcs) = (0, 0, 0, 0)
        try bench.race(
            work, runs: min(3, bench.repeats),
            ours: {
                round += 1
                try addRemote("small\(round)", in: workspace)
                let (taken, requests) = try bucket.counting {
                    try ours("push", "--quiet", "--remote", "small\(round)", at: workspace)
                }
                own = requests
                return taken
            },
            against: [
                Bench.Rival(
                    name: "`aws s3 cp --recursive`", targets: Targets(remotes: .atLeast(20)),
                    runs: 1
                ) {
                    let (taken, requests) = try bucket.counting {
                        try awsCopy("--recursive", "images", "s3://bench/aws/images", at: workspace)
                    }
                    theirs = requests
                    return taken
                },
                bench.rival("DVC", bench.peers.dvc, Targets(remotes: .atLeast(20)), runs: 1) {
                    let (taken, requests) = try dvcPush($0, workspace / "images")
                    dvcs = requests
                    return taken
                },
            ])
        compareRequests(work, own, "`aws s3 cp --recursive`", theirs, .atLeast(500))
        if dvcs > 0 { compareRequests(work, own, "DVC", dvcs, .atLeast(500)) }
        let (_, idle) = try bucket.counting {
            try ours("push", "--quiet", "--remote", "small1", at: workspace)
        }
        compareRequests("push with nothing to do", idle, "limit", 1, .atMost(1))
        try pullOne("images/d0/f7.bin", sizeBytes: 4_096, of: count, workspace, from: "small1")
        try bench.files.removeTree(workspace)
    }

    private func pullOne(
        _ path: String, sizeBytes: Int, of count: Int, _ workspace: DiskPath, from place: String
    ) throws {
        var other = try clone("images.mlstore", of: workspace, from: place)
        let cat = bucket.withKeys([bench.mlstore, "cat", "origin:\(path)"])
        let (read, fewer) = try bucket.counting {
            try output(of: ["sh", "-c", "\"$@\" | wc -c", "-"] + cat, in: other)
        }
        guard Int(read.filter(\.isNumber)) == sizeBytes else {
            throw StoreError(.internalFault, "what was read of one file is something else")
        }
        compareRequests(
            "read one file of \(count) from an empty clone (`cat`)", fewer, "limit", 12, .atMost(1))
        // Without the copy of the index that this left.
        other = try clone("images.mlstore", of: workspace, from: place)
        let (_, few) = try bucket.counting { try ours("pull", "--quiet", path, at: other) }
        guard try fileSize(other / path) == sizeBytes else {
            throw StoreError(.internalFault, "the pull of one file brought something else")
        }
        compareRequests(
            "pull one file of \(count) into an empty clone", few, "limit", 12, .atMost(1))
        try bench.files.removeTree(other)
    }

    // MARK: - A million files

    func oneOfMany() throws {
        let count = bench.scaled(1_000_000, minimum: 1_000)
        let workspace = here / "many"
        try bench.freshWorkspace(workspace)
        try SmallFiles(seed: 1, perFolder: 1_000).writeLines(
            below: workspace / "images", count: count)
        try bench.run([bench.mlstore, "add", "--quiet", "images"], in: workspace)
        try addRemote("many", in: workspace)
        let (taken, requests) = try bucket.counting { try ours("push", "--quiet", at: workspace) }
        bench.compare(
            "push \(count) files of a line", (taken.seconds, secondsText(taken.seconds)),
            "requests", (Double(requests), "\(requests)"), Targets())
        bench.compareSizes(
            "private memory of that", taken.peakBytes, "limit", 512 << 20,
            Targets(remotes: .atMost(1)))
        let last = "images/d\((count - 1) / 1_000)/f\(count - 1).txt"
        try pullOne(
            last, sizeBytes: "sample \(count - 1)\n".utf8.count, of: count, workspace, from: "many")
        try bench.files.removeTree(workspace)
    }

    // MARK: - Far away

    func filesFromAfar() throws {
        let count = bench.scaled(100_000, minimum: 1_000)
        let workspace = here / "far"
        try bench.freshWorkspace(workspace)
        try SmallFiles(seed: 4).writeRandom(
            below: workspace / "images", count: count, sizeBytes: 4_096)
        try bench.run([bench.mlstore, "add", "--quiet", "images"], in: workspace)
        try addRemote("far", in: workspace)
        _ = try ours("push", "--quiet", at: workspace)
        try writeRandomFile(to: here / "same.bin", sizeBytes: count * 4_096, seed: 5)
        _ = try awsCopy("same.bin", "s3://bench/same.bin", at: here)
        let relay = try BenchRelay(
            to: bucket.endpoint, oneWayMilliseconds: 50, bytesPerSecond: 12_500_000, in: here)
        let url = try line(
            of: bucket.withKeys([
                aws, "--endpoint-url", relay.endpoint, "s3", "presign", "s3://bench/same.bin",
            ]), in: here)
        try bench.race(
            "pull \(count) files of 4 KiB, 100 ms and 100 Mbit/s away", runs: 1,
            ours: {
                let other = try clone(
                    "images.mlstore", of: workspace, from: "far", endpoint: relay.endpoint)
                try bench.settle(here)
                return try ours("pull", "--quiet", at: other)
            },
            against: [
                Bench.Rival(
                    name: "`curl` of as many bytes", targets: Targets(remotes: .atMost(1.5))
                ) {
                    try measure(
                        ["curl", "-sf", "--noproxy", "*", "-o", "down.bin", url], in: here)
                }
            ])
        try bench.files.removeTree(workspace)
    }

    private func dvcPush(_ dvc: String, _ images: DiskPath) throws -> (Measurement, requests: Int) {
        let place = here / "dvc"
        try bench.files.removeTree(place)
        try bench.files.makeDirectories(place)
        for words in [
            ["init", "--no-scm", "--quiet"],
            ["remote", "add", "-d", "bucket", "s3://bench/dvc", "--quiet"],
            ["remote", "modify", "bucket", "endpointurl", bucket.endpoint, "--quiet"],
        ] { try bench.run([dvc] + words, in: place) }
        try bench.run(["cp", "-r", "\(images)", "images"], in: place)
        try bench.run([dvc, "add", "--quiet", "images"], in: place)
        return try bucket.counting {
            try measure(bucket.withKeys([dvc, "push", "--quiet"]), in: place)
        }
    }

    // MARK: - One large file

    func largeFile() throws {
        let size = bench.scaled(1 << 30, minimum: 1 << 20)
        let label = "\(ByteCount(size)) incompressible"
        let workspace = here / "large"
        try bench.freshWorkspace(workspace)
        try writeRandomFile(to: workspace / "noise.bin", sizeBytes: size, seed: 3)
        try bench.run([bench.mlstore, "add", "--quiet", "noise.bin"], in: workspace)
        var round = 0
        let runs = min(3, bench.repeats)
        try bench.race(
            "push \(label)", runs: runs,
            ours: {
                round += 1
                try addRemote("large\(round)", in: workspace)
                try bench.settle(here)
                return try ours("push", "--quiet", "--remote", "large\(round)", at: workspace)
            },
            against: [
                Bench.Rival(name: "`aws s3 cp`", targets: Targets(remotes: .atLeast(0.85))) {
                    try bench.settle(here)
                    return try awsCopy(
                        "noise.bin", "s3://bench/noise\(round).bin", at: workspace)
                }
            ])
        let url = try line(
            of: bucket.withKeys([
                aws, "--endpoint-url", bucket.endpoint, "s3", "presign", "s3://bench/noise1.bin",
            ]), in: here)
        let target = Targets(remotes: .atLeast(0.85))
        try bench.race(
            "pull \(label)", runs: runs,
            ours: {
                let other = try clone("noise.bin.mlstore", of: workspace, from: "large1")
                try bench.settle(here)
                return try ours("pull", "--quiet", at: other)
            },
            against: [
                Bench.Rival(name: "`aws s3 cp`", targets: target) {
                    try bench.settle(here)
                    return try awsCopy("s3://bench/noise1.bin", "down.bin", at: here)
                },
                Bench.Rival(name: "`curl`", targets: target) {
                    try bench.settle(here)
                    return try measure(
                        ["curl", "-sf", "--noproxy", "*", "-o", "down.bin", url], in: here)
                },
            ])
        try bench.files.removeTree(workspace)
    }

    // MARK: - A change

    func changedTable() throws {
        let size = bench.scaled(1 << 30, minimum: 1 << 20)
        let workspace = here / "table"
        try bench.freshWorkspace(workspace)
        let table = FlightTable(seed: 2)
        let source = workspace / "table.csv"
        try table.write(to: source, sizeBytes: size)
        try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
        try addRemote("table", in: workspace)
        _ = try ours("push", "--quiet", at: workspace)
        try table.write(to: source, sizeBytes: size, version: 1, changed: 0.001)
        try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
        let (told, requests) = try bucket.counting {
            try output(of: bucket.withKeys([bench.mlstore, "push", "--json"]), in: workspace)
        }
        let work = "push after 0.1 % of the rows of a \(ByteCount(size)) table changed"
        let report = try JSONValue(parsing: Array(told.utf8))
        guard let sent = report["sentBytes"]?.integerValue else {
            throw StoreError(.internalFault, "the report of the push does not say what was sent")
        }
        bench.compareSizes(
            work, Int(sent), "raw", try fileSize(source), Targets(remotes: .atMost(0.005)))
        compareRequests(work, requests, "limit", 8, .atMost(1))
    }
}

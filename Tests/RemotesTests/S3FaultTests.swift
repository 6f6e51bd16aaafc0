import Bytes
import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// The s3 remote against a simulated server that does what no real one can be made to do.
@Suite struct S3FaultTests {
    private let root: RemoteFileName
    private let file: RemoteFileName

    init() throws {
        root = try remoteName("root")
        file = try remoteName("d/file")
    }

    @Test func `the simulated server keeps the rules`() throws {
        let findings = remoteConformanceFindings("s3 (simulated)") { _ in
            let bucket = SimulatedBucket()
            bucket.change { $0.pageCount = 500 }
            return try bucket.remote()
        }
        #expect(findings == [])
    }

    @Test func `a digest that the server keeps is asked for`() throws {
        let remote = try SimulatedBucket().remote()
        try remote.put(file, .bytes([1, 2, 3]))
        #expect(try remote.storedDigest(file) == sha256([1, 2, 3]))
        #expect(try remote.storedDigest(root) == nil)
    }

    @Test func `an object is taken whole, of one version, and only where it has changed`() throws {
        let bucket = SimulatedBucket()
        var random = SmallRandom(seed: 3)
        let bytes = random.bytes(20 << 20)
        try bucket.remote().put(file, .bytes(bytes))
        let url = "s3://bucket/p/\(file)"
        let variables = [
            "AWS_ENDPOINT_URL": "http://simulated", "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
        ]
        let object = try #require(
            try S3Object(url, .forTests(variables: variables, transport: bucket)))
        let disk = SimulatedDisk()
        let target = try disk.openFile(DiskPath("/f"), .createNew(permissions: 0o644))
        let tag = try #require(try object.download(ifNot: nil, to: target))
        #expect(try disk.readFile(DiskPath("/f"), maximumBytes: 1 << 30) == bytes)
        #expect(try object.download(ifNot: tag, to: target) == nil)
        #expect(
            bucket.requests.allSatisfy { $0.method != .get || $0.headers["if-match"] == tag })

        let gone = try #require(
            try S3Object("s3://bucket/No such", .forTests(variables: variables, transport: bucket)))
        let error = #expect(throws: StoreError.self) {
            _ = try gone.download(ifNot: nil, to: target)
        }
        #expect(error?.kind == .notFound)
        for text in ["s3://bucket", "s3://bucket/", "s3://bucket/a/", "s3:///a", "http://b/c"] {
            #expect(S3Object.parts(of: text) == nil, "\(text)")
        }
        #expect(S3Object.parts(of: "s3://b/A b/?#@")?.key == "A b/?#@")
    }

    @Test func `a server that compares quotes of ETags keeps the rules`() throws {
        let rules = remoteConformance.filter { $0.description.contains("swap") }
        #expect(rules.count == 2)
        for rule in rules {
            let bucket = SimulatedBucket()
            bucket.change { $0.wantsBareTags = true }
            try rule.run(try bucket.remote())
        }
    }

    @Test func `a swap whose answer was lost is known to be ours`() throws {
        for fault in [
            SimulatedBucket.Fault.lostAnswer, .lostRequest, .status(500, "InternalError"),
        ] {
            let bucket = SimulatedBucket()
            let remote = try bucket.remote()
            bucket.change { $0.faults = [1: fault] }
            #expect(try remote.compareAndSwap(root, expected: nil, new: [1]))
            let seen = try #require(try remote.readVersioned(root, maximumBytes: 9))
            bucket.change { $0.faults = [1: fault] }
            #expect(try remote.compareAndSwap(root, expected: seen.version, new: [2]))
            #expect(try remote.read(root, maximumBytes: 9) == [2])
        }
    }

    @Test func `a swap whose request was lost while another won is known not to be ours`() throws {
        let bucket = SimulatedBucket()
        let remote = try bucket.remote()
        let other = try bucket.remote()
        // Another wrote the same bytes: only the mark tells them apart.
        #expect(try other.compareAndSwap(root, expected: nil, new: [1]))
        bucket.change { $0.faults = [1: .lostRequest] }
        #expect(try !remote.compareAndSwap(root, expected: nil, new: [1]))
    }

    @Test func `a put whose answer was lost is done, and is not taken for another's`() throws {
        let bucket = SimulatedBucket()
        let remote = try bucket.remote()
        bucket.change { $0.faults = [1: .lostAnswer] }
        try remote.put(file, .bytes([1]))
        bucket.change { $0.faults = [1: .lostRequest] }
        let taken = #expect(throws: StoreError.self) { try remote.put(file, .bytes([1])) }
        #expect(taken?.kind == .alreadyExists)
    }

    @Test func `a storm of 503 is waited out, with growing pauses`() throws {
        let bucket = SimulatedBucket()
        let pauses = Mutex<[Int]>([])
        var surroundings = S3Surroundings.forTests(transport: bucket, clock: .forTests)
        surroundings.backoff = Backoff(entropy: .seeded(5)) { milliseconds in
            pauses.withLock { $0.append(milliseconds) }
        }
        var settings = S3Settings(bucket: "bucket")
        settings.endpoint = "http://simulated"
        let remote = try S3Remote(settings, surroundings)
        bucket.change { behaviour in
            for number in 1...6 { behaviour.faults[number] = .status(503, "SlowDown") }
        }
        #expect(try remote.size(file) == nil)
        let found = pauses.withLock { $0 }
        #expect(found.count == 6)
        for (number, pause) in found.enumerated() { #expect((0...(100 << number)).contains(pause)) }
        bucket.change { behaviour in
            for number in 1...99 { behaviour.faults[number] = .status(503, "SlowDown") }
        }
        let error = #expect(throws: StoreError.self) { _ = try remote.read(file, maximumBytes: 9) }
        #expect(error?.kind == .remoteUnreachable)
        #expect(bucket.requests.count == 7 + 8)
    }

    @Test(arguments: [400, 403, 404, 405, 409, 411])
    func `what is the asker's fault is not asked again`(status: Int) throws {
        let bucket = SimulatedBucket()
        bucket.change { $0.faults = [1: .status(status, "Whatever")] }
        #expect(throws: StoreError.self) { try bucket.remote().read(file, maximumBytes: 9) }
        #expect(bucket.requests.count == 1)
    }

    @Test func `a wrong region is left for the right one`() throws {
        let bucket = SimulatedBucket()
        bucket.change { $0.region = "eu-west-9" }
        let remote = try bucket.remote()
        #expect(try remote.size(file) == nil)
        #expect(try remote.size(file) == nil)
        #expect(bucket.requests.count == 3)
    }

    @Test func `a clock that is wrong is told by how much`() throws {
        let bucket = SimulatedBucket()
        let here = WallClock.testMoment.milliseconds
        for (offset, text) in [
            (Int64(3 * 3600 + 60), "3 hours behind"), (-1500, "25 minutes ahead of"),
        ] {
            bucket.change { $0.clock = Timestamp(milliseconds: here + offset * 1000) }
            let error = #expect(throws: StoreError.self) {
                _ = try bucket.remote().read(file, maximumBytes: 9)
            }
            #expect(error?.message.contains("this machine's clock is \(text) the server's") == true)
        }
    }

    @Test func `keys that expired are fetched again once`() throws {
        let bucket = SimulatedBucket()
        try withTemporaryFolder { folder in
            // A program that gives other keys each time.
            let script = """
                n=$(cat '\(folder)/n' 2>/dev/null || echo 0); n=$((n+1)); echo $n >'\(folder)/n'
                echo "{\\"Version\\":1,\\"AccessKeyId\\":\\"K$n\\",\\"SecretAccessKey\\":\\"s\\"}"
                """
            try writeAtomically(
                Array(script.utf8), to: folder / "keys.sh", on: LocalDisk(), durable: false)
            let config = "[default]\ncredential_process = /bin/sh \"\(folder)/keys.sh\"\n"
            try writeAtomically(
                Array(config.utf8), to: folder / "config", on: LocalDisk(), durable: false)
            let remote = try bucket.remote(variables: ["AWS_CONFIG_FILE": "\(folder)/config"])
            bucket.change { $0.freshKey = "K1" }
            #expect(try remote.size(file) == nil)
            bucket.change { $0.freshKey = "K2" }
            #expect(throws: StoreError.self) { _ = try remote.read(file, maximumBytes: 9) }
            #expect(try remote.size(file) == nil)
            bucket.change { $0.freshKey = "K9" }
            let error = #expect(throws: StoreError.self) {
                _ = try remote.read(file, maximumBytes: 9)
            }
            #expect(error?.message.contains("token has expired") == true)
        }
    }

    @Test func `conditions that are ignored or refused are found out`() throws {
        for refuses in [true, false] {
            let bucket = SimulatedBucket()
            bucket.change { behaviour in
                behaviour.refusesConditions = refuses
                behaviour.ignoresConditions = !refuses
            }
            let found = try probeRemote(
                try bucket.remote(),
                plain: { try bucket.remote { $0.swapsOnCondition = false } }, entropy: .seeded(1))
            #expect(found.writers == .one && found.reason != nil)
        }
    }

    @Test func `a listing that lags, and answers that are cut off, are no harm`() throws {
        let bucket = SimulatedBucket()
        let remote = try bucket.remote()
        try remote.put(root, .bytes([1]))
        bucket.change { $0.hidesNewest = true }
        try remote.put(file, .bytes([2]))
        #expect(try remote.list(nil).map(\.name) == [root])
        #expect(try remote.size(file) == 1)
        bucket.change { $0.faults = [1: .truncated, 2: .truncated] }
        #expect(try remote.read(file, maximumBytes: 9) == [2])
        let short = #expect(throws: StoreError.self) { _ = try remote.read(file, range: 0..<2) }
        #expect(short?.kind == .corrupt)
    }

    @Test func `no secret is in what is sent in the open or said`() throws {
        let bucket = SimulatedBucket()
        let variables = [
            "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s3cret",
            "AWS_SESSION_TOKEN": "t0ken",
        ]
        let remote = try bucket.remote(variables: variables)
        bucket.change { $0.faults = [1: .status(403, "AccessDenied")] }
        let error = #expect(throws: StoreError.self) { _ = try remote.read(file, maximumBytes: 9) }
        let sent = try #require(bucket.requests.last)
        #expect(sent.secrets["x-amz-security-token"] == "t0ken")
        let open = sent.headers.list.map { "\($0)" }.joined() + sent.url.text
        let said = "\(String(describing: error)) \(error?.advice ?? "") \(remote)"
        for text in ["s3cret", "t0ken"] { #expect(!open.contains(text) && !said.contains(text)) }
    }
}

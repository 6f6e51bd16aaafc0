import Bytes
import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

/// The s3 remote against a real server.
@Suite struct S3SeaweedTests {
    private func remote(
        _ prefix: String, change: (inout S3Settings) -> Void = { _ in }
    ) throws -> S3Remote {
        try BucketServer.seaweed().remote(BucketServer.bucket, prefix: prefix, change: change)
    }

    @Test func `a bucket keeps the rules of a remote`() throws {
        let findings = remoteConformanceFindings("s3 (SeaweedFS)") { number in
            try remote("conformance/\(number)")
        }
        #expect(findings == [])
    }

    @Test func `a probe finds that any number may write, and leaves nothing`() throws {
        let remote = try remote("probe-many")
        let found = try probeRemote(remote, plain: { remote }, entropy: .seeded(1))
        #expect(found == RemoteCapabilities(writers: .many))
        #expect(try remote.list(nil).isEmpty)
    }

    @Test func `a probe finds that keys may only read`() throws {
        let server = try BucketServer.seaweed()
        let reader = [
            "AWS_ACCESS_KEY_ID": "READ", "AWS_SECRET_ACCESS_KEY": BucketServer.keys.secretKey,
        ]
        let remote = try server.remote(BucketServer.bucket, prefix: "reader", variables: reader)
        let found = try probeRemote(remote, plain: { remote }, entropy: .seeded(2))
        #expect(found.writers == .none && found.reason?.contains("access denied") == true)
    }

    @Test func `a file of many parts arrives, and never in the place of another`() throws {
        try expectParts(of: remote("parts"))
    }

    @Test func `a file whose digest is known arrives in one request, if it is that file`() throws {
        let remote = try remote("whole")
        try withTemporaryFolder { folder in
            var random = SmallRandom(seed: 9)
            let bytes = random.bytes(37 << 20)
            let path = folder / "big"
            try writeAtomically(bytes, to: path, on: LocalDisk(), durable: false)
            let name = try remoteName("packs/0a/whole.pack")
            let before = remote.sentRequests ?? 0
            try remote.put(name, .file(path, on: LocalDisk(), digest: sha256(bytes)))
            #expect((remote.sentRequests ?? 0) - before == 1)
            #expect(try remote.read(name, maximumBytes: 1 << 30) == bytes)
            // The bucket has looked at the whole, and keeps what it found.
            #expect(try remote.storedDigest(name) == sha256(bytes))
            let other = try remoteName("packs/0a/other.pack")
            let refused = #expect(throws: StoreError.self) {
                try remote.put(other, .file(path, on: LocalDisk(), digest: sha256([1])))
            }
            #expect(refused?.kind == .remoteRefused)
            #expect(try remote.size(other) == nil)
        }
    }

    @Test func `wrong keys, a missing bucket and no server are told apart`() throws {
        let server = try BucketServer.seaweed()
        let name = try remoteName("f")
        try expectRefusals(by: server) { _ = try $0.read($1, maximumBytes: 9) }
        let port = try PeerProcess.freePort()
        let nobody = try server.remote(BucketServer.bucket) {
            $0.endpoint = "http://127.0.0.1:\(port)"
        }
        let dead = #expect(throws: StoreError.self) { _ = try nobody.size(name) }
        #expect(dead?.kind == .remoteUnreachable && dead?.advice != nil)
    }

    @Test func `a server that dies while a file is sent leaves it whole or absent`() throws {
        try withTemporaryFolder { folder in
            let server = try BucketServer.seaweed(in: folder)
            try server.makeBucket("bkt")
            let remote = try server.remote("bkt")
            let name = try remoteName("f")
            try remote.put(name, .bytes([1, 2, 3]))
            server.process.signal("KILL")
            let error = #expect(throws: StoreError.self) {
                try remote.put(try remoteName("g"), .bytes([4]))
            }
            #expect(error?.kind == .remoteUnreachable)
        }
    }

    @Test func `a server that ignores conditions is found out`() throws {
        try withTemporaryFolder { folder in
            let server = try BucketServer.rclone(in: folder)
            try server.makeBucket("bkt")
            let remote = try server.remote("bkt", prefix: "p")
            let plain = try server.remote("bkt", prefix: "p") { $0.swapsOnCondition = false }
            let found = try probeRemote(remote, plain: { plain }, entropy: .seeded(3))
            #expect(found.writers == .one)
            #expect(found.reason == "a new file replaces an old one in spite of the condition")
            // And so it is used: one after the other, under a lock that others see.
            let root = try remoteName("root")
            #expect(try plain.compareAndSwap(root, expected: nil, new: [1]))
            let seen = try #require(try plain.readVersioned(root, maximumBytes: 9))
            #expect(try !plain.compareAndSwap(root, expected: nil, new: [2]))
            #expect(try plain.compareAndSwap(root, expected: seen.version, new: [2]))
            #expect(try !plain.compareAndSwap(root, expected: seen.version, new: [3]))
            #expect(try plain.read(root, maximumBytes: 9) == [2])
            let again = #expect(throws: StoreError.self) { try plain.put(root, .bytes([7])) }
            #expect(again?.kind == .alreadyExists)
            try plain.put(try remoteName("lock"), .bytes([0]))
            let locked = #expect(throws: StoreError.self) {
                _ = try plain.compareAndSwap(root, expected: nil, new: [9])
            }
            #expect(locked?.kind == .locked && locked?.advice?.contains("'p/lock'") == true)
            let findings = remoteConformanceFindings("s3 (rclone)", races: false) { number in
                try server.remote("bkt", prefix: "rules/\(number)") { $0.swapsOnCondition = false }
            }
            #expect(findings == [])
        }
    }
}

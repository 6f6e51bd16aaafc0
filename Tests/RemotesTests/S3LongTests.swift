import Bytes
import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

/// The s3 remote against servers that are too large and too slow to start for every run.
@Suite(.enabled(if: BucketServer.isLongRun)) struct S3LongTests {
    private static let folder = Result { try TemporaryFolder() }
    private static let ceph = Result { () throws -> BucketServer in
        let server = try BucketServer.ceph(in: try folder.get().path)
        try server.makeBucket(BucketServer.bucket)
        return server
    }

    private func ceph(
        _ prefix: String, change: (inout S3Settings) -> Void = { _ in }
    ) throws -> S3Remote {
        try S3LongTests.ceph.get().remote(BucketServer.bucket, prefix: prefix, change: change)
    }

    @Test func `Ceph keeps the rules of a remote`() throws {
        let findings = remoteConformanceFindings("s3 (Ceph)") { try ceph("conformance/\($0)") }
        #expect(findings == [])
    }

    @Test func `a probe of Ceph finds that any number may write, and leaves nothing`() throws {
        let remote = try ceph("probe-many")
        let found = try probeRemote(remote, plain: { remote }, entropy: .seeded(1))
        #expect(found == RemoteCapabilities(writers: .many))
        #expect(try remote.list(nil).isEmpty)
    }

    // It says 200 with an empty ETag to what completes them, and knows no condition there.
    @Test func `on Ceph a file of many parts arrives, and never in the place of another`() throws {
        try expectParts(of: ceph("parts"))
    }

    @Test func `to Ceph wrong keys, no bucket and no keys are told apart`() throws {
        try expectRefusals(by: S3LongTests.ceph.get()) { try $0.put($1, .bytes([1])) }
    }

    @Test func `OpenStack, which refuses conditions, is found out and then used by one writer`()
        throws
    {
        try withTemporaryFolder { folder in
            let server = try BucketServer.openstack(in: folder)
            defer { server.process.stop() }
            try server.makeBucket("bkt")
            let remote = try server.remote("bkt", prefix: "p")
            let plain = try server.remote("bkt", prefix: "p") { $0.swapsOnCondition = false }
            let found = try probeRemote(remote, plain: { plain }, entropy: .seeded(3))
            #expect(found.writers == .one)
            #expect(found.reason == "it does not know conditional writes (501)")
            #expect(try plain.list(nil).isEmpty)
            // Nobody who trusted it would take the answer for a yes.
            let root = try remoteName("root")
            for expected in [nil, RemoteVersion("\"0\"")] {
                let error = #expect(throws: StoreError.self) {
                    _ = try remote.compareAndSwap(root, expected: expected, new: [1])
                }
                #expect(error?.kind == .remoteRefused)
                #expect(error?.advice?.contains("'remote.NAME.writers'") == true)
            }
            #expect(try plain.size(root) == nil)
            let findings = remoteConformanceFindings("s3 (OpenStack)", races: false) { number in
                try server.remote("bkt", prefix: "rules/\(number)") { $0.swapsOnCondition = false }
            }
            #expect(findings == [])
        }
    }
}

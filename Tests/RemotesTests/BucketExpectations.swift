import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

/// Expects that a file which is sent in parts arrives, and never in the place of another.
func expectParts(of remote: S3Remote) throws {
    try withTemporaryFolder { folder in
        var random = SmallRandom(seed: 8)
        let bytes = random.bytes(37 << 20)
        let path = folder / "big"
        try writeAtomically(bytes, to: path, on: LocalDisk(), durable: false)
        let name = try remoteName("packs/0a/big.pack")
        try remote.put(name, .file(path, on: LocalDisk()))
        #expect(try remote.size(name) == bytes.count)
        #expect(try remote.read(name, maximumBytes: 1 << 30) == bytes)
        let part = (20 << 20) - 3..<(20 << 20) + 3
        #expect(try remote.read(name, range: part) == Array(bytes[part]))
        #expect(try remote.readVersioned(name, maximumBytes: 1 << 30) != nil)
        let again = #expect(throws: StoreError.self) {
            try remote.put(name, .file(path, on: LocalDisk()))
        }
        #expect(again?.kind == .alreadyExists)
    }
}

/// Expects that wrong keys, a bucket that is none, and no keys are told apart by a request.
func expectRefusals(
    by server: BucketServer, of request: (S3Remote, RemoteFileName) throws -> Void
) throws {
    let name = try remoteName("f")
    let wrong = [
        ["AWS_ACCESS_KEY_ID": "MLSTORETEST", "AWS_SECRET_ACCESS_KEY": "wrong-s3cret"],
        ["AWS_ACCESS_KEY_ID": "NOBODY", "AWS_SECRET_ACCESS_KEY": "wrong-s3cret"],
    ]
    for variables in wrong {
        let remote = try server.remote(BucketServer.bucket, variables: variables)
        let error = #expect(throws: StoreError.self) { try request(remote, name) }
        #expect(
            error?.kind == .remoteRefused && error?.message.contains("keys are wrong") == true,
            "\(String(describing: error))")
        #expect(error?.message.contains("s3cret") == false)
    }
    let nowhere = #expect(throws: StoreError.self) {
        try request(try server.remote("no-such-bucket"), name)
    }
    #expect(nowhere?.message.contains("there is no bucket 'no-such-bucket'") == true)
    let anonymous = try server.remote(BucketServer.bucket) { $0.isAnonymous = true }
    let refused = #expect(throws: StoreError.self) { try anonymous.put(name, .bytes([1])) }
    #expect(refused?.kind == .remoteRefused)
}

import Bytes
import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// What the settings of an s3 remote put into its requests.
@Suite struct S3HeaderTests {
    private static let encryption = "x-amz-server-side-encryption"
    private static let encryptionKey = "x-amz-server-side-encryption-aws-kms-key-id"
    private static let storageClass = "x-amz-storage-class"

    private func settings(_ pairs: [String: String]) throws -> S3Settings {
        let url = try RemoteURL(parsing: "s3://bucket/p", relativeTo: DiskPath("/"))
        return try S3Settings(url, RemoteSettings(pairs))
    }

    @Test func `whatever is written is encrypted with the key that is set`() throws {
        let bucket = SimulatedBucket()
        let kept = try settings(["encryptionKey": "alias/data"])
        let remote = try bucket.remote {
            $0.encryption = kept.encryption
            $0.encryptionKey = kept.encryptionKey
        }
        let root = try remoteName("root")
        try remote.put(try remoteName("packs/a/1.pack"), .bytes([1]))
        #expect(try remote.compareAndSwap(root, expected: nil, new: [1]))
        let seen = try #require(try remote.readVersioned(root, maximumBytes: 9))
        #expect(try remote.compareAndSwap(root, expected: seen.version, new: [2]))
        let writes = bucket.requests.filter { $0.method == .put }
        #expect(writes.count == 3)
        for write in writes {
            #expect(write.headers[S3HeaderTests.encryption] == "aws:kms")
            #expect(write.headers[S3HeaderTests.encryptionKey] == "alias/data")
        }
        // A server refuses to be told this with a question.
        for read in bucket.requests where read.method != .put {
            #expect(read.headers[S3HeaderTests.encryption] == nil)
            #expect(read.headers[S3HeaderTests.encryptionKey] == nil)
        }
    }

    @Test func `a file in parts is encrypted and classed by the request that begins it`() throws {
        try withTemporaryFolder { folder in
            let bucket = SimulatedBucket()
            let remote = try bucket.remote {
                $0.encryption = "AES256"
                $0.storageClass = "STANDARD_IA"
            }
            let path = folder / "big"
            try writeAtomically(
                [UInt8](repeating: 0, count: 33 << 20), to: path, on: LocalDisk(), durable: false)
            // This server does not take parts.
            #expect(throws: StoreError.self) {
                try remote.put(try remoteName("packs/a/1.pack"), .file(path, on: LocalDisk()))
            }
            let begun = try #require(bucket.requests.first { $0.method == .post })
            #expect(begun.headers[S3HeaderTests.encryption] == "AES256")
            #expect(begun.headers[S3HeaderTests.encryptionKey] == nil)
            #expect(begun.headers[S3HeaderTests.storageClass] == "STANDARD_IA")
        }
    }

    @Test func `packs alone have the storage class, and every request says who pays`() throws {
        let bucket = SimulatedBucket()
        let remote = try bucket.remote {
            $0.storageClass = "STANDARD_IA"
            $0.requesterPays = true
        }
        try remote.put(try remoteName("packs/a/1.pack"), .bytes([1]))
        try remote.put(try remoteName("packs/a/1.index"), .bytes([1]))
        _ = try remote.list(nil)
        let classes = bucket.requests.map { $0.headers[S3HeaderTests.storageClass] }
        #expect(classes.filter { $0 == "STANDARD_IA" }.count == 1)
        #expect(bucket.requests.first?.headers[S3HeaderTests.storageClass] == "STANDARD_IA")
        for request in bucket.requests {
            #expect(request.headers["x-amz-request-payer"] == "requester")
        }
    }

    @Test func `certificate authorities come from the remote, else from the environment`() throws {
        for (set, variables, expected) in [
            ("/set.pem", ["AWS_CA_BUNDLE": "/aws.pem"], "/set.pem"),
            (nil, ["AWS_CA_BUNDLE": "/aws.pem", "SSL_CERT_FILE": "/ssl.pem"], "/aws.pem"),
            (nil, ["SSL_CERT_FILE": "/ssl.pem", "CURL_CA_BUNDLE": "/curl.pem"], "/ssl.pem"),
            (nil, ["CURL_CA_BUNDLE": "/curl.pem"], "/curl.pem"),
            (nil, [:], nil),
        ] as [(String?, [String: String], String?)] {
            let seen = Mutex<[HTTPClientOptions]>([])
            var surroundings = S3Surroundings.forTests(variables: variables)
            surroundings.transport = { options in
                seen.withLock { $0.append(options) }
                return SimulatedBucket()
            }
            var settings = S3Settings(bucket: "bucket")
            settings.authorities = set
            _ = try S3Remote(settings, surroundings)
            let options = try #require(seen.withLock { $0.first })
            #expect(options.authorities == expected && options.usesProxies)
        }
    }

    @Test func `an encryption that is none is refused`() throws {
        let error = #expect(throws: StoreError.self) { try settings(["encryption": "rot13"]) }
        #expect(error?.message.contains("'rot13' as 'remote.NAME.encryption'") == true)
    }
}

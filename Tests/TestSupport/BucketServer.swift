import Bytes
package import Platform
package import Remotes
package import Vocabulary

/// A real server that speaks S3, on loopback.
package final class BucketServer: Sendable {
    /// Its URL.
    package let endpoint: String
    /// The program.
    package let process: PeerProcess
    private let keys: AWSCredentials

    /// The keys that all but OpenStack know.
    package static let keys = AWSCredentials(accessKey: "MLSTORETEST", secretKey: "SECRETSECRET")

    private init(endpoint: String, process: PeerProcess, keys: AWSCredentials) {
        self.endpoint = endpoint
        self.process = process
        self.keys = keys
    }

    /// SeaweedFS, which checks signatures and puts on condition; started once for all tests.
    package static func seaweed() throws -> BucketServer { try shared.get() }

    /// Its bucket; tests keep to a prefix of their own in it.
    package static let bucket = "shared"

    // Both last as long as the process; then the shell that watches removes the folder.
    private static let folder = Result { try TemporaryFolder() }
    private static let shared = Result { () throws -> BucketServer in
        let server = try seaweed(in: try folder.get().path)
        try server.makeBucket(bucket)
        return server
    }

    /// A SeaweedFS of one's own, to be killed.
    package static func seaweed(in folder: DiskPath) throws -> BucketServer {
        let identity = """
            {"identities":[{"name":"ci","credentials":[{"accessKey":"MLSTORETEST","secretKey":"SECRETSECRET"}],
            "actions":["Admin","Read","Write","List","Tagging"]},
            {"name":"reader","credentials":[{"accessKey":"READ","secretKey":"SECRETSECRET"}],
            "actions":["Read","List"]}]}
            """
        try writeAtomically(
            Array(identity.utf8), to: folder / "s3.json", on: LocalDisk(), durable: false)
        try LocalDisk().makeDirectory(folder / "data")
        let ports = try PeerProcess.freePorts(5)
        let line = """
            GOMEMLIMIT=200MiB exec '\(PeerProcess.programs)/weed' mini -dir='\(folder)/data' \
            -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.config='\(folder)/s3.json' \
            -master.port=\(ports[0]) -volume.port=\(ports[1]) -filer.port=\(ports[2]) \
            -s3.port=\(ports[3]) -admin.port=\(ports[4]) -s3.port.iceberg=0 -s3.port.lance=0 \
            -webdav=false -admin.ui=false -s3.autoCreateBucket=false
            """
        return try start(line, in: folder, port: ports[3], path: "/healthz", status: 200)
    }

    /// rclone, which takes conditional writes and ignores the conditions.
    package static func rclone(in folder: DiskPath) throws -> BucketServer {
        try LocalDisk().makeDirectory(folder / "data")
        let port = try PeerProcess.freePort()
        let line = """
            RCLONE_CONFIG=/dev/null exec '\(PeerProcess.programs)/rclone' serve s3 \
            --auth-key MLSTORETEST,SECRETSECRET --addr 127.0.0.1:\(port) --vfs-cache-mode off '\(folder)/data'
            """
        return try start(line, in: folder, port: port, path: "/", status: 400)
    }

    /// Runs a line of the shell until it answers `path` with `status`, and, where there is to be one, has
    /// made the file `afterwards`.
    static func start(
        _ line: String, in folder: DiskPath, port: Int, path: String, status: Int,
        keys: AWSCredentials = keys, afterwards: DiskPath? = nil, seconds: Int = 60
    ) throws -> BucketServer {
        let client = directClient()
        let url = HTTPURL(isSecure: false, host: "127.0.0.1", port: port, path: path)
        let process = try PeerProcess(line, in: folder, seconds: seconds) {
            if let afterwards, try LocalDisk().status(of: afterwards, followingLinks: true) == nil {
                return false
            }
            return try client.send(HTTPRequest(.get, url)).status == status
        }
        return BucketServer(endpoint: "http://127.0.0.1:\(port)", process: process, keys: keys)
    }

    /// A client that no proxy of the machine comes into the way of.
    package static func directClient(_ options: HTTPClientOptions = .init()) -> HTTPClient {
        var options = options
        options.usesProxies = false
        return HTTPClient(options)
    }

    /// Makes a bucket.
    package func makeBucket(_ name: String) throws {
        guard let url = HTTPURL("\(endpoint)/\(name)") else {
            throw BrokenRule(description: endpoint)
        }
        var last = ""
        for _ in 0..<300 {
            var request = HTTPRequest(.put, url, body: .bytes([]))
            SignatureV4(
                credentials: keys, region: "us-east-1", service: "s3",
                moment: WallClock.system.now()
            ).sign(&request, payload: sha256([]).hex)
            let answer = try BucketServer.directClient().send(request)
            if answer.isSuccess || answer.status == 409 { return }
            last = "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
            // Some begin to answer before they can store.
            pause(milliseconds: 100)
        }
        throw BrokenRule(description: "no bucket '\(name)' at \(endpoint): \(last)")
    }

    /// A remote in a bucket of it.
    package func remote(
        _ bucket: String, prefix: String = "", variables: [String: String]? = nil,
        change: (inout S3Settings) -> Void = { _ in }
    ) throws -> S3Remote {
        var settings = S3Settings(bucket: bucket, prefix: prefix)
        settings.endpoint = endpoint
        change(&settings)
        return try S3Remote(settings, .forTests(variables: variables, keys: keys))
    }
}

extension S3Surroundings {
    /// Surroundings with these environment variables (nil: the keys), no home and short pauses.
    package static func forTests(
        variables: [String: String]? = nil, keys: AWSCredentials = BucketServer.keys,
        home: DiskPath? = nil,
        transport: (any HTTPTransport)? = nil, clock: WallClock = .system
    ) -> S3Surroundings {
        let variables =
            variables ?? [
                "AWS_ACCESS_KEY_ID": keys.accessKey, "AWS_SECRET_ACCESS_KEY": keys.secretKey,
            ]
        let entropy = Entropy.system
        return S3Surroundings(
            variable: { variables[$0] }, home: home, disk: LocalDisk(), clock: clock,
            entropy: entropy,
            backoff: Backoff(entropy: entropy) { _ in Platform.pause(milliseconds: 1) },
            transport: { options in transport ?? BucketServer.directClient(options) })
    }
}

import Platform
import Vocabulary

/// A SeaweedFS on loopback, which counts the requests that reach it; stopped when this is let go.
final class BenchBucket {
    /// Its URL.
    let endpoint: String
    private let metrics: String
    private let process: ConnectedProcess

    private static let keys = [
        "AWS_ACCESS_KEY_ID=MLSTOREBENCH", "AWS_SECRET_ACCESS_KEY=SECRETSECRET",
        "AWS_DEFAULT_REGION=us-east-1", "no_proxy=127.0.0.1", "NO_PROXY=127.0.0.1",
    ]

    /// Starts it with its data in `folder`, and makes the bucket `bench` with `aws`.
    init(weed: String, aws: String, in folder: DiskPath) throws {
        let identity = """
            {"identities":[{"name":"bench","credentials":[{"accessKey":"MLSTOREBENCH",\
            "secretKey":"SECRETSECRET"}],"actions":["Admin","Read","Write","List","Tagging"]}]}
            """
        let files = LocalDisk()
        try files.makeDirectories(folder / "data")
        try writeAtomically(
            Array(identity.utf8), to: folder / "s3.json", on: files, durable: false)
        let ports = try BenchBucket.freePorts(6, in: folder)
        endpoint = "http://127.0.0.1:\(ports[3])"
        metrics = "http://127.0.0.1:\(ports[5])/metrics"
        let command = """
            exec '\(weed)' mini -dir='\(folder)/data' -ip=127.0.0.1 -ip.bind=127.0.0.1 \
            -s3.config='\(folder)/s3.json' -master.port=\(ports[0]) -volume.port=\(ports[1]) \
            -filer.port=\(ports[2]) -s3.port=\(ports[3]) -admin.port=\(ports[4]) \
            -metricsIp=127.0.0.1 -metricsPort=\(ports[5]) -s3.port.iceberg=0 -s3.port.lance=0 \
            -webdav=false -admin.ui=false -s3.autoCreateBucket=false >'\(folder)/log' 2>&1
            """
        process = try ConnectedProcess(arguments: ["sh", "-c", command], directory: folder)
        let make = withKeys([aws, "--endpoint-url", endpoint, "s3", "mb", "s3://bench"])
        for attempt in 1... {
            do {
                _ = try output(of: make, in: folder)
                break
            } catch {
                guard attempt < 20 else { throw error }
                pause(milliseconds: 500)
            }
        }
    }

    deinit {
        process.terminate()
        _ = process.finish()
    }

    /// A command with the keys in its environment, and no proxy.
    func withKeys(_ command: [String]) -> [String] { ["env"] + BenchBucket.keys + command }

    /// How many requests reached it while `body` ran, and what that gave.
    func counting<Result>(_ body: () throws -> Result) throws -> (Result, requests: Int) {
        let before = try requestCount()
        let result = try body()
        return (result, try requestCount() - before)
    }

    private func requestCount() throws -> Int {
        let told = try output(
            of: ["curl", "-sf", "--noproxy", "*", metrics], in: DiskPath("/"))
        return told.split(separator: "\n")
            .filter { $0.hasPrefix("SeaweedFS_s3_request_total{bucket=\"bench\"") }
            .reduce(0) { $0 + Int(Double($1.split(separator: " ").last ?? "") ?? 0) }
    }

    /// Ports that are free now, as those 10,000 above them are: it takes these too.
    private static func freePorts(_ count: Int, in folder: DiskPath) throws -> [Int] {
        let program = """
            import random, socket
            found, held = [], []
            while len(found) < \(count):
                port = random.randrange(15000, 30000)
                try:
                    for number in (port, port + 10000):
                        held.append(socket.socket()); held[-1].bind(("127.0.0.1", number))
                    found.append(port)
                except OSError: pass
            print(*found)
            """
        return try line(of: ["python3", "-c", program], in: folder).split(separator: " ")
            .compactMap { Int($0) }
    }
}

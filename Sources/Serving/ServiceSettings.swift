import Bytes
import Vocabulary

/// How to serve, as `mlstore serve` says it.
struct ServiceSettings: Sendable {
    /// The directory of the remote.
    let directory: DiskPath
    /// Where to listen; port 0 for any that is free.
    let host: String
    let port: Int
    /// The file of tokens; nil: everybody who can connect may do everything.
    let tokens: DiskPath?
    /// Whether one may read without a token.
    let isPublic: Bool
    /// The files of the certificates and of the key, in PEM; nil: no encryption.
    let certificate: String?
    let key: String?
    /// The most bytes of one file.
    let maximumBodyBytes: Int
    /// The most connections at once.
    let maximumConnections: Int
    /// The seconds that one request may take.
    let requestSeconds: Int
    /// The seconds that running requests have after a signal.
    let graceSeconds: Int
    /// Whether each request is told on standard error.
    let logsRequests: Bool

    init(parsing bytes: [UInt8]) throws {
        let value = try JSONValue(parsing: bytes)
        func number(_ key: String) throws -> Int {
            guard let number = value[key]?.integerValue, number >= 0 else { throw missing(key) }
            return Int(number)
        }
        func text(_ key: String) throws -> String {
            guard let text = value[key]?.stringValue else { throw missing(key) }
            return text
        }
        func missing(_ key: String) -> StoreError {
            StoreError(.badUsage, "cannot serve: '\(key)' is missing or wrong")
        }
        directory = DiskPath(try text("directory"))
        host = try text("host")
        port = try number("port")
        tokens = value["tokens"]?.stringValue.map { DiskPath($0) }
        isPublic = value["public"]?.boolValue ?? false
        certificate = value["certificate"]?.stringValue
        key = value["key"]?.stringValue
        maximumBodyBytes = try number("maximumBodyBytes")
        maximumConnections = try number("maximumConnections")
        requestSeconds = try number("requestSeconds")
        graceSeconds = try number("graceSeconds")
        logsRequests = value["logsRequests"]?.boolValue ?? true
    }
}

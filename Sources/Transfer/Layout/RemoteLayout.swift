import Bytes
import Remotes
import Vocabulary

/// Where the parts of a repository of objects stand on a remote; docs/format/remote.md has the
/// reasons.
///
///     format                        what this is: never replaced
///     root                          which state is current: the only file that is replaced
///     state/<hex>                   a table of refs and of index segments
///     idx/<hex>                     an index segment: which objects stand where in which packs
///     packs/<session>/<hex>.pack    the objects, as in a local store
///
/// Everything but `format` and `root` is named by its SHA-256 (packs with the session that sent
/// them before it), so it never changes and can be kept by whoever read it once.
enum RemoteLayout {
    static func format() throws -> RemoteFileName { try RemoteFileName(validating: "format") }
    static func root() throws -> RemoteFileName { try RemoteFileName(validating: "root") }

    static func state(_ id: Digest) throws -> RemoteFileName {
        try RemoteFileName(validating: "state/" + id.hex)
    }

    static func index(_ id: Digest) throws -> RemoteFileName {
        try RemoteFileName(validating: "idx/" + id.hex)
    }

    static func pack(_ id: PackID, session: [UInt8]) throws -> RemoteFileName {
        try RemoteFileName(validating: "packs/\(Hex.encode(session))/\(id.digest.hex).pack")
    }

    /// The bounds of what is read whole: more is damage or malice.
    static let maximumFormat = 64 << 10
    static let maximumRoot = 64 << 10
    static let maximumState = 1 << 30
    static let maximumIndex = 1 << 30
}

/// The `format` file: `{"features":[],"format":"mlstore remote","version":1}` and a newline.
enum RemoteFormatFile {
    static let name = "mlstore remote"

    static var current: [UInt8] {
        let value: JSONValue = ["format": .string(name), "version": 1, "features": []]
        return value.canonical + [0x0a]
    }

    static func check(_ bytes: [UInt8], on remote: String) throws {
        guard let value = try? JSONValue(parsing: bytes), value["format"]?.stringValue == name,
            let version = value["version"]?.integerValue,
            let features = value["features"]?.arrayValue
        else { throw StoreError.damagedRemote(remote, "format", "it does not describe a remote") }
        guard version == 1, features.isEmpty else {
            throw StoreError(
                .newerFormat, "cannot use remote '\(remote)': a newer mlstore than this made it",
                subject: remote, advice: "install a newer mlstore", safety: "nothing was changed")
        }
    }
}

/// The `root` file: which state is current. Replaced by compare-and-swap only; `previous` is the
/// SHA-256 of the bytes that it replaced, so that the roots form a chain.
struct RemoteRoot: Hashable, Sendable {
    /// 1 for the first push, then rising by one.
    var sequence: Int
    /// The digest of the root before; nil in the first.
    var previous: Digest?
    /// The current state.
    var state: Digest
    /// When, by the clock of who pushed; for people.
    var time: Timestamp

    var bytes: [UInt8] {
        let value: JSONValue = [
            "type": "mlstore root", "version": 1, "sequence": JSONValue(sequence),
            "previous": previous.map { .string($0.hex) } ?? .null, "state": .string(state.hex),
            "time": .string(time.description),
        ]
        return value.canonical + [0x0a]
    }

    init(sequence: Int, previous: Digest?, state: Digest, time: Timestamp) {
        self.sequence = sequence
        self.previous = previous
        self.state = state
        self.time = time
    }

    init(parsing bytes: [UInt8], on remote: String) throws {
        let wrong = StoreError.damagedRemote(remote, "root", "it does not have the right shape")
        guard let value = try? JSONValue(parsing: bytes),
            value["type"]?.stringValue == "mlstore root",
            let version = value["version"]?.integerValue
        else { throw wrong }
        guard version == 1 else { throw StoreError.newerRemote(remote, "root", version) }
        guard let sequence = value["sequence"]?.integerValue, sequence >= 1,
            let state = value["state"]?.stringValue.flatMap({ Digest(hex: $0) }),
            let time = value["time"]?.stringValue.flatMap({ Timestamp($0) }),
            let before = value["previous"]
        else { throw wrong }
        previous = before.stringValue.flatMap { Digest(hex: $0) }
        guard (previous == nil) == before.isNull, (previous == nil) == (sequence == 1) else {
            throw wrong
        }
        self.sequence = Int(sequence)
        self.state = state
        self.time = time
    }
}

extension StoreError {
    /// A file of a remote that is not what it should be.
    static func damagedRemote(
        _ remote: String, _ file: String, _ why: String, cause: (any Error)? = nil
    ) -> StoreError {
        StoreError(
            .corrupt, "'\(file)' on remote '\(remote)' is damaged: \(why)", subject: file,
            advice: "restore the file from a backup of the remote, or push to a new remote",
            safety: "nothing was changed here", cause: cause)
    }

    /// A file of a remote that a newer program wrote.
    static func newerRemote(_ remote: String, _ file: String, _ version: Int64) -> StoreError {
        StoreError(
            .newerFormat,
            "cannot read '\(file)' on remote '\(remote)': it has version \(version), of a newer"
                + " mlstore than this",
            subject: file, advice: "install a newer mlstore", safety: "nothing was changed")
    }
}

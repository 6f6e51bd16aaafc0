import Bytes
import Objects
import Remotes
import Vocabulary

/// Where the parts of a repository of objects stand on a remote; docs/format/remote.md has the
/// reasons.
///
///     format                        what this is: never replaced
///     root                          which state is current: the only file that is replaced
///     state/<n>-<hex>               a table of refs and of index segments
///     idx/<n>-<hex>                 an index segment: which objects stand where in which packs
///     packs/<session>/<hex>.pack    the objects, as in a local store
///
/// Everything but `format` and `root` is named by its SHA-256, so it never changes and can be kept by
/// whoever read it once. Before it stands for which root it was made, or which session sent it: so
/// that it can be told from the name what is of no use any more.
enum RemoteLayout {
    static func format() throws -> RemoteFileName { try RemoteFileName(validating: "format") }
    static func root() throws -> RemoteFileName { try RemoteFileName(validating: "root") }

    /// The state made for the root with this number; 0 for one without.
    static func state(_ id: Digest, sequence: Int) throws -> RemoteFileName {
        try numbered("state", id, sequence)
    }

    /// The index segment made for the root with this number; 0 for one without.
    static func index(_ id: Digest, sequence: Int) throws -> RemoteFileName {
        try numbered("idx", id, sequence)
    }

    private static func numbered(
        _ folder: String, _ id: Digest, _ sequence: Int
    ) throws -> RemoteFileName {
        let number = sequence == 0 ? "" : "\(sequence)-"
        return try RemoteFileName(validating: "\(folder)/\(number)\(id.hex)")
    }

    /// For which root a state or an index segment was made; nil for any other name.
    static func sequence(of name: RemoteFileName) -> Int? {
        let parts = name.description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "state" || parts[0] == "idx" else { return nil }
        let words = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard words.count <= 2, let last = words.last, Digest(hex: last) != nil else { return nil }
        return words.count == 1 ? 0 : Int(words[0])
    }

    /// The session and the id of a pack; nil for any other name.
    static func pack(_ name: RemoteFileName) -> (session: [UInt8], id: PackID)? {
        let parts = name.description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "packs", parts[2].hasSuffix(".pack"),
            let session = Hex.decode(parts[1]), session.count == PackFormat.nonceBytes,
            let id = Digest(hex: parts[2].dropLast(5))
        else { return nil }
        return (session, PackID(id))
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
    /// The version of its format: 1 is of a time when states and segments had no numbers.
    private(set) var version = 2

    /// Where the state stands.
    func stateName() throws -> RemoteFileName {
        try RemoteLayout.state(state, sequence: version == 1 ? 0 : sequence)
    }

    var bytes: [UInt8] {
        let value: JSONValue = [
            "type": "mlstore root", "version": JSONValue(version), "sequence": JSONValue(sequence),
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
        guard version == 1 || version == 2 else {
            throw StoreError.newerRemote(remote, "root", version)
        }
        self.version = Int(version)
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

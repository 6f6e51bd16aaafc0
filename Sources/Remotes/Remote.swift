package import Platform
package import Vocabulary

/// A place elsewhere that keeps named files: no more is asked of it, and it understands nothing of
/// what is in them.
///
/// What a conformer promises:
///
/// - A file appears whole or not at all, and lasts once `put` returned.
/// - `put` never replaces; only `compareAndSwap` does, and of several at once one wins.
/// - What `list` leaves out may be there all the same for a moment; what it shows is there.
/// - Errors are `StoreError`s: `.notFound` and `.alreadyExists` about names, `.remoteUnreachable`
///   when nothing answers, `.remoteRefused` when the answer is no; the message names the remote
///   without any secret of its URL.
package protocol Remote: Sendable {
    /// The URL for messages, without passwords or keys.
    var description: String { get }
    /// From now on no more bytes of files go to and fro in a second than the limit lets pass, within
    /// files too; what is replaced goes by its own pace where the kind of remote allows.
    func slow(to limit: RateLimit)
    /// How many requests were sent so far, repeated ones among them; nil where calls are requests.
    var sentRequests: Int? { get }
    /// The whole file; `.notFound` when missing, `.corrupt` when larger than `maximumBytes`.
    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8]
    /// Exactly the bytes of `range`; `.corrupt` when the file is too short for it.
    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8]
    /// The whole file with the version to hand to `compareAndSwap`; nil when missing.
    func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)?
    /// Makes a new file; `.alreadyExists` when the name is taken.
    func put(_ name: RemoteFileName, _ content: RemoteContent) throws
    /// Replaces a file if it still has the version (nil: if it is still missing). False, and
    /// nothing done, when it has not.
    func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool
    /// The files whose names begin with `prefix` and a `/`, sorted by name; all for nil.
    func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)]
    /// The length of a file, or nil when it is missing.
    func size(_ name: RemoteFileName) throws -> Int?
    /// Removes a file; fine when it is missing.
    func remove(_ name: RemoteFileName) throws
    /// The SHA-256 that the remote keeps of a file, checked by it when it was sent; nil where it keeps
    /// none, or the file is missing. Never reads the file for it.
    func storedDigest(_ name: RemoteFileName) throws -> Digest?
}

/// The name of a file on a remote: components of lower-case letters, digits, `.`, `_` and `-`
/// joined by `/`, none of them beginning with `.`; at most 255 bytes. Such a name means one file
/// on every kind of remote and can lead out of none.
package struct RemoteFileName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The text.
    package let description: String

    /// The name, or nil when the text breaks a rule of the type.
    package init?(_ text: some StringProtocol) {
        guard (1...255).contains(text.utf8.count) else { return nil }
        var isFirst = true
        for byte in text.utf8 {
            guard
                byte == 0x2f ? !isFirst : RemoteFileName.allows(byte) && !(isFirst && byte == 0x2e)
            else { return nil }
            isFirst = byte == 0x2f
        }
        guard !isFirst else { return nil }
        description = String(text)
    }

    /// The name, or `.malformed` naming the text.
    package init(validating text: some StringProtocol) throws {
        guard let name = RemoteFileName(text) else {
            throw StoreError(
                .malformed, "cannot use '\(printable(Array(text.utf8)))' as a name on a remote",
                subject: String(text))
        }
        self = name
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }

    package static func < (left: RemoteFileName, right: RemoteFileName) -> Bool {
        Array(left.description.utf8).precedes(Array(right.description.utf8))
    }
}

/// What a remote says to tell one content of a file from another; only compared.
package struct RemoteVersion: Hashable, Sendable {
    /// The text that the remote gave.
    package let text: String

    /// The version with this text.
    package init(_ text: String) { self.text = text }
}

/// What `put` sends.
package enum RemoteContent: Sendable {
    /// Bytes in memory.
    case bytes([UInt8])
    /// A file that nobody changes meanwhile, and its SHA-256 where that is known: whoever has to state it
    /// then need not read the file for it.
    case file(DiskPath, on: any Disk, digest: Digest? = nil)
}

extension Remote {
    /// Nil: nobody counts.
    package var sentRequests: Int? { nil }

    /// Nothing: for what is no way to anywhere.
    package func slow(to limit: RateLimit) {}

    package func storedDigest(_ name: RemoteFileName) throws -> Digest? { nil }

    /// Whether a file is there.
    package func contains(_ name: RemoteFileName) throws -> Bool { try size(name) != nil }

    /// `compareAndSwap` where nothing is expected: whether the file was made.
    func putIfMissing(_ name: RemoteFileName, _ bytes: [UInt8]) throws -> Bool {
        do {
            try put(name, .bytes(bytes))
            return true
        } catch let error as StoreError where error.kind == .alreadyExists {
            return false
        }
    }

    /// Checks a range of no bytes, which not every protocol can ask for: by the file's size.
    func checkEmpty(_ range: Range<Int>, of name: RemoteFileName) throws {
        guard let size = try size(name) else { throw missing(name, to: "read") }
        guard range.upperBound <= size else { throw tooShort(name, range) }
    }

    func missing(_ name: RemoteFileName, to verb: String) -> StoreError {
        StoreError(
            .notFound, "cannot \(verb) '\(name)' on remote '\(description)': there is no such file",
            subject: name.description)
    }

    func tooShort(_ name: RemoteFileName, _ range: Range<Int>) -> StoreError {
        StoreError(
            .corrupt,
            "cannot read '\(name)' on remote '\(description)': it ends before byte "
                + "\(range.upperBound)", subject: name.description)
    }
}

package import Vocabulary

/// The parts of SFTP version 3 that are spoken here: draft-ietf-secsh-filexfer-02 and OpenSSH's
/// extensions of it.
enum SFTPProtocol {
    static let open: UInt8 = 3
    static let close: UInt8 = 4
    static let read: UInt8 = 5
    static let write: UInt8 = 6
    static let lstat: UInt8 = 7
    static let fstat: UInt8 = 8
    static let opendir: UInt8 = 11
    static let readdir: UInt8 = 12
    static let remove: UInt8 = 13
    static let mkdir: UInt8 = 14
    static let stat: UInt8 = 17
    static let rename: UInt8 = 18
    static let extended: UInt8 = 200

    // How a file is opened.
    static let forReading: UInt32 = 0x01
    static let forWritingNew: UInt32 = 0x02 | 0x08 | 0x20

    static let posixRename = "posix-rename@openssh.com"
    static let hardlink = "hardlink@openssh.com"
    static let fsync = "fsync@openssh.com"

    /// The bytes of one read or write: what every server must take.
    static let pieceBytes = 32 << 10
    /// How many of them one call has under way.
    static let window = 64
}

/// What an SFTP server answers.
package enum SFTPAnswer: Hashable, Sendable {
    /// How a request ended.
    case status(Code, message: String)
    /// An open file or directory.
    case handle([UInt8])
    /// Bytes of a file.
    case data([UInt8])
    /// Names in a directory.
    case names([Entry])
    /// What is known of a file.
    case attributes(Attributes)

    /// The statuses that are told apart.
    package enum Code: UInt32, Sendable {
        /// Done.
        case ok = 0
        /// The end of a file or directory.
        case endOfFile = 1
        /// There is no such file.
        case noSuchFile = 2
        /// It is not allowed.
        case permissionDenied = 3
        /// It failed for a reason that the protocol has no number for.
        case failure = 4
        /// The server does not know the request.
        case unsupported = 8
    }

    /// A name in a directory.
    package struct Entry: Hashable, Sendable {
        /// The name.
        package let name: [UInt8]
        /// What it is.
        package let attributes: Attributes
    }

    /// What is known of a file; nil where the server does not say.
    package struct Attributes: Hashable, Sendable {
        /// Bytes.
        package var size: Int?
        /// Type and permissions, as in `stat`.
        package var mode: UInt32?

        /// Whether it is a regular file.
        package var isFile: Bool { mode.map { $0 & 0o170_000 == 0o100_000 } ?? true }
        /// Whether it is a directory.
        package var isDirectory: Bool { mode.map { $0 & 0o170_000 == 0o040_000 } ?? false }
    }

    /// Reads an answer; every count and length in it is bounded by its bytes.
    package init(_ message: FramedMessage) throws(DecodeError) {
        var fields = FieldReader(message.body)
        switch message.kind {
        case 101:
            let code = Code(rawValue: try fields.uint32()) ?? .failure
            // Old servers leave out the text.
            let text = fields.remaining >= 4 ? try fields.string() : []
            self = .status(code, message: printableText(Array(text.prefix(500))))
        case 102:
            let handle = try fields.string()
            guard handle.count <= 256 else { throw DecodeError(at: 0, "a long handle") }
            self = .handle(handle)
        case 103: self = .data(try fields.string())
        case 104: self = .names(try SFTPAnswer.entries(&fields))
        case 105: self = .attributes(try SFTPAnswer.attributes(&fields))
        default: throw DecodeError(at: 0, "unknown answer")
        }
    }

    private static func entries(_ fields: inout FieldReader) throws(DecodeError) -> [Entry] {
        var entries: [Entry] = []
        for _ in 0..<(try fields.uint32()) {
            let name = try fields.string()
            _ = try fields.string()  // the line of a listing for people
            entries.append(Entry(name: name, attributes: try attributes(&fields)))
        }
        return entries
    }

    private static func attributes(
        _ fields: inout FieldReader
    ) throws(DecodeError) -> Attributes {
        let flags = try fields.uint32()
        var found = Attributes()
        if flags & 0x1 != 0 { found.size = try fields.size() }
        if flags & 0x2 != 0 { try fields.skip(8) }  // owner and group
        if flags & 0x4 != 0 { found.mode = try fields.uint32() }
        if flags & 0x8 != 0 { try fields.skip(8) }  // times
        guard flags & 0x8000_0000 != 0 else { return found }
        for _ in 0..<(try fields.uint32()) {
            _ = try fields.string()
            _ = try fields.string()
        }
        return found
    }
}

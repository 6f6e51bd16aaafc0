package import Vocabulary

/// The protocol between mlstore and `mlstore serve-stdio`: see docs/format/stdio-protocol.md.
///
/// It begins as SFTP does, with one extension in the greeting. A far side that answers with the
/// same extension speaks this; any other SFTP server answers without it, and SFTP is spoken.
enum StdioProtocol {
    /// The kind of the greeting, and its number: SFTP's version.
    static let hello: UInt8 = 1
    static let welcome: UInt8 = 2
    static let version: UInt32 = 3
    /// The name of the extension, and the version of this protocol.
    static let extensionName = "serve-stdio@mlstore"
    static let extensionValue = "1"

    /// The most bytes of a message after its length.
    static let largestMessage = (1 << 20) + (16 << 10)
    /// The most bytes of one piece of a file.
    static let pieceBytes = 256 << 10
    /// The most bytes of a file that is replaced: it travels in one message.
    static let largestSwapped = 1 << 20
    /// The most requests that may be under way.
    static let mostRequests = 64

    /// Requests and answers.
    enum Kind: UInt8 {
        case read = 10
        case readWhole = 11
        case put = 12
        case data = 13
        case end = 14
        case cancel = 15
        case swap = 16
        case list = 17
        case size = 18
        case remove = 19
        /// The far side is ready for the bytes of a file.
        case ready = 30
        case done = 31
        case failed = 32
    }

    /// Either greeting.
    static func greeting(_ kind: UInt8) -> FramedMessage {
        var fields = FieldWriter()
        fields.append(string: extensionName)
        fields.append(string: extensionValue)
        return FramedMessage(kind: kind, id: version, body: fields.bytes)
    }

    /// The extensions of a greeting.
    static func extensions(of message: FramedMessage) throws(DecodeError) -> [String: String] {
        var fields = FieldReader(message.body)
        var result: [String: String] = [:]
        while fields.remaining > 0 {
            let name = try fields.string()
            let value = try fields.string()
            result[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
        return result
    }

    /// A request with a name and what stands behind it.
    static func message(
        _ kind: Kind, _ id: UInt32, _ name: RemoteFileName? = nil,
        _ more: (inout FieldWriter) -> Void = { _ in }
    ) -> FramedMessage {
        var fields = FieldWriter()
        if let name { fields.append(string: name.description) }
        more(&fields)
        return FramedMessage(kind: kind.rawValue, id: id, body: fields.bytes)
    }
}

/// A request, as the far side reads it.
package enum StdioRequest: Hashable, Sendable {
    /// Part of a file.
    case read(RemoteFileName, Range<Int>)
    /// A whole file of at most so many bytes, with its version.
    case readWhole(RemoteFileName, maximumBytes: Int)
    /// A new file of that size, whose bytes follow.
    case put(RemoteFileName, size: Int)
    /// More bytes of the file that is being put.
    case data([UInt8])
    /// All bytes of it were sent.
    case end
    /// It will not be sent after all.
    case cancel
    /// Replace if the file has the version.
    case swap(RemoteFileName, expected: RemoteVersion?, new: [UInt8])
    /// What there is.
    case list(RemoteFileName?)
    /// The length of a file.
    case size(RemoteFileName)
    /// Remove a file.
    case remove(RemoteFileName)

    /// Reads a request; throws for whatever is not exactly one.
    package init(_ message: FramedMessage) throws(DecodeError) {
        guard let kind = StdioProtocol.Kind(rawValue: message.kind) else {
            throw DecodeError(at: 0, "unknown request")
        }
        var fields = FieldReader(message.body)
        switch kind {
        case .read:
            let name = try StdioRequest.name(&fields)
            let start = try fields.size()
            let end = try fields.size()
            guard start <= end else {
                throw DecodeError(at: 0, "a range that ends before it starts")
            }
            self = .read(name, start..<end)
        case .readWhole:
            self = .readWhole(try StdioRequest.name(&fields), maximumBytes: try fields.size())
        case .put: self = .put(try StdioRequest.name(&fields), size: try fields.size())
        case .data: self = .data(fields.rest())
        case .end: self = .end
        case .cancel: self = .cancel
        case .swap: self = try StdioRequest.swap(&fields)
        case .list: self = .list(fields.remaining > 0 ? try StdioRequest.name(&fields) : nil)
        case .size: self = .size(try StdioRequest.name(&fields))
        case .remove: self = .remove(try StdioRequest.name(&fields))
        case .ready, .done, .failed: throw DecodeError(at: 0, "an answer where a request belongs")
        }
        guard fields.remaining == 0 else { throw DecodeError(at: 0, "bytes behind the request") }
    }

    private static func name(_ fields: inout FieldReader) throws(DecodeError) -> RemoteFileName {
        let text = String(decoding: try fields.string(), as: UTF8.self)
        guard let name = RemoteFileName(text) else { throw DecodeError(at: 0, "not a name") }
        return name
    }

    private static func swap(_ fields: inout FieldReader) throws(DecodeError) -> StdioRequest {
        let name = try name(&fields)
        var expected: RemoteVersion?
        if try fields.uint8() != 0 {
            let text = try fields.string()
            guard text.count <= 256 else { throw DecodeError(at: 0, "a long version") }
            expected = RemoteVersion(String(decoding: text, as: UTF8.self))
        }
        return .swap(name, expected: expected, new: fields.rest())
    }
}

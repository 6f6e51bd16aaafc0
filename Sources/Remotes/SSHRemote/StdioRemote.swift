import Bytes
import Platform
import Vocabulary

/// A remote behind an mlstore on the far side of a pipe. One round trip a call; the calls of several
/// threads share the pipe.
final class StdioRemote: Remote {
    let description: String
    private let exchange: FramedExchange

    /// Speaks over `exchange`, whose greetings are over.
    init(_ exchange: FramedExchange, description: String) {
        self.exchange = exchange
        self.description = description
    }

    deinit { exchange.finish() }

    /// What answers beside the bytes of a file may take.
    private static let answerBytes = 64 << 10

    func slow(to limit: RateLimit) { exchange.limit.set(limit) }

    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try readWhole(name, maximumBytes: maximumBytes).bytes
    }

    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        let request = { id in
            StdioProtocol.message(.read, id, name) { fields in
                fields.append(size: range.lowerBound)
                fields.append(size: range.upperBound)
            }
        }
        return try call("read", name, request, bodyBytes: range.count) { answers in
            let (bytes, _) = try answers.file(maximumBytes: range.count)
            guard bytes.count == range.count else { throw answers.wrong() }
            return bytes
        }
    }

    func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        do {
            return try readWhole(name, maximumBytes: maximumBytes)
        } catch let error as StoreError where error.kind == .notFound {
            return nil
        }
    }

    private func readWhole(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion) {
        let request = { id in
            StdioProtocol.message(.readWhole, id, name) { $0.append(size: maximumBytes) }
        }
        return try call("read", name, request, bodyBytes: maximumBytes) { answers in
            let (bytes, _) = try answers.file(maximumBytes: maximumBytes)
            // The version is the digest, so it need not be asked for.
            return (bytes, RemoteVersion(sha256(bytes).hex))
        }
    }

    func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        switch content {
        case .bytes(let bytes):
            try put(name, size: bytes.count) { offset, count in
                Array(bytes[offset..<(offset + count)])
            }
        case .file(let path, let disk, _):
            let file = try disk.openFile(path, .read)
            defer { try? file.close() }  // only read
            try put(name, size: try file.status().size) { try file.read(at: $0, count: $1) }
        }
    }

    private func put(
        _ name: RemoteFileName, size: Int, _ piece: (_ offset: Int, _ count: Int) throws -> [UInt8]
    ) throws {
        let request = { id in StdioProtocol.message(.put, id, name) { $0.append(size: size) } }
        try call("write", name, request) { answers in
            // What is small goes at once; for more it is worth to know that it is wanted.
            if size > StdioProtocol.pieceBytes { try answers.expect(.ready) }
            do {
                var offset = 0
                while offset < size {
                    let bytes = try piece(offset, min(StdioProtocol.pieceBytes, size - offset))
                    guard !bytes.isEmpty else { throw StoreError.changedWhileSent(name) }
                    try answers.send(.data, bytes)
                    offset += bytes.count
                }
            } catch {
                // The failure here is the one to tell; the far side drops what it has.
                try? answers.send(.cancel, [])
                throw error
            }
            try answers.send(.end, [])
            if size <= StdioProtocol.pieceBytes { try answers.expect(.ready) }
            try answers.expect(.done)
        }
    }

    func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        guard new.count <= StdioProtocol.largestSwapped else {
            throw StoreError(
                .remoteRefused,
                "cannot replace '\(name)' on remote '\(description)': \(ByteCount(new.count)) is too"
                    + " much for a file that is replaced", subject: description)
        }
        let request = { id in
            StdioProtocol.message(.swap, id, name) { fields in
                fields.append(uint8: expected == nil ? 0 : 1)
                if let expected { fields.append(string: expected.text) }
                fields.append(new)
            }
        }
        return try call("replace", name, request) { answers in
            var fields = FieldReader(try answers.expect(.done))
            return try fields.uint8() == 1
        }
    }

    func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        let request = { id in StdioProtocol.message(.list, id, prefix) }
        return try call("list", prefix, request, bodyBytes: StdioRemote.largestList) { answers in
            let (bytes, _) = try answers.file(maximumBytes: StdioRemote.largestList)
            var fields = FieldReader(bytes)
            var result: [(name: RemoteFileName, size: Int)] = []
            while fields.remaining > 0 {
                let text = String(decoding: try fields.string(), as: UTF8.self)
                result.append((try RemoteFileName(validating: text), try fields.size()))
            }
            return result.sorted { $0.name < $1.name }
        }
    }

    /// Some four million names.
    private static let largestList = 256 << 20

    func size(_ name: RemoteFileName) throws -> Int? {
        try call("look for", name, { StdioProtocol.message(.size, $0, name) }) { answers in
            var fields = FieldReader(try answers.expect(.done))
            return try fields.uint8() == 1 ? try fields.size() : nil
        }
    }

    func remove(_ name: RemoteFileName) throws {
        try call("remove", name, { StdioProtocol.message(.remove, $0, name) }) { answers in
            try answers.expect(.done)
        }
    }

    // MARK: - One call

    @discardableResult
    private func call<Result>(
        _ verb: String, _ name: RemoteFileName?, _ request: (UInt32) -> FramedMessage,
        bodyBytes: Int = 0, _ body: (StdioAnswers) throws -> Result
    ) throws -> Result {
        // Each piece has a head of its own, and the far side chooses their size.
        let id = exchange.open(budget: bodyBytes + bodyBytes / 64 + StdioRemote.answerBytes)
        defer { exchange.close(id) }
        let answers = StdioAnswers(
            exchange: exchange, id: id, remote: description, verb: verb, name: name)
        try exchange.send(request(id))
        do {
            return try body(answers)
        } catch is DecodeError {
            throw answers.wrong()
        }
    }
}

/// The answers to one request.
struct StdioAnswers {
    let exchange: FramedExchange
    let id: UInt32
    let remote: String
    let verb: String
    let name: RemoteFileName?

    private var place: String { (name.map { "'\($0)' on " } ?? "") + "remote '\(remote)'" }

    func send(_ kind: StdioProtocol.Kind, _ body: [UInt8]) throws {
        try exchange.send(FramedMessage(kind: kind.rawValue, id: id, body: body))
    }

    /// The body of the next answer, which must be of that kind.
    @discardableResult
    func expect(_ kind: StdioProtocol.Kind) throws -> [UInt8] {
        let (found, body) = try next()
        guard found == kind else { throw wrong() }
        return body
    }

    private func next() throws -> (kind: StdioProtocol.Kind, body: [UInt8]) {
        let message = try exchange.receive(id)
        guard let kind = StdioProtocol.Kind(rawValue: message.kind) else { throw wrong() }
        if kind == .failed { throw try failure(message.body) }
        return (kind, message.body)
    }

    /// The pieces of a file up to its end, and what was said there.
    func file(maximumBytes: Int) throws -> (bytes: [UInt8], last: [UInt8]) {
        var bytes: [UInt8] = []
        while true {
            let (kind, body) = try next()
            switch kind {
            case .data:
                guard body.count <= maximumBytes - bytes.count else { throw wrong() }
                // Known from the first piece, because one that is not full is the last.
                if bytes.isEmpty, body.count == StdioProtocol.pieceBytes {
                    bytes.reserveCapacity(min(maximumBytes, 64 << 20))
                }
                bytes += body
            case .done: return (bytes, body)
            default: throw wrong()
            }
        }
    }

    private func failure(_ body: [UInt8]) throws -> StoreError {
        var fields = FieldReader(body)
        let kind = StoreError.Kind(name: String(decoding: try fields.string(), as: UTF8.self))
        let message = printableText(Array(try fields.string().prefix(1000)))
        let allowed: [StoreError.Kind] = [.notFound, .alreadyExists, .corrupt, .locked]
        let reason =
            switch kind {
            case .notFound?: "there is no such file"
            case .alreadyExists?: "there is one already"
            default: message
            }
        return StoreError(
            kind.flatMap { allowed.contains($0) ? $0 : nil } ?? .remoteRefused,
            "cannot \(verb) \(place): \(reason)", subject: name?.description ?? remote)
    }

    /// An answer that does not belong here.
    func wrong() -> StoreError {
        StoreError(
            .corrupt, "cannot \(verb) \(place): its answer makes no sense",
            subject: name?.description ?? remote)
    }
}

extension StoreError {
    /// A file that became shorter while it was sent.
    static func changedWhileSent(_ name: RemoteFileName) -> StoreError {
        StoreError(
            .changedMeanwhile, "cannot send '\(name)': its source became shorter meanwhile",
            subject: "\(name)")
    }
}

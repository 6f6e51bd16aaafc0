import Vocabulary

/// Requests to an SFTP server and their answers, for several threads.
struct SFTPSession: Sendable {
    let exchange: FramedExchange
    /// What the server can do beyond the protocol.
    let extensions: Set<String>
    /// The remote, for messages.
    let remote: String

    /// A request that was sent and not yet answered.
    struct Pending {
        fileprivate let id: UInt32
    }

    /// Sends a request.
    func start(_ kind: UInt8, _ fields: (inout FieldWriter) -> Void) throws -> Pending {
        let id = exchange.open(budget: StdioProtocol.largestMessage)
        var writer = FieldWriter()
        fields(&writer)
        do {
            try exchange.send(FramedMessage(kind: kind, id: id, body: writer.bytes))
        } catch {
            exchange.close(id)
            throw error
        }
        return Pending(id: id)
    }

    /// Waits for the answer.
    func answer(_ pending: Pending) throws -> SFTPAnswer {
        defer { exchange.close(pending.id) }
        let message = try exchange.receive(pending.id)
        do {
            return try SFTPAnswer(message)
        } catch { throw wrong() }
    }

    /// Sends a request and waits for its answer.
    func ask(_ kind: UInt8, _ fields: (inout FieldWriter) -> Void) throws -> SFTPAnswer {
        try answer(try start(kind, fields))
    }

    /// Gives a request up: its answer is dropped.
    func forget(_ pending: Pending) { exchange.close(pending.id) }

    /// Asks about a path.
    func ask(_ kind: UInt8, path: String) throws -> SFTPAnswer {
        try ask(kind) { $0.append(string: path) }
    }

    /// Opens a file or a directory; nil when it is missing.
    func open(_ kind: UInt8, _ path: String, _ flags: UInt32? = nil) throws -> [UInt8]? {
        let answer = try ask(kind) { fields in
            fields.append(string: path)
            guard let flags else { return }
            fields.append(uint32: flags)
            fields.append(uint32: 0)  // whatever permissions the server gives
        }
        switch answer {
        case .handle(let handle): return handle
        case .status(.noSuchFile, _): return nil
        case .status(let code, let message): throw SFTPFailure(code: code, message: message)
        default: throw wrong()
        }
    }

    /// Closes a handle without waiting for the answer: nothing hangs on it.
    func close(_ handle: [UInt8]) {
        if let pending = try? start(SFTPProtocol.close, { $0.append(string: handle) }) {
            forget(pending)
        }
    }

    /// What is at a path, or nil.
    func attributes(_ kind: UInt8, path: String) throws -> SFTPAnswer.Attributes? {
        switch try ask(kind, path: path) {
        case .attributes(let found): return found
        case .status(.noSuchFile, _): return nil
        case .status(let code, let message): throw SFTPFailure(code: code, message: message)
        default: throw wrong()
        }
    }

    /// Throws unless the answer is a plain yes.
    func demand(_ answer: SFTPAnswer) throws {
        guard case .status(let code, let message) = answer else { throw wrong() }
        guard code == .ok else { throw SFTPFailure(code: code, message: message) }
    }

    /// An answer that does not belong here.
    func wrong() -> StoreError {
        StoreError(
            .corrupt, "cannot use remote '\(remote)': an answer of its SFTP server makes no sense",
            subject: remote)
    }
}

/// The server's no, before it is known what it was about.
struct SFTPFailure: Error {
    let code: SFTPAnswer.Code
    let message: String
}

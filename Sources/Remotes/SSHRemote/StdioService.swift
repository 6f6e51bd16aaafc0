package import Platform
package import Vocabulary

/// The far side: serves the directory of a remote to whoever speaks on standard input, until that
/// ends. Every answer is written under a lock; requests are worked on by `threads` threads while
/// one reads. Memory: `threads` pieces of 256 KiB, and the requests that wait.
package func serveStandardInput(
    _ directory: DiskPath, on disk: any Disk, threads: Int = 4
) throws {
    let service: StdioService
    do {
        service = StdioService(try FileRemote(directory: directory, on: disk))
    } catch let error as StoreError {
        // Told to whoever asks: the far end shows it with its own name for the place.
        try StdioService.refuse(error)
        throw error
    }
    try parallelForEach(count: threads + 1, threads: threads + 1) { index in
        if index == 0 { try service.readRequests() } else { try service.work() }
    }
}

/// Requests on standard input, answers on standard output.
private final class StdioService: Sendable {
    /// A file whose bytes come in. The reading thread writes them.
    private struct IncomingFile {
        let put: FilePut
        var missing: Int
    }

    private enum Job: Sendable {
        case request(UInt32, StdioRequest)
        case commit(UInt32, FilePut)
    }

    private struct Queue {
        var jobs: [Job] = []
        var isOver = false
    }

    private let remote: FileRemote
    private let queue = Monitor(Queue())
    private let writing = Monitor(())

    init(_ remote: FileRemote) { self.remote = remote }

    // MARK: - The thread that reads

    /// Reads requests until standard input ends, or says something that is none.
    func readRequests() throws {
        // The others go home, whatever happens here.
        defer { queue.withLock { $0.isOver = true } }
        var puts: [UInt32: IncomingFile] = [:]
        defer { for file in puts.values { file.put.abandon() } }
        var cutter = MessageCutter(largest: StdioProtocol.largestMessage)
        var isGreeted = false
        while let bytes = Environment.readStandardInput(maximum: 1 << 18) {
            try SignalWatch.check()
            cutter.feed(bytes)
            do {
                while let message = try cutter.next() {
                    if isGreeted {
                        try take(message, &puts)
                    } else {
                        try greet(message)
                        isGreeted = true
                    }
                }
            } catch let error as DecodeError {
                throw StoreError(
                    .malformed, "cannot serve: something else than the protocol came: \(error)")
            }
        }
    }

    private func greet(_ message: FramedMessage) throws {
        guard message.kind == StdioProtocol.hello else {
            throw DecodeError(at: 0, "no greeting")
        }
        try send(StdioProtocol.greeting(StdioProtocol.welcome))
    }

    private func take(_ message: FramedMessage, _ puts: inout [UInt32: IncomingFile]) throws {
        let id = message.id
        let request = try StdioRequest(message)
        switch request {
        case .put(let name, let size):
            guard puts[id] == nil, puts.count < StdioProtocol.mostRequests else {
                throw DecodeError(at: 0, "too many files at once")
            }
            try answering(id) {
                puts[id] = IncomingFile(put: try remote.beginPut(name), missing: size)
                try send(.ready, id)
            }
        case .data(let bytes):
            // What was refused may still be on its way.
            guard let file = puts[id] else { return }
            let isWritten = try answering(id) {
                guard bytes.count <= file.missing else { throw StoreError.wrongLength() }
                try file.put.append(bytes)
                puts[id]?.missing -= bytes.count
            }
            if !isWritten { puts.removeValue(forKey: id)?.put.abandon() }
        case .end:
            guard let file = puts.removeValue(forKey: id) else { return }
            guard file.missing == 0 else {
                file.put.abandon()
                return try fail(id, StoreError.wrongLength())
            }
            try enqueue(.commit(id, file.put))
        case .cancel: puts.removeValue(forKey: id)?.put.abandon()
        default: try enqueue(.request(id, request))
        }
    }

    private func enqueue(_ job: Job) throws {
        let isTaken = queue.withLock { queue in
            guard queue.jobs.count < StdioProtocol.mostRequests else { return false }
            queue.jobs.append(job)
            return true
        }
        guard isTaken else { throw DecodeError(at: 0, "too many requests at once") }
    }

    // MARK: - The threads that work

    /// Does what was asked for until there is nothing more to come.
    func work() throws {
        while true {
            let job = try queue.wait { queue -> Job?? in
                if !queue.jobs.isEmpty { return .some(queue.jobs.removeFirst()) }
                return queue.isOver ? .some(nil) : nil
            }
            switch job {
            case nil: return
            case .commit(let id, let put)?:
                try answering(id) {
                    try put.commit()
                    try send(.done, id)
                }
            case .request(let id, let request)?:
                try answering(id) { try answer(request, id) }
            }
        }
    }

    private func answer(_ request: StdioRequest, _ id: UInt32) throws {
        switch request {
        case .read(let name, let range): try sendFile(name, range, id)
        case .readWhole(let name, let maximumBytes):
            if let size = try remote.size(name), size > StdioProtocol.largestSwapped {
                guard size <= maximumBytes else { throw StoreError.tooLargeToSend(size) }
                try sendFile(name, 0..<size, id)
            } else {
                // At once, so that a file that is replaced meanwhile is the old one or the new.
                let bytes = try remote.read(name, maximumBytes: maximumBytes)
                try sendBytes(bytes, id)
                try send(.done, id)
            }
        case .swap(let name, let expected, let new):
            let isDone = try remote.compareAndSwap(name, expected: expected, new: new)
            try send(.done, id) { $0.append(uint8: isDone ? 1 : 0) }
        case .list(let prefix): try sendList(prefix, id)
        case .size(let name):
            let size = try remote.size(name)
            try send(.done, id) { fields in
                fields.append(uint8: size == nil ? 0 : 1)
                if let size { fields.append(size: size) }
            }
        case .remove(let name):
            try remote.remove(name)
            try send(.done, id)
        case .put, .data, .end, .cancel: return  // for the thread that reads
        }
    }

    private func sendFile(_ name: RemoteFileName, _ range: Range<Int>, _ id: UInt32) throws {
        var start = range.lowerBound
        repeat {
            let end = min(start + StdioProtocol.pieceBytes, range.upperBound)
            try send(.data, id, try remote.read(name, range: start..<end))
            start = end
        } while start < range.upperBound
        try send(.done, id)
    }

    private func sendBytes(_ bytes: [UInt8], _ id: UInt32) throws {
        for start in stride(from: 0, to: bytes.count, by: StdioProtocol.pieceBytes) {
            let end = min(start + StdioProtocol.pieceBytes, bytes.count)
            try send(.data, id, Array(bytes[start..<end]))
        }
    }

    private func sendList(_ prefix: RemoteFileName?, _ id: UInt32) throws {
        var fields = FieldWriter()
        for (name, size) in try remote.list(prefix) {
            fields.append(string: name.description)
            fields.append(size: size)
        }
        try sendBytes(fields.bytes, id)
        try send(.done, id)
    }

    // MARK: - Answers

    /// Runs `body`; a failure becomes the answer. False then.
    @discardableResult
    private func answering(_ id: UInt32, _ body: () throws -> Void) throws -> Bool {
        do {
            try body()
            return true
        } catch let error as StoreError where error.kind != .interrupted {
            try fail(id, error)
            return false
        }
    }

    private func fail(_ id: UInt32, _ error: StoreError) throws {
        try send(StdioService.failure(id, error))
    }

    private static func failure(_ id: UInt32, _ error: StoreError) -> FramedMessage {
        // The other end puts its own name for the remote around the reason.
        let reason = (error.cause as? StoreError)?.message ?? error.message
        return StdioProtocol.message(.failed, id) { fields in
            fields.append(string: error.kind.description)
            fields.append(string: String(reason.prefix(500)))
        }
    }

    private func send(_ kind: StdioProtocol.Kind, _ id: UInt32, _ body: [UInt8] = []) throws {
        try send(FramedMessage(kind: kind.rawValue, id: id, body: body))
    }

    private func send(
        _ kind: StdioProtocol.Kind, _ id: UInt32, _ fields: (inout FieldWriter) -> Void
    ) throws {
        try send(StdioProtocol.message(kind, id, nil, fields))
    }

    private func send(_ message: FramedMessage) throws {
        let bytes = message.encoded
        let isTaken = try writing.withLock { _ in try Environment.writeStandardOutput(bytes) }
        guard isTaken else { throw StoreError.nobodyListens() }
    }

    /// Answers the greeting with a failure.
    static func refuse(_ error: StoreError) throws {
        try Environment.writeStandardOutput(failure(StdioProtocol.version, error).encoded)
    }
}

extension StoreError {
    fileprivate static func wrongLength() -> StoreError {
        StoreError(.malformed, "the bytes that came are not as many as were announced")
    }

    fileprivate static func tooLargeToSend(_ size: Int) -> StoreError {
        StoreError(.corrupt, "it is larger than what makes sense: \(ByteCount(size))")
    }

    fileprivate static func nobodyListens() -> StoreError {
        StoreError(.io, "cannot answer: the other end of the connection is gone")
    }
}

import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Platform
import Remotes
import Vocabulary

/// Answers requests about the files of one remote.
///
/// Blocking work (all that touches the disk) is done on NIO's pool of threads, never on those that
/// move bytes. Bodies go through in pieces: the memory of a request is some of them.
struct StoreResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let remote: FileRemote
    let access: AccessRules
    let limits: ServiceLimits
    let log: AccessLog
    let metrics = ServiceMetrics()

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let path = String(request.uri.path.prefix(300))
        let record = RequestRecord(
            metrics, log, method: String(request.method.rawValue.prefix(10)),
            path: printable(Array(path.utf8)))
        var response: Response
        do {
            response = try await within(seconds: limits.seconds) {
                try await answer(request, record)
            }
        } catch let refusal as Refusal {
            response = refusal.response
        } catch {
            // The connection broke, or is to be broken: there is nobody to tell.
            record.end(status: 499)
            throw error
        }
        if let name = HTTPField.Name(HTTPStoreProtocol.serviceHeader) {
            response.headers[name] = HTTPStoreProtocol.serviceVersion
        }
        response.body = counted(response.body, response.status.code, record)
        return response
    }

    private func answer(_ request: Request, _ record: RequestRecord) async throws -> Response {
        let path = request.uri.path
        if path == HTTPStoreProtocol.healthPath { return Response(text: "ok\n") }
        let isReading = request.method == .get || request.method == .head
        switch access.judge(request.headers, needs: isReading ? .read : .write) {
        case .allowed(let name): record.named(name)
        case .unknown: throw Refusal(.unauthorized, "a token is needed")
        case .forbidden(let name):
            record.named(name)
            throw Refusal(.forbidden, "this token may only read")
        }
        if isReading, path == HTTPStoreProtocol.metricsPath { return Response(text: metrics.text) }
        if isReading, path == "/" { return try await list(request) }
        guard let name = RemoteFileName(path.dropFirst()), "/\(name)" == path,
            path != HTTPStoreProtocol.healthPath, path != HTTPStoreProtocol.metricsPath
        else { throw Refusal(.notFound, "that is not the name of a file of a remote") }
        switch request.method {
        case .get, .head: return try await read(name, request)
        case .put: return try await put(name, request, record)
        case .delete:
            try await onDisk { try remote.remove(name) }
            return Response(status: .noContent)
        default: throw Refusal(.methodNotAllowed, "only GET, HEAD, PUT and DELETE are known")
        }
    }

    /// Runs `body` on the pool; what the remote refuses becomes an answer.
    func onDisk<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        do {
            return try await NIOThreadPool.singleton.runIfActive(body)
        } catch let error as StoreError {
            throw Refusal(error)
        }
    }

    /// Runs `body` for at most so many seconds; `.requestTimeout` then.
    private func within<Result: Sendable>(
        seconds: Int, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw Refusal(.requestTimeout, "the request took more than \(seconds) seconds")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// The body, with its bytes counted and its end told; it too has its time.
    private func counted(
        _ body: ResponseBody, _ status: Int, _ record: RequestRecord
    ) -> ResponseBody {
        let seconds = limits.seconds
        return ResponseBody(contentLength: body.contentLength) { writer in
            defer { record.end(status: status) }
            let counting = CountingWriter(writer, record, deadline: .now + .seconds(seconds))
            try await body.write(counting)
        }
    }
}

/// Counts what goes out, and stops when the time is over.
private struct CountingWriter: ResponseBodyWriter {
    private var inner: any ResponseBodyWriter
    private let record: RequestRecord
    private let deadline: ContinuousClock.Instant

    init(
        _ inner: any ResponseBodyWriter, _ record: RequestRecord, deadline: ContinuousClock.Instant
    ) {
        self.inner = inner
        self.record = record
        self.deadline = deadline
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        guard ContinuousClock.now < deadline else { throw CancellationError() }
        record.sent(buffer.readableBytes)
        try await inner.write(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await inner.finish(trailingHeaders)
    }
}

/// A no, with one sentence of why.
struct Refusal: Error {
    let status: HTTPResponse.Status
    let reason: String
    var headers = HTTPFields()

    init(_ status: HTTPResponse.Status, _ reason: String) {
        self.status = status
        self.reason = reason
    }

    /// What the remote's failure is over HTTP.
    init(_ error: StoreError) {
        let reason = (error.cause as? StoreError)?.message ?? error.message
        switch error.kind {
        case .notFound: self.init(.notFound, "there is no such file")
        case .alreadyExists: self.init(.preconditionFailed, "there is such a file already")
        case .locked: self.init(.locked, reason)
        case .remoteRefused where (error.cause as? StoreError)?.kind == .noSpace:
            self.init(.insufficientStorage, reason)
        default: self.init(.internalServerError, reason)
        }
    }

    var response: Response {
        var response = Response(status: status, text: reason + "\n")
        response.headers.append(contentsOf: headers)
        if status == .unauthorized {
            response.headers[.wwwAuthenticate] = "Bearer realm=\"mlstore\""
        }
        // What is still to come of a refused body is not waited for.
        response.headers[.connection] = "close"
        return response
    }
}

extension HTTPResponse.Status {
    static let locked = HTTPResponse.Status(code: 423, reasonPhrase: "Locked")
    static let insufficientStorage = HTTPResponse.Status(
        code: 507, reasonPhrase: "Insufficient Storage")
}

extension Response {
    init(status: HTTPResponse.Status = .ok, text: String) {
        self.init(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

import Bytes
import Platform
import Remotes
import Synchronization
import TestSupport
import Vocabulary

/// A server that speaks as much S3 as the remote needs, in this process, with the misbehaviour that
/// a real one cannot be made to show. It checks no signatures.
final class SimulatedBucket: HTTPTransport {
    /// What goes wrong.
    struct Behaviour: Sendable {
        /// The next requests of these numbers (from 1) fail so.
        var faults: [Int: Fault] = [:]
        /// Conditions of writes are not looked at.
        var ignoresConditions = false
        /// Conditions of writes are refused with 501.
        var refusesConditions = false
        /// `If-Match` is compared with its quotes, as Ceph 16 does.
        var wantsBareTags = false
        /// Listings miss what was written last.
        var hidesNewest = false
        /// The region that requests must be signed for.
        var region: String?
        /// The access key that is accepted; others have an expired token.
        var freshKey: String?
        /// The server's clock, when it is not that of the client.
        var clock: Timestamp?
        /// How many names a page of a listing has.
        var pageCount = 2
    }

    enum Fault: Sendable {
        /// The request is lost.
        case lostRequest
        /// It is done, and the answer is lost.
        case lostAnswer
        /// It is answered with this status, and not done.
        case status(Int, String)
        /// The body of the answer is cut off.
        case truncated
    }

    private struct Object {
        var bytes: [UInt8]
        var headers: HTTPHeaders
        var tag: String
        var checksum: String?
    }

    private struct State {
        var behaviour = Behaviour()
        var objects: [String: Object] = [:]
        var newest = ""
        var count = 0
        var requests: [HTTPRequest] = []
    }

    private let state = Mutex(State())

    init(_ behaviour: Behaviour = Behaviour()) { state.withLock { $0.behaviour = behaviour } }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    func change(_ body: (inout Behaviour) -> Void) {
        state.withLock { state in
            body(&state.behaviour)
            state.count = 0
        }
    }

    /// A remote in it, by the name of `bucket`.
    func remote(
        variables: [String: String]? = nil, clock: WallClock = .forTests,
        change: (inout S3Settings) -> Void = { _ in }
    ) throws -> S3Remote {
        var settings = S3Settings(bucket: "bucket", prefix: "p")
        settings.endpoint = "http://simulated"
        change(&settings)
        return try S3Remote(
            settings, .forTests(variables: variables, transport: self, clock: clock))
    }

    func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
        let result = state.withLock { state -> Result<HTTPResponse, HTTPFailure> in
            state.count += 1
            state.requests.append(request)
            switch state.behaviour.faults[state.count] {
            case .lostRequest?: return .failure(HTTPFailure(.timedOut, "nothing came"))
            case .lostAnswer?:
                _ = answer(request, &state)
                return .failure(HTTPFailure(.connectionLost, "the line broke"))
            case .status(let status, let code)?: return .success(error(status, code, request))
            case .truncated?: return .failure(HTTPFailure(.truncated, "it ended early"))
            case nil: return .success(answer(request, &state))
            }
        }
        let response = try result.get()
        guard response.body.count <= max(request.maximumBytes, response.isSuccess ? 0 : 65_536)
        else { throw HTTPFailure(.tooLarge, "it is too long") }
        return response
    }

    private func answer(_ request: HTTPRequest, _ state: inout State) -> HTTPResponse {
        if let refusal = refusal(of: request, state.behaviour) { return refusal }
        let key = String(request.url.path.dropFirst("/bucket/".count))
        switch request.method {
        case .get where key.isEmpty || request.url.path == "/bucket":
            return list(request, state)
        case .get, .head: return read(request, state.objects[key])
        case .put: return write(request, key, &state)
        case .delete:
            state.objects[key] = nil
            return HTTPResponse(status: 204, url: request.url)
        case .post: return error(501, "NotImplemented", request)
        }
    }

    private func refusal(of request: HTTPRequest, _ behaviour: Behaviour) -> HTTPResponse? {
        let authorization = request.secrets["authorization"] ?? ""
        if let clock = behaviour.clock {
            return error(
                403, "RequestTimeTooSkewed", request, more: "<ServerTime>\(clock)</ServerTime>")
        }
        if let region = behaviour.region, !authorization.contains("/\(region)/s3/") {
            var wrong = error(301, "PermanentRedirect", request)
            wrong.headers.add("x-amz-bucket-region", region)
            return wrong
        }
        if let key = behaviour.freshKey, !authorization.contains("Credential=\(key)/") {
            return error(400, "ExpiredToken", request)
        }
        return nil
    }

    private func read(_ request: HTTPRequest, _ object: Object?) -> HTTPResponse {
        guard let object else { return error(404, "NoSuchKey", request) }
        var response = HTTPResponse(status: 200, headers: object.headers, url: request.url)
        response.headers["etag"] = object.tag
        if request.method == .head {
            response.headers["content-length"] = String(object.bytes.count)
            // Only who asks is told.
            if request.headers["x-amz-checksum-mode"] == "ENABLED" {
                response.headers["x-amz-checksum-sha256"] = object.checksum
            }
            return response
        }
        if let match = request.headers["if-match"], match != object.tag {
            return error(412, "PreconditionFailed", request)
        }
        response.body = object.bytes
        if let range = request.headers["range"]?.dropFirst(6).split(separator: "-"),
            let first = Int(range[0]), let last = Int(range[1])
        {
            guard first < object.bytes.count else { return error(416, "InvalidRange", request) }
            response.status = 206
            response.headers["content-range"] = "bytes \(first)-\(last)/\(object.bytes.count)"
            response.body = Array(object.bytes[first...min(last, object.bytes.count - 1)])
        }
        return response
    }

    private func write(
        _ request: HTTPRequest, _ key: String, _ state: inout State
    ) -> HTTPResponse {
        let behaviour = state.behaviour
        let missing = request.headers["if-none-match"]
        let match = request.headers["if-match"]
        let found = state.objects[key]
        if behaviour.refusesConditions, missing != nil || match != nil {
            return error(501, "NotImplemented", request)
        }
        if !behaviour.ignoresConditions {
            if missing != nil, found != nil { return error(412, "PreconditionFailed", request) }
            if let match {
                guard let found else { return error(404, "NoSuchKey", request) }
                let tag = behaviour.wantsBareTags ? found.tag.filter { $0 != "\"" } : found.tag
                guard match == tag else { return error(412, "PreconditionFailed", request) }
            }
        }
        let bytes: [UInt8]
        switch request.body {
        case .none: bytes = []
        case .bytes(let given): bytes = given
        case .file(let file, let range):
            guard let read = try? file.read(at: range.lowerBound, count: range.count) else {
                return error(400, "IncompleteBody", request)
            }
            bytes = read
        }
        var headers = HTTPHeaders()
        let mark = "x-amz-meta-mlstore-upload"
        headers[mark] = request.headers[mark]
        let tag = "\"\(sha256(bytes).hex.prefix(32))\""
        let checksum = request.headers["x-amz-checksum-sha256"]
        if let checksum, checksum != Base64.encode(sha256(bytes).bytes) {
            return error(400, "BadDigest", request)
        }
        state.objects[key] = Object(
            bytes: bytes, headers: headers, tag: tag, checksum: checksum)
        state.newest = key
        return HTTPResponse(status: 200, headers: ["etag": tag], url: request.url)
    }

    private func list(_ request: HTTPRequest, _ state: State) -> HTTPResponse {
        var query: [String: String] = [:]
        for item in request.url.query.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(pair[0])] = String(
                decoding: PercentEncoding.decode(pair[1]) ?? [], as: UTF8.self)
        }
        // Not in the order of the names: the client must not rely on that.
        let keys = state.objects.keys.filter { key in
            key.hasPrefix(query["prefix"] ?? "")
                && !(state.behaviour.hidesNewest && key == state.newest)
        }.sorted(by: >)
        let start = query["continuation-token"].flatMap { Int($0) } ?? 0
        let end = min(keys.count, start + state.behaviour.pageCount)
        let lines = keys[start..<end].map { key in
            let size = state.objects[key]?.bytes.count ?? 0
            let name = PercentEncoding.encode(key.utf8, keeping: "/")
            return "<Contents><Key>\(name)</Key><Size>\(size)</Size></Contents>"
        }
        let isMore = end < keys.count
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <EncodingType>url</EncodingType><IsTruncated>\(isMore)</IsTruncated>
            \(isMore ? "<NextContinuationToken>\(end)</NextContinuationToken>" : "")
            \(lines.joined())</ListBucketResult>
            """
        return HTTPResponse(status: 200, body: Array(text.utf8), url: request.url)
    }

    private func error(
        _ status: Int, _ code: String, _ request: HTTPRequest, more: String = ""
    ) -> HTTPResponse {
        let text = "<Error><Code>\(code)</Code><Message>no</Message>\(more)</Error>"
        let body = request.method == .head ? [] : Array(text.utf8)
        return HTTPResponse(status: status, body: body, url: request.url)
    }
}

import Bytes
import CCurl
import Platform
import Vocabulary

/// One request on its way and what has come of its answer.
///
/// `@unchecked Sendable`: between `submit` and the opening of `gate` only the driver's thread
/// touches it; before and after that, only the thread that asks. The gate orders the two.
@safe final class CurlExchange: @unchecked Sendable {
    let gate = Gate()
    private(set) var newConnections = 0

    private let request: HTTPRequest
    private let options: HTTPClientOptions
    private let limit: RateLimit?
    /// Whether libcurl waits until the limit lets more pass.
    private var isPaused = false
    private var status = 0
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var sentBytes = 0
    private var wasRewound = false
    private var failure: HTTPFailure?
    private var list: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    /// Headers longer than this in all are no honest answer.
    private static let maximumHeaderBytes = 256 << 10
    /// Of an answer that is an error, this much may be kept whatever was asked for.
    private static let maximumErrorBytes = 64 << 10

    init(_ request: HTTPRequest, _ options: HTTPClientOptions, _ limit: RateLimit? = nil) {
        self.request = request
        self.options = options
        self.limit = limit
        let capacity = Int(MLSTORE_CURL_ERROR_BYTES)
        unsafe errorText = .allocate(capacity: capacity)
        unsafe errorText.initialize(repeating: 0, count: capacity)
    }

    deinit { unsafe errorText.deallocate() }

    // MARK: - For the thread that asks

    /// What came of it; only after `gate` is open.
    func result() throws(HTTPFailure) -> HTTPResponse {
        if let failure { throw failure }
        return HTTPResponse(
            status: status, headers: headers, body: body, url: request.url,
            wasSentTwice: wasRewound)
    }

    // MARK: - For the driver

    /// Sets the options of a handle.
    func prepare(_ handle: UnsafeMutableRawPointer, _ curl: CurlFunctions) {
        makeHeaderList(curl)
        var options = unsafe mlstore_curl_request()
        unsafe options.headers = list
        unsafe options.error_text = errorText
        unsafe options.context = Unmanaged.passUnretained(self).toOpaque()
        unsafe options.on_header = { text, _, count, context in
            unsafe exchange(context).receiveHeader(
                UnsafeRawBufferPointer(start: text, count: count))
        }
        unsafe options.on_body = { bytes, _, count, context in
            unsafe exchange(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        unsafe options.on_send = { buffer, size, count, context in
            unsafe exchange(context).fill(
                UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        }
        unsafe options.on_rewind = { context, offset, origin in
            unsafe exchange(context).rewind(to: Int(offset), origin: origin)
        }
        unsafe options.body_bytes = Int64(request.body.sizeBytes ?? -1)
        unsafe options.connect_milliseconds =
            request.connectMilliseconds ?? self.options.connectMilliseconds
        unsafe options.stall_seconds = self.options.stallSeconds
        unsafe options.total_milliseconds = request.totalMilliseconds ?? 0
        unsafe options.is_head = request.method == .head ? 1 : 0
        unsafe setTexts(of: options) { request in
            var request = unsafe request
            var table = curl.table
            unsafe mlstore_curl_prepare(&table, handle, &request)
        }
    }

    /// Calls `body` with the texts in place; libcurl copies them.
    private func setTexts(
        of request: mlstore_curl_request, _ body: (mlstore_curl_request) -> Void
    ) {
        var filled = unsafe request
        let texts = [
            self.request.url.text, self.request.method.rawValue, options.authorities,
            options.authorityDirectory, options.clientCertificate, options.clientKey,
            options.usesProxies ? nil : "*",
        ]
        unsafe withCStrings(texts[...]) { texts in
            unsafe filled.url = texts[0]
            unsafe filled.method = texts[1]
            unsafe filled.authorities = texts[2]
            unsafe filled.authority_directory = texts[3]
            unsafe filled.client_certificate = texts[4]
            unsafe filled.client_key = texts[5]
            unsafe filled.no_proxy = texts[6]
            unsafe body(filled)
        }
    }

    private func makeHeaderList(_ curl: CurlFunctions) {
        var lines = (request.headers.list + request.secrets.list).map { name, value in
            // libcurl's way of sending a header without a value.
            value.isEmpty ? "\(name);" : "\(name): \(value)"
        }
        // A body is sent at once: waiting for leave costs a round trip for each.
        lines.append("Expect:")
        for line in lines {
            unsafe line.withCString { text in
                unsafe list = curl.table.slist_append(list, text)
            }
        }
    }

    /// The transfer is over; frees what it needed.
    func end(
        _ code: CURLcode, newConnections: Int, _ curl: CurlFunctions
    ) {
        self.newConnections = newConnections
        unsafe curl.table.slist_free_all(list)
        unsafe list = nil
        if failure == nil, code != CURLE_OK { failure = HTTPFailure(code, reason(code, curl)) }
        gate.open()
    }

    /// Ends it without libcurl's doing.
    func end(_ failure: HTTPFailure, _ curl: CurlFunctions) {
        self.failure = failure
        end(CURLE_OK, newConnections: 0, curl)
    }

    /// Goes on where the limit made it wait, if it may by now; else in how many milliseconds it may. Nil
    /// where it does not wait.
    func goOn(_ handle: UnsafeMutableRawPointer, _ curl: CurlFunctions) -> Int? {
        guard isPaused, let limit else { return nil }
        let left = limit.remaining()
        if left > 0 { return Int(clamping: (left + 999_999) / 1_000_000) }
        // First, since libcurl may call back before it returns.
        isPaused = false
        _ = unsafe curl.table.easy_pause(handle, 0)
        return isPaused ? 1 : 0
    }

    private func mayPass() -> Bool {
        isPaused = limit.map { $0.remaining() > 0 } ?? false
        return !isPaused
    }

    private func reason(_ code: CURLcode, _ curl: CurlFunctions) -> String {
        var text = unsafe String(cString: errorText)
        if text.isEmpty, let name = curl.table.easy_strerror(code) {
            text = unsafe String(cString: name)
        }
        let first = text.prefix { !$0.isNewline }
        return printable(Array((first.prefix(1).lowercased() + first.dropFirst()).utf8))
    }

    // MARK: - Called by libcurl

    fileprivate func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        headerBytes += line.count
        guard headerBytes <= CurlExchange.maximumHeaderBytes else {
            failure = HTTPFailure(.badAnswer, "its headers never end")
            return 0
        }
        let text = unsafe String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // The answer, after it may be that there were provisional ones.
            headers = HTTPHeaders()
            body = []
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = text.firstIndex(of: ":"), body.isEmpty {
            let value = text[text.index(after: colon)...]
            headers.add(String(text[..<colon]), trimmed(value))
        }
        return line.count
    }

    fileprivate func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard mayPass() else { return Int(CURL_WRITEFUNC_PAUSE) }
        limit?.count(bytes.count)
        if let sink = request.sink, (200..<300).contains(status) {
            do {
                try unsafe sink(bytes.assumingMemoryBound(to: UInt8.self).span)
                return bytes.count
            } catch {
                failure = HTTPFailure(.sinkFailed, "what came was refused", cause: error)
                return 0
            }
        }
        let isError = !(200..<300).contains(status)
        let limit = max(request.maximumBytes, isError ? CurlExchange.maximumErrorBytes : 0)
        guard body.count + bytes.count <= limit else {
            failure = HTTPFailure(.tooLarge, "it sends more than \(ByteCount(limit))")
            return 0
        }
        if body.isEmpty, let length = headers["content-length"].flatMap({ Int($0) }) {
            body.reserveCapacity(min(max(length, 0), limit))
        }
        unsafe body.append(contentsOf: bytes)
        return bytes.count
    }

    fileprivate func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let left = (request.body.sizeBytes ?? 0) - sentBytes
        let count = min(buffer.count, left, limit?.pieceBytes ?? .max)
        guard count > 0 else { return 0 }
        guard mayPass() else { return Int(CURL_READFUNC_PAUSE) }
        do {
            let filled = try unsafe read(count, into: buffer)
            limit?.count(filled)
            guard filled > 0 else {
                throw StoreError(.changedMeanwhile, "a file became shorter while it was sent")
            }
            sentBytes += filled
            return filled
        } catch {
            failure = HTTPFailure(.sourceFailed, "what was to be sent is unreadable", cause: error)
            return Int(MLSTORE_CURL_ABORT_SEND)
        }
    }

    private func read(_ count: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        switch request.body {
        case .none: return 0
        case .bytes(let bytes):
            unsafe bytes.withUnsafeBytes { source in
                unsafe buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[sentBytes..<sentBytes + count]))
            }
            return count
        case .file(let file, let range):
            return try unsafe file.read(
                at: range.lowerBound + sentBytes,
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    fileprivate func rewind(to offset: Int, origin: Int32) -> Int32 {
        guard origin == 0, offset >= 0, offset <= request.body.sizeBytes ?? 0 else {
            return Int32(CURL_SEEKFUNC_CANTSEEK)
        }
        wasRewound = true
        sentBytes = offset
        return Int32(CURL_SEEKFUNC_OK)
    }
}

private func exchange(_ context: UnsafeMutableRawPointer?) -> CurlExchange {
    guard let context = unsafe context else { preconditionFailure("the context was set") }
    return unsafe Unmanaged<CurlExchange>.fromOpaque(context).takeUnretainedValue()
}

private func trimmed(_ text: Substring) -> String {
    func isBlank(_ character: Character) -> Bool {
        character == " " || character == "\t" || character.isNewline
    }
    let front = text.drop(while: isBlank)
    return String(
        front[..<(front.lastIndex { !isBlank($0) }.map(front.index(after:)) ?? front.startIndex)])
}

/// Calls `body` with each text as a C string, or nil for those that are nil.
private func withCStrings(
    _ texts: ArraySlice<String?>, _ body: ([UnsafePointer<CChar>?]) -> Void
) {
    guard let first = texts.first else { return unsafe body([]) }
    guard let first else {
        return unsafe withCStrings(texts.dropFirst()) { unsafe body([nil] + $0) }
    }
    unsafe first.withCString { text in
        unsafe withCStrings(texts.dropFirst()) { unsafe body([text] + $0) }
    }
}

extension HTTPFailure {
    /// What libcurl's codes mean here.
    fileprivate init(_ code: CURLcode, _ reason: String) {
        let kind: Kind
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: kind = .cannotResolve
        case CURLE_COULDNT_CONNECT: kind = .cannotConnect
        case CURLE_OPERATION_TIMEDOUT: kind = .timedOut
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS:
            kind = .untrusted
        case CURLE_PARTIAL_FILE: kind = .truncated
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_SEND_FAIL_REWIND:
            kind = .connectionLost
        case CURLE_URL_MALFORMAT: kind = .badRequest
        // The first: an answer as before HTTP/1.0, since the URL's own scheme is known.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: kind = .badAnswer
        default: kind = .other
        }
        self.init(kind, reason)
    }
}

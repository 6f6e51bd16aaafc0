import Platform
import Synchronization
import Vocabulary

/// How a client connects.
package struct HTTPClientOptions: Hashable, Sendable {
    /// The file of the certificate authorities to trust; nil: the system's.
    package var authorities: String?
    /// A directory of certificate authorities, besides.
    package var authorityDirectory: String?
    /// The file of the certificate to show, with its key or without.
    package var clientCertificate: String?
    /// The file of the key to `clientCertificate`.
    package var clientKey: String?
    /// Whether `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` of the environment hold.
    package var usesProxies = true
    /// The time that connecting may take.
    package var connectMilliseconds = 10_000
    /// How long nothing may move.
    package var stallSeconds = 60
    /// The most connections to one host; more requests wait.
    package var maximumConnections = 64

    /// The defaults.
    package init() {}

    /// The defaults with what `SSL_CERT_FILE` (or `CURL_CA_BUNDLE`) and `SSL_CERT_DIR` say.
    package static func fromEnvironment(_ variable: (String) -> String?) -> HTTPClientOptions {
        var options = HTTPClientOptions()
        options.authorities = variable("SSL_CERT_FILE") ?? variable("CURL_CA_BUNDLE")
        options.authorityDirectory = variable("SSL_CERT_DIR")
        return options
    }
}

/// An HTTP client: HTTP/1.1 and 2, connections kept and used again, proxies and certificates as
/// curl has them, over libcurl, which is opened with the first request.
///
/// Any number of threads may call `send`, which blocks. One thread of the client's own moves all
/// bytes; it ends with the last reference to the client. Requests end with `.interrupted` within
/// a tenth of a second of a signal.
package final class HTTPClient: HTTPTransport {
    private let options: HTTPClientOptions
    private let driver = Mutex<CurlDriver?>(nil)
    private let requests = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)
    private let limit = RateLimitSetting()

    /// A client; costs nothing before its first request.
    package init(_ options: HTTPClientOptions = HTTPClientOptions()) { self.options = options }

    deinit { driver.withLock { $0?.close() } }

    /// How many requests were sent, those that redirects led to among them.
    package var requestCount: Int { requests.load(ordering: .relaxed) }
    /// How many connections they needed.
    package var connectionCount: Int { connections.load(ordering: .relaxed) }

    package func slow(to limit: RateLimit) { self.limit.set(limit) }

    package func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
        var request = request
        var left = request.maximumRedirects
        while true {
            let response = try sendOnce(request)
            guard request.maximumRedirects > 0, request.method == .get || request.method == .head,
                [301, 302, 303, 307, 308].contains(response.status)
            else { return response }
            guard left > 0 else {
                throw HTTPFailure(
                    .badRedirect, "it redirects more than \(request.maximumRedirects) times")
            }
            left -= 1
            guard let next = response.headers["location"].flatMap(request.url.resolving) else {
                throw HTTPFailure(.badRedirect, "it redirects to no place")
            }
            guard next.isSecure || !request.url.isSecure else {
                throw HTTPFailure(.badRedirect, "it redirects from https to http")
            }
            if next.origin != request.url.origin { request.secrets = HTTPHeaders() }
            request.url = next
        }
    }

    private func sendOnce(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
        try request.check()
        requests.wrappingAdd(1, ordering: .relaxed)
        let exchange = CurlExchange(request, options, limit.current)
        try currentDriver().submit(exchange)
        exchange.gate.wait()
        connections.wrappingAdd(exchange.newConnections, ordering: .relaxed)
        return try exchange.result()
    }

    private func currentDriver() throws(HTTPFailure) -> CurlDriver {
        // A lock's closure cannot throw a typed error, so the result is carried out.
        let result: Result<CurlDriver, HTTPFailure> = driver.withLock { current in
            if let current { return .success(current) }
            do throws(HTTPFailure) {
                let new = try CurlDriver(options)
                current = new
                return .success(new)
            } catch { return .failure(error) }
        }
        return try result.get()
    }
}

extension HTTPRequest {
    /// Refuses headers that would end early or smuggle another.
    fileprivate func check() throws(HTTPFailure) {
        for (name, value) in headers.list + secrets.list {
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x3a })
            else { throw HTTPFailure(.badRequest, "a header has no proper name") }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw HTTPFailure(.badRequest, "header '\(name)' holds a control character")
            }
        }
        if case .file(_, let range) = body, range.lowerBound < 0 {
            throw HTTPFailure(.badRequest, "a part of a file begins before it")
        }
    }
}

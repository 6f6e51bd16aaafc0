package import Platform

/// Names and values; names are compared without regard to case.
package struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral {
    /// All of them, in their order.
    package private(set) var list: [(name: String, value: String)] = []

    /// No headers.
    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// The first value of a name; setting it replaces all, nil removes.
    package subscript(_ name: String) -> String? {
        get { list.first { HTTPHeaders.isSame($0.name, name) }?.value }
        set {
            list.removeAll { HTTPHeaders.isSame($0.name, name) }
            if let newValue { list.append((name, newValue)) }
        }
    }

    /// One more value.
    package mutating func add(_ name: String, _ value: String) { list.append((name, value)) }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8) { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }
}

/// What a request sends.
package enum HTTPBody: Sendable {
    /// Nothing.
    case none
    /// Bytes in memory.
    case bytes([UInt8])
    /// A part of an open file that nobody changes or closes meanwhile.
    case file(any DiskFile, Range<Int>)

    /// The length; nil for `none`.
    package var sizeBytes: Int? {
        switch self {
        case .none: nil
        case .bytes(let bytes): bytes.count
        case .file(_, let range): range.count
        }
    }
}

/// What takes the body of a good answer in place of memory. Called on the client's own thread as
/// bytes come, so it must be quick; what it throws ends the transfer.
package typealias HTTPSink = @Sendable (Span<UInt8>) throws -> Void

/// A request over HTTP.
package struct HTTPRequest: Sendable {
    /// What is asked.
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    /// What is asked.
    package var method: Method
    /// Of whom.
    package var url: HTTPURL
    /// Headers that anybody may see.
    package var headers: HTTPHeaders
    /// Headers with secrets: sent to the origin of `url` alone, wherever it redirects to.
    package var secrets = HTTPHeaders()
    /// What is sent.
    package var body: HTTPBody
    /// The most bytes of an answer that are kept in memory; a longer one is a failure.
    package var maximumBytes: Int
    /// Takes the body of an answer 2xx; the other answers go to memory.
    package var sink: HTTPSink?
    /// How many redirects of a GET or HEAD are followed, never from https to http; beyond 0 too
    /// many are a failure, at 0 the answer itself is returned.
    package var maximumRedirects = 0
    /// The time that connecting may take; nil: that of the client.
    package var connectMilliseconds: Int?
    /// The time that everything may take; nil: as long as bytes flow.
    package var totalMilliseconds: Int?

    /// Makes a request.
    package init(
        _ method: Method, _ url: HTTPURL, headers: HTTPHeaders = HTTPHeaders(),
        body: HTTPBody = .none, maximumBytes: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.maximumBytes = maximumBytes
    }
}

/// The answer to a request, whatever its status is.
package struct HTTPResponse: Sendable {
    /// 200 and so on.
    package var status: Int
    /// The headers of the last answer.
    package var headers: HTTPHeaders
    /// The body; empty where a sink took it.
    package var body: [UInt8]
    /// Who answered: after redirects another than was asked.
    package var url: HTTPURL
    /// Whether the connection broke before an answer and the request was sent again by itself: the
    /// first one may have had its effect.
    package var wasSentTwice: Bool

    /// Makes an answer.
    package init(
        status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], url: HTTPURL,
        wasSentTwice: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
        self.wasSentTwice = wasSentTwice
    }

    /// Whether the status is 2xx.
    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// What carries requests: the real client, or a simulated server in tests.
package protocol HTTPTransport: Sendable {
    /// Sends the request and waits for the whole answer. Any status is an answer; no answer is a
    /// failure. Many threads may ask at once.
    func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse
    /// From now on no more bytes of bodies go both ways in a second than the limit lets pass.
    func slow(to limit: RateLimit)
}

extension HTTPTransport {
    /// Nothing: for what is no way to anywhere.
    package func slow(to limit: RateLimit) {}
}

import Bytes
import Platform
import Synchronization
import Vocabulary

/// A remote behind a web server: any one that knows ranges for reading; `mlstore serve` for writing as
/// well. A server must show that it is the latter before anything is written to it, because others
/// ignore the conditions of a PUT and would replace what they must not.
package final class HTTPRemote: Remote {
    package let description: String
    private let base: HTTPURL
    private let transport: any HTTPTransport
    private let credentials: HTTPCredentials
    private let backoff: Backoff
    private let canWrite = Mutex(false)

    /// The remote at a URL, reached by `transport`; `backoff` says how often and when a request that
    /// may be repeated is sent.
    package init(
        _ url: RemoteURL, transport: any HTTPTransport, credentials: HTTPCredentials,
        backoff: Backoff = Backoff()
    ) throws {
        guard let host = url.host else { throw StoreError.noRemoteURL(url.description) }
        description = url.description
        base = HTTPURL(
            isSecure: url.scheme == "https", host: host.name.lowercased(), port: host.port,
            path: PercentEncoding.encode(url.path.bytes, keeping: "/"))
        self.transport = transport
        self.credentials = credentials
        self.backoff = backoff
        if !base.isSecure, !base.isLoopback, credentials.header(for: base) != nil {
            throw StoreError(
                .remoteRefused,
                "cannot use remote '\(description)': a secret would travel unencrypted",
                subject: description, advice: "use https://, or ssh://")
        }
    }

    package func slow(to limit: RateLimit) { transport.slow(to: limit) }
    package var sentRequests: Int? { (transport as? HTTPClient)?.requestCount }

    // MARK: - Reading

    package func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try get(name, maximumBytes: maximumBytes).body
    }

    package func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        guard !range.isEmpty else {
            try checkEmpty(range, of: name)
            return []
        }
        let response = try get(name, range: range, maximumBytes: range.count)
        // Who ignores the range sends all of it, which is right only if it is no more.
        if response.status == 200, range.lowerBound > 0 { throw noRanges(name) }
        guard response.body.count == range.count else { throw tooShort(name, range) }
        guard
            response.status == 200
                || response.headers["Content-Range"]?.hasPrefix("bytes \(range.lowerBound)-")
                    == true
        else { throw noRanges(name) }
        return response.body
    }

    package func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        do {
            let response = try get(name, maximumBytes: maximumBytes)
            return (response.body, RemoteVersion(HTTPStoreProtocol.tag(of: response.body)))
        } catch let error as StoreError where error.kind == .notFound {
            return nil
        }
    }

    private func get(
        _ name: RemoteFileName, range: Range<Int>? = nil, maximumBytes: Int
    ) throws -> HTTPResponse {
        var request = HTTPRequest(.get, url(name), maximumBytes: maximumBytes)
        request.maximumRedirects = 5
        if let range {
            request.headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        } else {
            // Caches in between must not answer with what was before.
            request.headers["Cache-Control"] = "no-cache"
        }
        let response = try send(request, "read", name)
        switch (response.status, range) {
        case (200, _), (206, .some): return response
        case (404, _), (410, _): throw missing(name, to: "read")
        case (416, let range?): throw tooShort(name, range)
        default: throw refused(response, "read", name)
        }
    }

    package func size(_ name: RemoteFileName) throws -> Int? {
        var request = HTTPRequest(.head, url(name))
        request.maximumRedirects = 5
        let response = try send(request, "look for", name)
        if response.status == 404 || response.status == 410 { return nil }
        guard response.status == 200 else { throw refused(response, "look for", name) }
        guard let size = response.headers["Content-Length"].flatMap({ Int($0) }), size >= 0 else {
            throw StoreError(
                .remoteRefused,
                "cannot look for '\(name)' on remote '\(description)': the server tells no length",
                subject: "\(name)")
        }
        return size
    }

    package func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        try checkService("list")
        var found: [(name: RemoteFileName, size: Int)] = []
        while true {
            var place = folder
            let parameters = [("prefix", prefix), ("after", found.last?.name)].compactMap {
                key, name in
                name.map { "\(key)=\(PercentEncoding.encode($0.description.utf8))" }
            }
            place.query = parameters.joined(separator: "&")
            let response = try send(
                HTTPRequest(.get, place, maximumBytes: 4 << 20), "list", nil)
            guard response.status == 200 else { throw refused(response, "list", nil) }
            guard let page = HTTPStoreProtocol.Page(parsing: response.body),
                !page.hasMore || !page.files.isEmpty,
                page.files.first.map({ first in found.last.map { $0.name < first.name } ?? true })
                    ?? true
            else {
                throw StoreError(
                    .corrupt, "cannot list remote '\(description)': its answer makes no sense",
                    subject: description)
            }
            found += page.files
            if !page.hasMore { return found }
        }
    }

    // MARK: - Writing

    package func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        var opened: (any DiskFile)?
        defer { try? opened?.close() }  // only read
        let body: HTTPBody
        switch content {
        case .bytes(let bytes): body = .bytes(bytes)
        case .file(let path, let disk, _):
            let file = try disk.openFile(path, .read)
            opened = file
            body = .file(file, 0..<(try file.status().size))
        }
        try checkService("write")
        var request = HTTPRequest(.put, url(name), body: body)
        request.headers["If-None-Match"] = "*"
        let response = try sendOnce(request, "write", name)
        if response.isSuccess { return }
        // The first of two sendings may have been the one that made it.
        if response.status == 412, response.wasSentTwice,
            try size(name) == body.sizeBytes
        {
            return
        }
        guard response.status == 412 else { throw refused(response, "write", name) }
        throw StoreError(
            .alreadyExists,
            "cannot write '\(name)' on remote '\(description)': there is one already",
            subject: "\(name)")
    }

    package func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        guard new.count <= HTTPStoreProtocol.largestTagged else {
            throw StoreError(
                .remoteRefused,
                "cannot replace '\(name)' on remote '\(description)': \(ByteCount(new.count)) is too"
                    + " much for a file that is replaced", subject: description)
        }
        try checkService("replace")
        var request = HTTPRequest(.put, url(name), body: .bytes(new))
        if let expected {
            request.headers["If-Match"] = expected.text
        } else {
            request.headers["If-None-Match"] = "*"
        }
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try transport.send(authorized(request))
        } catch {
            // Without an answer only a look tells whether it was done.
            if error.mayHaveArrived, try isThere(new, name) { return true }
            throw failure(error, "replace", name)
        }
        if response.isSuccess { return true }
        guard response.status == 412 else { throw refused(response, "replace", name) }
        return response.wasSentTwice ? try isThere(new, name) : false
    }

    private func isThere(_ bytes: [UInt8], _ name: RemoteFileName) throws -> Bool {
        let found = try? readVersioned(name, maximumBytes: HTTPStoreProtocol.largestTagged)
        return found?.bytes == bytes
    }

    package func remove(_ name: RemoteFileName) throws {
        try checkService("remove")
        let response = try send(HTTPRequest(.delete, url(name)), "remove", name)
        guard response.isSuccess || response.status == 404 else {
            throw refused(response, "remove", name)
        }
    }

    /// Throws unless `mlstore serve` answers there. One request, once.
    private func checkService(_ verb: String) throws {
        if canWrite.withLock({ $0 }) { return }
        let response = try send(HTTPRequest(.head, folder), verb, nil)
        let version = response.headers[HTTPStoreProtocol.serviceHeader]
        guard version == HTTPStoreProtocol.serviceVersion else {
            if version == nil, response.status == 401 { throw refused(response, verb, nil) }
            throw StoreError(
                .remoteRefused,
                "cannot \(verb) files of remote '\(description)': this server can only be read",
                subject: description,
                advice: "only 'mlstore serve' keeps what a push needs; or push to its directory by"
                    + " ssh:// or file://")
        }
        guard response.status == 200 else { throw refused(response, verb, nil) }
        canWrite.withLock { $0 = true }
    }
}

// MARK: - Requests

extension HTTPRemote {
    /// The base as that which names are appended to.
    private var folder: HTTPURL {
        var place = base
        if !place.path.hasSuffix("/") { place.path += "/" }
        return place
    }

    private func url(_ name: RemoteFileName) -> HTTPURL {
        var place = folder
        place.path += name.description
        return place
    }

    private func authorized(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        if let header = credentials.header(for: base) { request.secrets["Authorization"] = header }
        return request
    }

    /// Sends what may be repeated: after a broken connection, and when the server is busy.
    private func send(
        _ request: HTTPRequest, _ verb: String, _ name: RemoteFileName?
    ) throws -> HTTPResponse {
        try backoff.send(by: transport, { authorized(request) }) { error in
            let isPart = request.headers["Range"] != nil && error.kind == .tooLarge
            return name.flatMap { isPart ? noRanges($0) : nil } ?? failure(error, verb, name)
        }
    }

    private func sendOnce(
        _ request: HTTPRequest, _ verb: String, _ name: RemoteFileName?
    ) throws -> HTTPResponse {
        do throws(HTTPFailure) {
            return try transport.send(authorized(request))
        } catch { throw failure(error, verb, name) }
    }

    // MARK: Failures

    private func what(_ verb: String, _ name: RemoteFileName?) -> String {
        "cannot \(verb) " + (name.map { "'\($0)' on " } ?? "") + "remote '\(description)'"
    }

    private func failure(
        _ failure: HTTPFailure, _ verb: String, _ name: RemoteFileName?
    ) -> StoreError {
        failure.storeError(what(verb, name), place: description)
    }

    private func noRanges(_ name: RemoteFileName) -> StoreError {
        StoreError(
            .remoteRefused, "\(what("read", name)): its server does not send parts of files",
            subject: "\(name)", advice: "switch on range requests there")
    }

    /// A status that is none of those expected.
    private func refused(
        _ response: HTTPResponse, _ verb: String, _ name: RemoteFileName?
    ) -> StoreError {
        let text = response.body.prefix(200).prefix { $0 != 0x0a }
        let isText = response.headers["Content-Type"]?.hasPrefix("text/plain") == true
        let said = isText && !text.isEmpty ? " \(printableText(Array(text)))" : ""
        let advice =
            switch response.status {
            case 401, 403:
                "show a token: MLSTORE_HTTP_TOKENS='\(base.authority)=TOKEN', or a line in ~/.netrc"
            default: nil as String?
            }
        return StoreError(
            response.status == 423 ? .locked : .remoteRefused,
            "\(what(verb, name)): the server answered \(response.status)\(said)",
            subject: description, advice: advice)
    }
}

extension HTTPURL {
    /// Whether nobody outside of this machine can listen.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

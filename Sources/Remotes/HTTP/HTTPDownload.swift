package import Platform
import Synchronization
import Vocabulary

/// Takes single files from web servers.
package struct HTTPDownload: Sendable {
    /// What a server says to tell one version of a file from another.
    package struct Version: Hashable, Sendable {
        /// The entity tag, as it was sent.
        package var etag: String?
        /// The time of the last change, as it was sent.
        package var modified: String?

        /// A version.
        package init(etag: String?, modified: String?) {
            self.etag = etag
            self.modified = modified
        }
    }

    private let transport: any HTTPTransport
    private let credentials: HTTPCredentials
    private let backoff: Backoff

    /// Downloads by `transport`.
    package init(
        transport: any HTTPTransport, credentials: HTTPCredentials, backoff: Backoff = Backoff()
    ) {
        self.transport = transport
        self.credentials = credentials
        self.backoff = backoff
    }

    /// Downloads as the environment says: proxies, authorities, and secrets of `~/.netrc` and
    /// `MLSTORE_HTTP_TOKENS`.
    package static func fromEnvironment(on disk: any Disk) throws -> HTTPDownload {
        HTTPDownload(
            transport: HTTPClient(.fromEnvironment(Environment.variable)),
            credentials: try .fromEnvironment(on: disk))
    }

    /// Writes the file at `url` to the empty `file`; nil, and nothing written, when the server says
    /// that it is still the version `known`: one small request.
    ///
    /// All bytes are of one answer: after a fault that may pass it begins again, so that no two
    /// versions are ever put together. An answer that ends before its stated length is a fault.
    /// Throws `.notFound`, `.remoteRefused`, `.remoteUnreachable` and what writing throws.
    package func run(
        _ url: HTTPURL, ifNot known: Version? = nil, to file: any DiskFile
    ) throws -> Version? {
        var request = HTTPRequest(.get, url)
        request.maximumRedirects = 10
        request.headers["If-None-Match"] = known?.etag
        if known?.etag == nil { request.headers["If-Modified-Since"] = known?.modified }
        if let secret = credentials.header(for: url) { request.secrets["Authorization"] = secret }
        let attempt = { () throws -> HTTPRequest in
            try file.truncate(to: 0)
            let written = Atomic<Int>(0)
            request.sink = { bytes in
                let offset = written.load(ordering: .relaxed)
                // Unsafe: for the call only.
                try unsafe bytes.withUnsafeBytes { try unsafe file.write($0, at: offset) }
                written.add(bytes.count, ordering: .relaxed)
            }
            return request
        }
        let response = try backoff.send(by: transport, attempt) {
            $0.storeError("cannot take '\(url)'", place: url.description, goesOn: false)
        }
        let isAsked = known?.etag != nil || known?.modified != nil
        return try version(response, url, isAsked: isAsked)
    }
}

extension HTTPDownload {
    /// What the last answer means.
    private func version(
        _ response: HTTPResponse, _ url: HTTPURL, isAsked: Bool
    ) throws -> Version? {
        // Who was not asked whether something is still the same cannot say that it is.
        if response.status == 304, isAsked { return nil }
        guard response.status == 200 else {
            let advice: String? =
                switch response.status {
                case 401, 403:
                    "show a token: MLSTORE_HTTP_TOKENS='\(url.authority)=TOKEN', or a line in "
                        + "~/.netrc"
                case 404, 410: "check the URL, and that the file is still published"
                default: nil
                }
            throw StoreError(
                response.status == 404 || response.status == 410 ? .notFound : .remoteRefused,
                "cannot take '\(url)': the server answered \(response.status)",
                subject: url.description, advice: advice, safety: "nothing was changed")
        }
        return Version(
            etag: plain(response.headers["etag"]),
            modified: plain(response.headers["last-modified"])
        )
    }

    /// A value that can be kept and sent again; nil for one that no honest server sends.
    private func plain(_ value: String?) -> String? {
        guard let value, value.utf8.count <= 1024,
            value.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { return nil }
        return value
    }
}

import Bytes
import Platform
package import Vocabulary

/// A remote that is a bucket, or a part of one: on AWS, or on a server that speaks S3.
///
/// A new file is put on condition that its name is free (`If-None-Match: *`), the root is replaced
/// on condition that it is what was seen (`If-Match`). Every upload carries a mark of its own, so
/// that after a lost answer it can be told whose content is there. A version is an ETag.
/// Where the server does not replace on condition, see `S3Remote+Lock`.
package struct S3Remote: Remote {
    let client: S3Client
    let settings: S3Settings
    let quoting = ETagQuoting()

    /// The remote; nothing is asked before it is used. Throws for settings that make no sense.
    package init(_ settings: S3Settings, _ surroundings: S3Surroundings = .system) throws {
        self.settings = settings
        client = try S3Client(settings, surroundings)
    }

    package var description: String { client.title }
    package var sentRequests: Int? { client.sentRequests }
    package func slow(to limit: RateLimit) { client.slow(to: limit) }

    // MARK: - Reading

    package func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        guard let found = try get(name, maximumBytes: maximumBytes) else {
            throw missing(name, to: "read")
        }
        return found.body
    }

    package func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        guard range.lowerBound >= 0 else { throw tooShort(name, range) }
        guard !range.isEmpty else {
            try checkEmpty(range, of: name)
            return []
        }
        var request = S3Request(.get, key(name), purpose: "read '\(name)'")
        request.headers["range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        request.maximumBytes = range.count
        let answer = try client.send(request)
        if let fault = answer.fault {
            if fault.isMissingObject { throw missing(name, to: "read") }
            if fault.status == 416 { throw tooShort(name, range) }
            throw fault.storeError(request.purpose, client)
        }
        // What came may be another part, or all of it: one server says 200 to ranges too.
        guard S3Remote.start(of: answer.response) == range.lowerBound else {
            throw StoreError(
                .remoteRefused,
                "cannot read '\(name)' on remote '\(description)': the server ignores ranges",
                subject: name.description)
        }
        guard answer.response.body.count == range.count else { throw tooShort(name, range) }
        return answer.response.body
    }

    /// Where in the object the body of an answer begins, by `Content-Range: bytes 3-6/10`.
    static func start(of response: HTTPResponse) -> Int {
        guard let text = response.headers["content-range"] else { return 0 }
        return Int(text.dropFirst("bytes ".count).prefix { $0 != "-" }) ?? -1
    }

    package func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        guard let found = try get(name, maximumBytes: maximumBytes) else { return nil }
        guard let tag = found.headers["etag"], !tag.isEmpty else {
            throw StoreError(
                .remoteRefused,
                "cannot read '\(name)' on remote '\(description)': the server gives no ETag",
                subject: name.description)
        }
        return (found.body, RemoteVersion(tag))
    }

    /// The whole object; nil when it is missing.
    private func get(_ name: RemoteFileName, maximumBytes: Int) throws -> HTTPResponse? {
        var request = S3Request(.get, key(name), purpose: "read '\(name)'")
        request.maximumBytes = maximumBytes
        let answer = try client.send(request)
        guard let fault = answer.fault else { return answer.response }
        if fault.isMissingObject { return nil }
        throw fault.storeError(request.purpose, client)
    }

    package func size(_ name: RemoteFileName) throws -> Int? {
        guard let found = try head(name) else { return nil }
        guard let size = found["content-length"].flatMap({ Int($0) }), size >= 0 else {
            throw StoreError(
                .remoteRefused,
                "cannot look at '\(name)' on remote '\(description)': the server tells no length",
                subject: name.description)
        }
        return size
    }

    /// The headers of an object; nil when it is missing.
    func head(_ name: RemoteFileName, withChecksum: Bool = false) throws -> HTTPHeaders? {
        var request = S3Request(.head, key(name), purpose: "look at '\(name)'")
        if withChecksum { request.headers["x-amz-checksum-mode"] = "ENABLED" }
        let answer = try client.send(request)
        guard let fault = answer.fault else { return answer.response.headers }
        if fault.isMissingObject { return nil }
        throw fault.storeError(request.purpose, client)
    }

    package func storedDigest(_ name: RemoteFileName) throws -> Digest? {
        // Of an object that was sent in parts it is another kind of digest, with "-<parts>" behind it.
        guard let text = try head(name, withChecksum: true)?["x-amz-checksum-sha256"],
            let bytes = Base64.decode(text)
        else { return nil }
        return Digest(bytes: bytes)
    }

    package func remove(_ name: RemoteFileName) throws {
        let request = S3Request(.delete, key(name), purpose: "remove '\(name)'")
        let answer = try client.send(request)
        guard let fault = answer.fault, !fault.isMissingObject else { return }
        throw fault.storeError(request.purpose, client)
    }

    // MARK: - Names

    /// The key of an object.
    func key(_ name: RemoteFileName) -> String { keyPrefix + name.description }

    /// What all keys of this remote begin with.
    var keyPrefix: String { settings.prefix.isEmpty ? "" : settings.prefix + "/" }
}

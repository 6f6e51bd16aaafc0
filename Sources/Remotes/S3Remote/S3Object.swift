import Bytes
package import Platform
import Vocabulary

/// One object of a bucket, for who wants a file of it and not a remote. Server, region and credentials
/// come from the environment and `~/.aws`.
package struct S3Object: Sendable {
    private let client: S3Client
    private let key: String
    /// The URL, for messages.
    package let description: String

    private static let pieceBytes = 8 << 20
    private static let threads = 4

    /// The bucket and key of `s3://bucket/key`, which is taken as it is; nil for another text.
    package static func parts(of url: String) -> (bucket: String, key: String)? {
        guard url.hasPrefix("s3://"), printableText(Array(url.utf8)) == url else { return nil }
        let rest = url.dropFirst(5)
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        let key = rest[rest.index(after: slash)...]
        guard slash > rest.startIndex, !key.isEmpty, key.last != "/" else { return nil }
        return (String(rest[..<slash]), String(key))
    }

    /// The object at `s3://bucket/key`; nil where the text is no such URL. Throws where the machine's
    /// settings cannot be read.
    package init?(_ url: String, _ surroundings: S3Surroundings = .system) throws {
        guard let (bucket, key) = S3Object.parts(of: url) else { return nil }
        self.key = key
        description = url
        client = try S3Client(S3Settings(bucket: bucket), surroundings)
    }

    /// Writes the object to the empty `file`; its entity tag, or nil, and nothing written, where that is
    /// still `known`: one small request.
    ///
    /// All bytes are of one version: every piece is asked for on condition of the tag. Throws
    /// `.notFound`, `.changedMeanwhile`, `.remoteRefused`, `.remoteUnreachable` and what writing throws.
    package func download(ifNot known: String?, to file: any DiskFile) throws -> String? {
        let head = try answer(S3Request(.head, key, purpose: "look at '\(key)'"))
        guard let tag = head.headers["etag"], !tag.isEmpty, tag.utf8.count <= 1024,
            tag.utf8.allSatisfy({ (0x20...0x7e).contains($0) }),
            let size = head.headers["content-length"].flatMap({ Int($0) }), size >= 0
        else { throw refused("the server tells no entity tag or no length") }
        if tag == known { return nil }
        let count = (size + S3Object.pieceBytes - 1) / S3Object.pieceBytes
        try WorkerPool(threads: S3Object.threads).forEach(count: count, makeWorker: { () }) {
            _, index in
            let start = index * S3Object.pieceBytes
            let end = min(start + S3Object.pieceBytes, size)
            var request = S3Request(.get, key, purpose: "read '\(key)'")
            request.headers["range"] = "bytes=\(start)-\(end - 1)"
            request.headers["if-match"] = tag
            request.maximumBytes = end - start
            let found = try answer(request)
            guard found.headers["etag"] == tag else { throw changed() }
            guard S3Remote.start(of: found) == start, found.body.count == end - start else {
                throw refused("the server ignores ranges")
            }
            try file.write(found.body, at: start)
        }
        return tag
    }

    private func answer(_ request: S3Request) throws -> HTTPResponse {
        let answer = try client.send(request)
        guard let fault = answer.fault else { return answer.response }
        if fault.isMissingObject {
            throw StoreError(
                .notFound, "cannot take '\(description)': there is no such object",
                subject: description, advice: "check the name, and that it is still published",
                safety: "nothing was changed")
        }
        if fault.status == 412 { throw changed() }
        throw fault.storeError(request.purpose, client)
    }

    private func changed() -> StoreError {
        StoreError(
            .changedMeanwhile, "cannot take '\(description)': it changed while it was read",
            subject: description, advice: "try again", safety: "nothing was changed")
    }

    private func refused(_ why: String) -> StoreError {
        StoreError(
            .remoteRefused, "cannot take '\(description)': \(why)", subject: description,
            safety: "nothing was changed")
    }
}

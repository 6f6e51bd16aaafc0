import Bytes
import Platform
import Vocabulary

extension S3Remote {
    /// How many parts of one file are on their way at once.
    private static let partsAtOnce = 4

    /// Sends a file in parts. What is left of an upload that failed is removed.
    func putInParts(_ name: RemoteFileName, _ file: any DiskFile, _ size: Int) throws {
        // Not every server that puts on condition also completes on condition.
        if try head(name) != nil { throw taken(name) }
        let mark = newMark()
        let upload = try begin(name, mark)
        do {
            let unit = max(S3Remote.partBytes, size / (S3Remote.maximumParts - 1) + 1)
            let parts = try parallelMap(
                count: (size + unit - 1) / unit, threads: S3Remote.partsAtOnce
            ) { number in
                let range = number * unit..<min(size, (number + 1) * unit)
                return try send(try S3Part(file, range), number + 1, of: name, upload)
            }
            try complete(name, upload, parts, mark)
        } catch {
            abandon(name, upload)
            throw error
        }
    }

    private func begin(_ name: RemoteFileName, _ mark: String) throws -> String {
        var request = S3Request(.post, key(name), purpose: "write '\(name)'")
        request.query = [("uploads", "")]
        request.body = .bytes([])
        request.headers["x-amz-checksum-algorithm"] = "SHA256"
        setKeeping(of: &request, mark)
        setClass(of: &request)
        let answer = try client.send(request)
        if let fault = answer.fault { throw fault.storeError(request.purpose, client) }
        guard let document = try? XMLElement(parsing: answer.response.body),
            let upload = document["UploadId"]?.text, !upload.isEmpty
        else { throw odd(name, "it names no upload") }
        return upload
    }

    /// Sends a part, and gives what the completion says of it.
    private func send(
        _ part: S3Part, _ number: Int, of name: RemoteFileName, _ upload: String
    ) throws -> String {
        var request = S3Request(.put, key(name), purpose: "write '\(name)'")
        request.query = [("partNumber", String(number)), ("uploadId", upload)]
        part.fill(&request)
        let answer = try client.send(request)
        if let fault = answer.fault { throw fault.storeError(request.purpose, client) }
        guard let tag = answer.response.headers["etag"] else {
            throw odd(name, "a part has no ETag")
        }
        let checksum = Base64.encode(part.digest.bytes)
        return "<Part><ChecksumSHA256>\(checksum)</ChecksumSHA256><ETag>\(escaped(tag))</ETag>"
            + "<PartNumber>\(number)</PartNumber></Part>"
    }

    private func complete(
        _ name: RemoteFileName, _ upload: String, _ parts: [String], _ mark: String
    ) throws {
        let text =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + parts.joined() + "</CompleteMultipartUpload>"
        var request = S3Request(.post, key(name), purpose: "write '\(name)'")
        request.query = [("uploadId", upload)]
        request.body = .bytes(Array(text.utf8))
        request.digest = sha256(Array(text.utf8))
        if settings.swapsOnCondition { request.headers["if-none-match"] = "*" }
        var answer = try client.send(request)
        // The server may have begun to answer before it knew how it would end.
        if answer.fault == nil, let document = try? XMLElement(parsing: answer.response.body),
            document.name == "Error"
        {
            answer.fault = S3Fault(inside: document)
            answer.isRepeated = true
            guard try head(name)?[S3Remote.mark] == mark else {
                throw S3Fault(inside: document).storeError(request.purpose, client)
            }
            return
        }
        try finish(name, answer, mark, request.purpose)
    }

    /// Removes the parts that were sent. A server that does not hear this removes them by its own
    /// rules, if it has any.
    private func abandon(_ name: RemoteFileName, _ upload: String) {
        var request = S3Request(.delete, key(name), purpose: "remove '\(name)'")
        request.query = [("uploadId", upload)]
        _ = try? client.send(request)
    }

    private func escaped(_ text: String) -> String {
        text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "&quot;")
    }

    private func odd(_ name: RemoteFileName, _ why: String) -> StoreError {
        StoreError(
            .corrupt,
            "cannot write '\(name)' on remote '\(description)': the answer is odd, \(why)",
            subject: name.description)
    }
}

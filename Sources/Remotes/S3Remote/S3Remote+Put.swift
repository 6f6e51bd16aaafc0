import Bytes
import Platform
import Vocabulary

/// What of a file is sent, with its digest.
struct S3Part: Sendable {
    var body: HTTPBody
    var digest: Digest

    /// The bytes.
    init(_ bytes: [UInt8]) {
        body = .bytes(bytes)
        digest = sha256(bytes)
    }

    /// A whole file with its digest, which the server compares with what arrives.
    init(_ file: any DiskFile, sizeBytes: Int, digest: Digest) {
        body = .file(file, 0..<sizeBytes)
        self.digest = digest
    }

    /// A range of a file, which is read once for its digest.
    init(_ file: any DiskFile, _ range: Range<Int>) throws {
        var digester = Digester()
        var offset = range.lowerBound
        while offset < range.upperBound {
            try SignalWatch.check()
            let piece = try file.read(at: offset, count: min(1 << 20, range.upperBound - offset))
            guard !piece.isEmpty else {
                throw StoreError(.changedMeanwhile, "a file became shorter while it was sent")
            }
            digester.update(piece)
            offset += piece.count
        }
        body = .file(file, range)
        digest = digester.finish()
    }

    func fill(_ request: inout S3Request) {
        request.body = body
        request.digest = digest
        request.headers["x-amz-checksum-sha256"] = Base64.encode(digest.bytes)
    }
}

extension S3Remote {
    /// Files of more than two of these are sent in such parts, several at once.
    static let partBytes = 16 << 20
    /// A file whose digest is known is sent in one request up to this size: that leaves no parts in
    /// the bucket when it breaks off, and the bucket keeps the digest of the whole. Packs are smaller.
    static let wholeBytes = 96 << 20
    /// As many as there may be.
    static let maximumParts = 10_000
    /// The header that says whose upload an object is.
    static let mark = "x-amz-meta-mlstore-upload"

    package func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        if !settings.swapsOnCondition, try head(name) != nil { throw taken(name) }
        switch content {
        case .bytes(let bytes): try putWhole(name, S3Part(bytes))
        case .file(let path, let disk, let digest):
            let file = try disk.openFile(path, .read)
            defer { try? file.close() }  // only read
            let size = try file.status().size
            if let digest, size <= S3Remote.wholeBytes {
                try putWhole(name, S3Part(file, sizeBytes: size, digest: digest))
            } else if size > 2 * S3Remote.partBytes {
                try putInParts(name, file, size)
            } else {
                try putWhole(name, try S3Part(file, 0..<size))
            }
        }
    }

    private func putWhole(_ name: RemoteFileName, _ part: S3Part) throws {
        let mark = newMark()
        var request = S3Request(.put, key(name), purpose: "write '\(name)'")
        part.fill(&request)
        setKeeping(of: &request, mark)
        if name.description.hasSuffix(".pack") { setClass(of: &request) }
        if settings.swapsOnCondition { request.headers["if-none-match"] = "*" }
        try finish(name, try client.send(request), mark, request.purpose)
    }

    /// Judges the last answer of an upload.
    func finish(
        _ name: RemoteFileName, _ answer: S3Answer, _ mark: String, _ purpose: String
    ) throws {
        guard let fault = answer.fault else { return }
        let mayBeThere = fault.isUnmetCondition || fault.status >= 500 || fault.isMissingObject
        if answer.isRepeated, mayBeThere, try head(name)?[S3Remote.mark] == mark { return }
        if fault.isUnmetCondition { throw taken(name) }
        throw fault.storeError(purpose, client)
    }

    func taken(_ name: RemoteFileName) -> StoreError {
        StoreError(
            .alreadyExists, "there is a '\(name)' on remote '\(description)' already",
            subject: name.description)
    }

    /// A text that no other upload has.
    func newMark() -> String { Hex.encode(client.surroundings.entropy.bytes(16)) }

    /// How the object is kept, and whose it is.
    func setKeeping(of request: inout S3Request, _ mark: String) {
        request.headers[S3Remote.mark] = mark
        if let encryption = settings.encryption {
            request.headers["x-amz-server-side-encryption"] = encryption
        }
        if let key = settings.encryptionKey {
            request.headers["x-amz-server-side-encryption-aws-kms-key-id"] = key
        }
    }

    func setClass(of request: inout S3Request) {
        if let name = settings.storageClass { request.headers["x-amz-storage-class"] = name }
    }
}

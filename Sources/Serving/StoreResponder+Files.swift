import HTTPTypes
import Hummingbird
import NIOCore
import Remotes
import Vocabulary

extension StoreResponder {
    private static let pieceBytes = 256 << 10

    // MARK: - Reading

    func read(_ name: RemoteFileName, _ request: Request) async throws -> Response {
        let remote = remote
        guard let size = try await onDisk({ try remote.size(name) }) else {
            throw Refusal(.notFound, "there is no such file")
        }
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .acceptRanges: "bytes",
        ]
        guard size <= HTTPStoreProtocol.largestTagged else {
            return stream(name, size: size, request, headers)
        }
        // At once, so that a file that is replaced meanwhile is the old one or the new.
        let bytes = try await onDisk {
            try remote.read(name, maximumBytes: HTTPStoreProtocol.largestTagged)
        }
        let tag = HTTPStoreProtocol.tag(of: bytes)
        headers[.eTag] = tag
        headers[.cacheControl] = "no-cache"
        if request.headers[.ifNoneMatch] == tag {
            return Response(status: .notModified, headers: headers)
        }
        let (status, range) = try part(request, size: bytes.count, &headers)
        return answer(status, headers, range.count, request) { writer in
            try await writer.write(ByteBuffer(bytes: bytes[range]))
        }
    }

    private func stream(
        _ name: RemoteFileName, size: Int, _ request: Request, _ headers: HTTPFields
    ) -> Response {
        var headers = headers
        let status: HTTPResponse.Status
        let range: Range<Int>
        do {
            (status, range) = try part(request, size: size, &headers)
        } catch { return error.response }
        let remote = remote
        return answer(status, headers, range.count, request) { writer in
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceBytes) {
                let end = min(start + Self.pieceBytes, range.upperBound)
                let piece = try await onDisk { try remote.read(name, range: start..<end) }
                try await writer.write(ByteBuffer(bytes: piece))
            }
        }
    }

    private func part(
        _ request: Request, size: Int, _ headers: inout HTTPFields
    ) throws(Refusal) -> (HTTPResponse.Status, Range<Int>) {
        switch HTTPRange(header: request.headers[.range], size: size) {
        case .whole: return (.ok, 0..<size)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            return (.partialContent, range)
        case .unsatisfiable:
            var refusal = Refusal(.rangeNotSatisfiable, "the file is shorter")
            refusal.headers[.contentRange] = "bytes */\(size)"
            throw refusal
        }
    }

    private func answer(
        _ status: HTTPResponse.Status, _ headers: HTTPFields, _ count: Int, _ request: Request,
        _ body: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var headers = headers
        headers[.contentLength] = String(count)
        if request.method == .head { return Response(status: status, headers: headers) }
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: count) { writer in
                try await body(&writer)
                try await writer.finish(nil)
            })
    }

    /// A page of names: `/?prefix=packs&after=packs/a/b`.
    func list(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        func name(_ key: Substring) throws -> RemoteFileName? {
            guard let text = query[key] else { return nil }
            guard let name = RemoteFileName(text) else {
                throw Refusal(.badRequest, "that is not the name of a file of a remote")
            }
            return name
        }
        let (prefix, after) = (try name("prefix"), try name("after"))
        let remote = remote
        let page = try await onDisk {
            let all = try remote.list(prefix)
            // Sorted, so the first behind `after` can be searched for.
            let start = after.map { after in all.partitioningIndex { after < $0.name } } ?? 0
            let files = all[start...].prefix(HTTPStoreProtocol.pageNames)
            return HTTPStoreProtocol.Page(
                files: Array(files), hasMore: start + files.count < all.count
            ).bytes
        }
        return answer(.ok, [.contentType: "application/json"], page.count, request) { writer in
            try await writer.write(ByteBuffer(bytes: page))
        }
    }

    // MARK: - Writing

    func put(
        _ name: RemoteFileName, _ request: Request, _ record: RequestRecord
    ) async throws -> Response {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limits.bodyBytes { throw tooLarge() }
        guard let expected = try condition(request) else {
            return try await create(name, request, record)
        }
        let bytes = try await collect(request, record)
        let remote = remote
        let isDone = try await onDisk {
            try remote.compareAndSwap(name, expected: expected, new: bytes)
        }
        guard isDone else {
            throw Refusal(.preconditionFailed, "the file is not as the condition says")
        }
        return Response(
            status: .noContent, headers: [.eTag: HTTPStoreProtocol.tag(of: bytes)])
    }

    /// The version that must be there; nil: there must be none. A PUT without a condition is refused.
    private func condition(_ request: Request) throws -> RemoteVersion? {
        if request.headers[.ifNoneMatch] == "*" { return nil }
        guard let tag = request.headers[.ifMatch] else {
            throw Refusal(
                .preconditionRequired, "a PUT needs 'If-None-Match: *' or 'If-Match' with a tag")
        }
        return RemoteVersion(String(tag.drop { $0 == "\"" }.prefix { $0 != "\"" }))
    }

    private func collect(_ request: Request, _ record: RequestRecord) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            record.received(buffer.readableBytes)
            bytes += buffer.readableBytesView
            guard bytes.count <= HTTPStoreProtocol.largestTagged else { throw tooLarge() }
        }
        return bytes
    }

    private func create(
        _ name: RemoteFileName, _ request: Request, _ record: RequestRecord
    ) async throws -> Response {
        let remote = remote
        if try await onDisk({ try remote.size(name) != nil }) {
            throw Refusal(.preconditionFailed, "there is such a file already")
        }
        let put = try await onDisk { try remote.beginPut(name) }
        do {
            var pending: [UInt8] = []
            var total = 0
            for try await buffer in request.body {
                record.received(buffer.readableBytes)
                total += buffer.readableBytes
                guard total <= limits.bodyBytes else { throw tooLarge() }
                pending += buffer.readableBytesView
                guard pending.count >= Self.pieceBytes else { continue }
                let piece = pending
                pending = []
                try await onDisk { try put.append(piece) }
            }
            let piece = pending
            try await onDisk { try put.append(piece) }
        } catch {
            // Here and now: the pool takes nothing from a request whose time is over.
            put.abandon()
            throw error
        }
        try await onDisk { try put.commit() }
        return Response(status: .created)
    }

    private func tooLarge() -> Refusal {
        Refusal(.contentTooLarge, "a file may have at most \(ByteCount(limits.bodyBytes))")
    }
}

extension Array {
    /// The first index whose element satisfies the predicate, which holds from there on.
    fileprivate func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

import Platform
import Synchronization
package import Vocabulary

/// A remote that counts what is asked of another: requests, bytes, and which kinds.
package final class CountingRemote: Remote {
    private let inner: any Remote
    private let requests = Atomic<Int>(0)
    private let received = Atomic<Int>(0)
    private let sent = Atomic<Int>(0)

    /// Counts what goes to `inner`.
    package init(_ inner: any Remote) { self.inner = inner }

    /// How many requests were made.
    package var requestCount: Int { requests.load(ordering: .relaxed) }
    package var sentRequests: Int? { inner.sentRequests ?? requestCount }
    /// How many bytes of files were read.
    package var receivedBytes: Int { received.load(ordering: .relaxed) }
    /// How many bytes of files were written.
    package var sentBytes: Int { sent.load(ordering: .relaxed) }

    package var description: String { inner.description }

    package func slow(to limit: RateLimit) { inner.slow(to: limit) }

    package func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try counted { try inner.read(name, maximumBytes: maximumBytes) }
    }

    package func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        try counted { try inner.read(name, range: range) }
    }

    package func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        requests.wrappingAdd(1, ordering: .relaxed)
        let found = try inner.readVersioned(name, maximumBytes: maximumBytes)
        received.wrappingAdd(found?.bytes.count ?? 0, ordering: .relaxed)
        return found
    }

    package func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        requests.wrappingAdd(1, ordering: .relaxed)
        try inner.put(name, content)
        sent.wrappingAdd(try content.sizeBytes, ordering: .relaxed)
    }

    package func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        requests.wrappingAdd(1, ordering: .relaxed)
        sent.wrappingAdd(new.count, ordering: .relaxed)
        return try inner.compareAndSwap(name, expected: expected, new: new)
    }

    package func list(
        _ prefix: RemoteFileName?
    ) throws -> [(name: RemoteFileName, size: Int)] {
        requests.wrappingAdd(1, ordering: .relaxed)
        return try inner.list(prefix)
    }

    package func size(_ name: RemoteFileName) throws -> Int? {
        requests.wrappingAdd(1, ordering: .relaxed)
        return try inner.size(name)
    }

    package func remove(_ name: RemoteFileName) throws {
        requests.wrappingAdd(1, ordering: .relaxed)
        try inner.remove(name)
    }

    package func storedDigest(_ name: RemoteFileName) throws -> Digest? {
        requests.wrappingAdd(1, ordering: .relaxed)
        return try inner.storedDigest(name)
    }

    private func counted(_ body: () throws -> [UInt8]) throws -> [UInt8] {
        requests.wrappingAdd(1, ordering: .relaxed)
        let bytes = try body()
        received.wrappingAdd(bytes.count, ordering: .relaxed)
        return bytes
    }
}

extension RemoteContent {
    /// How many bytes are sent.
    var sizeBytes: Int {
        get throws {
            switch self {
            case .bytes(let bytes): bytes.count
            case .file(let path, let disk, _):
                try disk.status(of: path, followingLinks: true)?.size ?? 0
            }
        }
    }
}

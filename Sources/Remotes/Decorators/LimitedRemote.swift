import Platform
package import Vocabulary

/// A remote to and from which no more bytes go in a second than a limit allows.
///
/// Files are the unit: one is sent or read as fast as the way allows, and then the next waits. What
/// is asked for by name alone is counted when it has come.
package struct LimitedRemote: Remote {
    private let inner: any Remote
    private let limit: RateLimit

    /// Slows what goes to and comes from `inner`.
    package init(_ inner: any Remote, _ limit: RateLimit) {
        self.inner = inner
        self.limit = limit
    }

    package var description: String { inner.description }
    package var sentRequests: Int? { inner.sentRequests }

    package func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        let bytes = try inner.read(name, maximumBytes: maximumBytes)
        try limit.pass(bytes.count)
        return bytes
    }

    package func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        try limit.pass(range.count)
        return try inner.read(name, range: range)
    }

    package func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        let found = try inner.readVersioned(name, maximumBytes: maximumBytes)
        try limit.pass(found?.bytes.count ?? 0)
        return found
    }

    package func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        try limit.pass(try content.sizeBytes)
        try inner.put(name, content)
    }

    package func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        // Not slowed: while it waits, others would move on.
        try inner.compareAndSwap(name, expected: expected, new: new)
    }

    package func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        try inner.list(prefix)
    }

    package func size(_ name: RemoteFileName) throws -> Int? { try inner.size(name) }

    package func remove(_ name: RemoteFileName) throws { try inner.remove(name) }

    package func storedDigest(_ name: RemoteFileName) throws -> Digest? {
        try inner.storedDigest(name)
    }
}

extension RemoteContent {
    /// How many bytes are sent.
    var sizeBytes: Int {
        get throws {
            switch self {
            case .bytes(let bytes): bytes.count
            case .file(let path, let disk):
                try disk.status(of: path, followingLinks: true)?.size ?? 0
            }
        }
    }
}

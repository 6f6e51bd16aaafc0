import Bytes
package import Platform
import Vocabulary

/// What a remote turned out to do.
package struct RemoteCapabilities: Hashable, Sendable {
    /// How many may write at once.
    package enum Writers: String, Hashable, Sendable {
        /// Any number: it replaces on condition.
        case many
        /// One: it does not.
        case one
        /// None: it refuses writes.
        case none
    }

    /// How many may write at once.
    package var writers: Writers
    /// Why not any number, for people; nil where any number may.
    package var reason: String?

    /// Makes the value.
    package init(writers: Writers, reason: String? = nil) {
        self.writers = writers
        self.reason = reason
    }
}

/// The cause of an error that says: the remote does not know what was asked for.
package struct UnsupportedByRemote: Error {
    /// Makes the cause.
    package init() {}
}

/// Tries what a remote does, in a folder `probe/…` of it that is removed afterwards: whether a put
/// never replaces, whether a stale swap is refused, whether of eight swaps at once one wins. About
/// 25 requests. Throws what the remote answers when it cannot be used at all; `.remoteRefused` when
/// it does not read ranges or list names.
package func probeRemote(
    _ remote: any Remote, plain: () throws -> any Remote, entropy: Entropy
) throws -> RemoteCapabilities {
    let probe = RemoteProbe(remote: remote, folder: "probe/\(Hex.encode(entropy.bytes(8)))")
    defer { probe.clean() }
    do {
        if let reason = try probe.findUnmetPromise() {
            return RemoteCapabilities(writers: .one, reason: reason)
        }
        return RemoteCapabilities(writers: .many)
    } catch let error as StoreError where error.cause is UnsupportedByRemote {
        let plain = RemoteProbe(remote: try plain(), folder: probe.folder + "-plain")
        defer { plain.clean() }
        try plain.checkReading()
        return RemoteCapabilities(
            writers: .one, reason: "it does not know conditional writes (501)")
    } catch let error as StoreError where error.kind == .remoteRefused {
        // Whoever may not write may still read: then this does not throw.
        _ = try remote.list(try RemoteFileName(validating: probe.folder))
        return RemoteCapabilities(writers: .none, reason: error.message)
    }
}

private struct RemoteProbe {
    let remote: any Remote
    let folder: String

    func name(_ text: String) throws -> RemoteFileName {
        try RemoteFileName(validating: "\(folder)/\(text)")
    }

    /// What the remote does not keep of its promises; nil when it keeps all.
    func findUnmetPromise() throws -> String? {
        try checkReading()
        do {
            try remote.put(try name("file"), .bytes(Array("other".utf8)))
            return "a new file replaces an old one in spite of the condition"
        } catch let error as StoreError where error.kind == .alreadyExists {
            return try findUnmetSwap()
        }
    }

    func checkReading() throws {
        let file = try name("file")
        let bytes = Array("0123456789".utf8)
        try remote.put(file, .bytes(bytes))
        guard try remote.read(file, range: 3..<7) == Array("3456".utf8),
            try remote.read(file, maximumBytes: 99) == bytes
        else { throw useless("it does not read what was written") }
        guard
            try remote.list(try RemoteFileName(validating: folder)).contains(where: {
                $0.name == file
            })
        else { throw useless("it does not list what was written") }
    }

    private func findUnmetSwap() throws -> String? {
        let root = try name("root")
        guard try remote.compareAndSwap(root, expected: nil, new: [0]) else {
            return "the first version of a file is refused"
        }
        guard try !remote.compareAndSwap(root, expected: nil, new: [1]) else {
            return "a file that is there is replaced as if it were missing"
        }
        guard let first = try remote.readVersioned(root, maximumBytes: 9) else {
            throw useless("it does not read what was written")
        }
        let count = 8
        let wins = try parallelMap(count: count, threads: count) { index in
            try remote.compareAndSwap(root, expected: first.version, new: [UInt8(10 + index)])
        }
        guard wins.count(where: { $0 }) == 1 else {
            let number = wins.count(where: { $0 })
            return "of \(count) writers at once \(number) were told that they had won"
        }
        let winner = wins.firstIndex(of: true).map { [UInt8(10 + $0)] }
        guard try remote.read(root, maximumBytes: 9) == winner else {
            return "of \(count) writers at once not the winner was kept"
        }
        return try remote.compareAndSwap(root, expected: first.version, new: [9])
            ? "a stale version is replaced" : nil
    }

    private func useless(_ why: String) -> StoreError {
        StoreError(
            .remoteRefused, "cannot use remote '\(remote.description)': \(why)",
            subject: remote.description, safety: "nothing was changed")
    }

    func clean() {
        for text in ["file", "root"] {
            if let name = try? name(text) { try? remote.remove(name) }
        }
    }
}

import Bytes
import Objects
import Synchronization
import TestSupport
import Vocabulary

/// Tree nodes in memory, with a count of reads and writes.
final class NodeStore: Sendable {
    private struct State {
        var nodes: [Digest: [UInt8]] = [:]
        var reads = 0
        var writes: [Digest] = []
    }

    private let state = Mutex(State())

    var reads: Int { state.withLock { $0.reads } }
    var writes: [Digest] { state.withLock { $0.writes } }
    var nodes: [Digest: [UInt8]] { state.withLock { $0.nodes } }

    func resetCounts() {
        state.withLock {
            $0.reads = 0
            $0.writes = []
        }
    }

    func put(_ digest: Digest, _ bytes: [UInt8]) {
        state.withLock {
            $0.nodes[digest] = bytes
            $0.writes.append(digest)
        }
    }

    func tree(_ id: TreeID) -> Tree {
        Tree(id: id) { digest in
            try self.state.withLock { state throws in
                state.reads += 1
                guard let bytes = state.nodes[digest] else {
                    throw StoreError(.notInStore, "no node \(digest.hex)")
                }
                return bytes
            }
        }
    }

    func build(_ entries: some Sequence<TreeEntry>) throws -> Tree {
        var builder = TreeBuilder(write: put)
        for entry in entries { try builder.append(entry) }
        return tree(try builder.finish())
    }

    func apply(_ edits: [TreeEdit], to old: Tree) throws -> Tree {
        tree(try applyChanges(edits, to: old, write: put))
    }
}

/// A file entry whose id is the digest of its path and `version`.
func file(_ path: String, version: Int = 0, size: Int = 7) throws -> TreeEntry {
    let id = BlobID(sha256(Array("\(path)#\(version)".utf8)))
    return .file(try RepoPath(path), id, size: size)
}

/// `count` files in directories of a thousand, in key order.
func manyFiles(_ count: Int) throws -> [TreeEntry] {
    try (0..<count).map { number in
        let text = String(1_000_000 + number)
        return try file("images/\(text.dropLast(3))/image-\(text).jpg", size: number)
    }
}

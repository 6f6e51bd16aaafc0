package import Vocabulary

/// What a tree entry is. The raw values are those of the encoding: docs/format/tree.md.
package enum TreeEntryKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A file, mode 0644 when checked out.
    case file = 0
    /// A file with the execute bit, mode 0755 when checked out.
    case executable = 1
    /// A symbolic link; the id is that of a blob that holds the target's bytes.
    case symlink = 2
    /// A directory with nothing in it. (Others follow from the paths of their contents.)
    case directory = 3
    /// Another tree, by id.
    case tree = 4
}

/// One line of a tree: what stands at a path.
package struct TreeEntry: Hashable, Sendable {
    /// The full path from the root of the tree.
    package let path: RepoPath
    /// What stands there.
    package let kind: TreeEntryKind
    /// Bytes of the file, of the link's target or of everything in the subtree; 0 for a directory.
    package let size: Int
    /// The blob id's digest, the tree id's for `.tree`; zero for `.directory`.
    package let id: Digest

    /// Makes an entry; a `.directory` gets size 0 and the zero digest whatever is passed.
    package init(path: RepoPath, kind: TreeEntryKind, size: Int, id: Digest) {
        self.path = path
        self.kind = kind
        self.size = kind == .directory ? 0 : size
        self.id = kind == .directory ? .zero : id
    }

    /// A regular file.
    package static func file(
        _ path: RepoPath, _ id: BlobID, size: Int, executable: Bool = false
    ) -> TreeEntry {
        TreeEntry(
            path: path, kind: executable ? .executable : .file, size: size, id: id.digest)
    }

    /// A symbolic link whose target text is the blob `target`.
    package static func symlink(_ path: RepoPath, target: BlobID, size: Int) -> TreeEntry {
        TreeEntry(path: path, kind: .symlink, size: size, id: target.digest)
    }

    /// An empty directory.
    package static func directory(_ path: RepoPath) -> TreeEntry {
        TreeEntry(path: path, kind: .directory, size: 0, id: .zero)
    }

    /// A whole other tree of `size` bytes.
    package static func tree(_ path: RepoPath, _ id: TreeID, size: Int) -> TreeEntry {
        TreeEntry(path: path, kind: .tree, size: size, id: id.digest)
    }

    /// The blob with the entry's bytes; nil for directories and trees.
    package var blob: BlobID? {
        switch kind {
        case .file, .executable, .symlink: BlobID(id)
        case .directory, .tree: nil
        }
    }

    /// The tree that the entry refers to, if it is one.
    package var subtree: TreeID? { kind == .tree ? TreeID(id) : nil }
}

/// How much a tree, or a part of one, holds.
package struct TreeTotals: Hashable, Sendable {
    /// Entries.
    package var entries: Int
    /// The sum of their sizes.
    package var bytes: Int

    /// These totals.
    package init(entries: Int = 0, bytes: Int = 0) {
        self.entries = entries
        self.bytes = bytes
    }

    /// Adds one entry or subtree, or reports that the sum does not fit.
    mutating func add(entries more: Int, bytes size: Int) -> Bool {
        let (entrySum, entryOverflow) = entries.addingReportingOverflow(more)
        let (byteSum, byteOverflow) = bytes.addingReportingOverflow(size)
        guard !entryOverflow, !byteOverflow else { return false }
        entries = entrySum
        bytes = byteSum
        return true
    }
}

import Objects
import Platform
package import Vocabulary

/// What stands at a path of the work tree right now.
package struct ContentState: Hashable, Sendable {
    /// The file's blob or the folder's tree; nil when nothing is there.
    package var content: ContentID?
    /// Bytes of the file, or of all files of the folder together.
    package var sizeBytes: Int
    /// Entries of a folder that are not folders; nil for a file.
    package var files: Int?
    /// Whether a file may be executed.
    package var isExecutable: Bool

    /// Nothing is there.
    package static let missing = ContentState(
        content: nil, sizeBytes: 0, files: nil, isExecutable: false)

    /// A state.
    package init(content: ContentID?, sizeBytes: Int, files: Int?, isExecutable: Bool) {
        self.content = content
        self.sizeBytes = sizeBytes
        self.files = files
        self.isExecutable = isExecutable
    }
}

/// A folder's entries with their digests, in key order.
struct FolderState: Sendable {
    var items: [FolderListing.Item]
    /// Blob digests; zero for an empty directory.
    var digests: [Digest]
    /// Positions of the items whose digest is not known yet.
    var unknown: [Int]
    /// The tree they make, once known.
    var tree: TreeID?

    func entry(_ index: Int) -> TreeEntry {
        let item = items[index]
        return TreeEntry(
            path: item.path, kind: StatTable.kind(of: item.status), size: item.status.size,
            id: digests[index])
    }

    var files: Int { items.reduce(0) { $0 + ($1.status.kind == .directory ? 0 : 1) } }

    var sizeBytes: Int {
        items.reduce(0) { $0 + ($1.status.kind == .directory ? 0 : $1.status.size) }
    }

    /// The tree's id, its nodes going to `builder`.
    func tree(_ builder: TreeBuilder) throws -> TreeID {
        var builder = builder
        for index in items.indices { try builder.append(entry(index)) }
        return try builder.finish()
    }

    var state: ContentState {
        ContentState(
            content: tree.map { .directory($0) }, sizeBytes: sizeBytes, files: files,
            isExecutable: false)
    }

    var rows: [(path: RepoPath, entry: StatTable.Entry)] {
        items.indices.map { index in
            let status = items[index].status
            let entry = StatTable.Entry(
                kind: StatTable.kind(of: status), digest: digests[index], status: status)
            return (items[index].path, entry)
        }
    }
}

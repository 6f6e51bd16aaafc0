package import Vocabulary

/// What stood at a path before: where new files find the versions that they replace.
package struct PriorContent: Sendable {
    private let content: ContentID?
    private let store: ObjectStore

    /// Smaller files are stored whole, together with others.
    static let minimumBytes = 16 << 10

    /// The content, which need not be here; nil for nothing.
    package init(_ content: ContentID?, in store: ObjectStore) {
        self.content = content
        self.store = store
    }

    /// The version of a single file.
    package var file: BlobID? {
        guard case .file(let blob) = content else { return nil }
        return blob
    }

    /// The version of a file in the folder; nil where there was none, or for a file of `sizeBytes`
    /// that is stored whole anyway. Reads a node of the listing a level, mostly from memory.
    package func file(at path: RepoPath, sizeBytes: Int) -> BlobID? {
        guard case .directory(let tree) = content, sizeBytes >= PriorContent.minimumBytes else {
            return nil
        }
        // Without it the file is stored all the same, only in more bytes.
        guard let entry = try? store.tree(tree).entry(at: path) else { return nil }
        return entry.blob
    }
}

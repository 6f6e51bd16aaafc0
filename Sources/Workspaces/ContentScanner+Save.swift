import Bytes
package import Objects
import Platform
package import Vocabulary

/// What saving one path came to.
package struct SavedContent: Hashable, Sendable {
    /// What stands there.
    package var state: ContentState
    /// Bytes that the store did not have.
    package var newBytesPlain: Int
    /// The content's id.
    package let content: ContentID
}

extension ContentScanner {
    /// Stores what stands at `path` in the session and tells what it is. Files that the stat
    /// table knows and the store has are not read. Of what was made of `prior`, the content that
    /// stood there before, the difference is stored.
    ///
    /// Throws `.notFound` when nothing is there, and `.changedMeanwhile` when a file changes
    /// while it is read.
    package func save(
        _ path: RepoPath, replacing prior: ContentID? = nil, in session: StoreSession,
        progress: (_ files: Int, _ bytes: Int) -> Void = { _, _ in }
    ) throws -> SavedContent {
        let prior = PriorContent(prior, in: session.store)
        guard let status = try status(of: path) else {
            throw StoreError(
                .notFound, "cannot find '\(path)'", subject: path.description,
                advice: "check the name; paths are relative to the current folder",
                safety: "nothing was changed")
        }
        return status.kind == .directory
            ? try saveFolder(path, prior, in: session, progress: progress)
            : try saveFile(path, status, prior, in: session, progress: progress)
    }

    private func saveFile(
        _ path: RepoPath, _ status: FileStatus, _ prior: PriorContent, in session: StoreSession,
        progress: (Int, Int) -> Void
    ) throws -> SavedContent {
        if let digest = tables.digest(of: path, status), session.contains(BlobID(digest)) {
            progress(1, status.size)
            return SavedContent(
                state: fileState(digest, status), newBytesPlain: 0,
                content: .file(BlobID(digest)))
        }
        let file = FileToStore(
            path: workspace.root / path, status: status, prior: prior.file)
        let receipts = try session.putBlobs([file], progress: progress)
        guard let receipt = receipts.first else { throw StoreError.fileChanged(path.description) }
        tables.remember(path, receipt.id.digest, status)
        return SavedContent(
            state: fileState(receipt.id.digest, status), newBytesPlain: receipt.newBytesPlain,
            content: .file(receipt.id))
    }

    private func saveFolder(
        _ path: RepoPath, _ prior: PriorContent, in session: StoreSession,
        progress: (Int, Int) -> Void
    ) throws -> SavedContent {
        let scan = try scan(path, in: session, replacing: prior, progress: progress)
        return SavedContent(
            state: scan.state, newBytesPlain: scan.newBytesPlain, content: .directory(scan.tree))
    }
}

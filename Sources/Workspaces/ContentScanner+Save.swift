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
        var state = try listed(path)
        try checkNoPointers(in: state, path)
        let plain = try putMissing(
            &state, path, prior, in: session, progress: progress)
        if let tree = state.tree, session.contains(.treeNode, tree.digest) {
            // Nothing below a tree that is in the store can be missing from it.
        } else {
            state.tree = nil
        }
        try complete(&state, session.treeBuilder(), path)
        guard let tree = state.tree else { throw StoreError.fileChanged(path.description) }
        return SavedContent(state: state.state, newBytesPlain: plain, content: .directory(tree))
    }

    /// A folder with pointers in it would be tracked twice.
    private func checkNoPointers(in state: FolderState, _ path: RepoPath) throws {
        let ending = Array(Pointer.suffix.utf8)
        for item in state.items
        where item.path.bytes.suffix(ending.count).elementsEqual(ending)
            && workspace.isPointer(path.appending(item.path))
        {
            throw StoreError.cannotAdd(
                path, "'\(path.appending(item.path))' in it is tracked on its own",
                "add the files in it one by one, or run 'mlstore rm' for that one first")
        }
    }

    /// Stores the entries that are unknown or not in the store; the bytes that were new.
    private func putMissing(
        _ state: inout FolderState, _ path: RepoPath, _ prior: PriorContent,
        in session: StoreSession, progress: (Int, Int) -> Void
    ) throws -> Int {
        let top = workspace.root / path
        var missing = Set(state.unknown)
        for index in state.items.indices where state.items[index].status.kind != .directory {
            if missing.contains(index) { continue }
            if !session.contains(BlobID(state.digests[index])) { missing.insert(index) }
        }
        progress(state.items.count - missing.count, 0)
        var plain = 0
        var files: [Int] = []
        for index in missing.sorted() {
            guard state.items[index].status.kind == .symlink else {
                files.append(index)
                continue
            }
            let target = try workspace.disk.readSymlink(top / state.items[index].path)
            let receipt = try session.putBlob(target)
            state.digests[index] = receipt.id.digest
            plain += receipt.newBytesPlain
        }
        let receipts = try session.putBlobs(
            files.map { index in
                let item = state.items[index]
                return FileToStore(
                    path: top / item.path, status: item.status,
                    prior: prior.file(at: item.path, sizeBytes: item.status.size))
            }, progress: progress)
        for (index, receipt) in zip(files, receipts) {
            state.digests[index] = receipt.id.digest
            plain += receipt.newBytesPlain
        }
        state.unknown = []
        if !missing.isEmpty { state.tree = nil }
        return plain
    }
}

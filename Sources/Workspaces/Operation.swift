package import Objects
import Platform
package import Vocabulary

/// A small text file that a command is about to write (nil: to remove).
package struct FileEdit: Hashable, Sendable {
    /// Relative to the workspace.
    package let path: RepoPath
    /// The new content.
    package let after: [UInt8]?

    /// An edit.
    package init(path: RepoPath, after: [UInt8]?) {
        self.path = path
        self.after = after
    }
}

/// What one command adds to the store and changes in the workspace.
///
/// The order makes every instant safe: first the content and the note of what is to be done are
/// committed to the store; only then are the small files written. A crash between leaves files
/// as they were, and content that nothing names yet.
package struct Operation {
    /// The command with its paths, for people.
    package var command: String
    /// Small files to write.
    package var edits: [FileEdit] = []
    /// Tracked content that the work tree loses or gains.
    package var artifacts: [OperationNote.ContentChange] = []
    /// Refs to move.
    package var refs: [RefChange] = []

    /// An operation that does nothing yet.
    package init(command: String) { self.command = command }

    /// Whether there is anything to record.
    package var isEmpty: Bool { edits.isEmpty && artifacts.isEmpty && refs.isEmpty }

    /// Leaves out edits that change nothing.
    package mutating func dropIdleEdits(in workspace: Workspace) throws {
        edits = try edits.filter { try workspace.smallFile($0.path) != $0.after }
    }

    /// Commits session and note: the point after which the operation is done or will be seen as
    /// half done. Writes no small file yet.
    package func commit(_ session: StoreSession, in workspace: Workspace) throws -> CommitReport {
        var note = OperationNote(command: command, time: workspace.machine.clock.now())
        note.artifacts = artifacts
        for edit in edits {
            let before = try workspace.smallFile(edit.path)
            note.files.append(
                .init(
                    path: edit.path, before: try before.map { try session.putBlob($0).id },
                    after: try edit.after.map { try session.putBlob($0).id }))
        }
        return try session.commit(refs: refs, note: note.json)
    }

    /// Writes the small files, each in one step, durable when this returns.
    package func writeFiles(in workspace: Workspace) throws {
        for edit in edits { try workspace.apply(edit) }
    }
}

extension Workspace {
    /// The content of a small file; nil when there is none.
    func smallFile(_ path: RepoPath) throws -> [UInt8]? {
        guard let status = try disk.status(of: root / path, followingLinks: true) else {
            return nil
        }
        guard status.kind == .file else { throw StoreError.unsupported(path) }
        return try disk.readFile(root / path, maximumBytes: LockFile.maximumBytes)
    }

    /// Makes one edit.
    func apply(_ edit: FileEdit) throws {
        let place = root / edit.path
        if let bytes = edit.after {
            try disk.makeDirectories(place.parent)
            try writeSmallFile(bytes, to: place)
        } else if try disk.status(of: place, followingLinks: false) != nil {
            try disk.removeFile(place)
            try disk.syncDirectory(place.parent)
        }
    }

    /// Replaces a small file among the user's, durably. The workspace's lock is held, so whatever
    /// has the first temporary name was left by a command that died.
    func writeSmallFile(_ bytes: [UInt8], to place: DiskPath) throws {
        let litter = place.parent / "\(temporaryNamePrefix)\(Workspace.litterPurpose)0"
        if try disk.status(of: litter, followingLinks: false)?.kind == .file {
            try disk.removeFile(litter)
        }
        try writeAtomically(
            bytes, to: place, on: disk, purpose: Workspace.litterPurpose, durable: true)
    }
}

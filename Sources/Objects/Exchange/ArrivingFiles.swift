import Platform
import Synchronization
package import Vocabulary

/// Files that are written while their chunks arrive from elsewhere, for who puts them into a work
/// tree afterwards: such a file only gets its name there, and is not read from the store again,
/// hashed again and written.
///
/// They are beside the packs of a session of their own, so that those of a process that died go as
/// its session goes. What cannot be written is left out: the store has it.
///
/// Invariants: a file is given away only when the SHA-256 of all that was written into it is its
/// blob; at most `maximumOpen` are being written.
package final class ArrivingFiles: Sendable {
    private struct Growing {
        let path: DiskPath
        let file: any DiskFile
        var output: SparseOutput
    }

    private struct State {
        let session: StoreSession
        var growing: [BlobID: Growing] = [:]
        var whole: [BlobID: DiskPath] = [:]
        var count = 0

        /// Forgets a file that is being written.
        mutating func drop(_ blob: BlobID) {
            guard let file = growing.removeValue(forKey: blob) else { return }
            try? file.file.close()
            try? session.store.disk.removeFile(file.path)  // else it goes with the session
        }
    }

    private let state: Mutex<State>

    /// Smaller ones are made from the store, many at once.
    package static let minimumBytes = 1 << 20
    private static let maximumOpen = 16

    /// None yet; they will be in the file system of this store.
    package init(in store: ObjectStore) throws {
        let session = try StoreSession(store)
        state = Mutex(State(session: session))
    }

    deinit {
        state.withLock { state in
            for blob in Array(state.growing.keys) { state.drop(blob) }
            state.session.abandon()
        }
    }

    /// Begins the file of a blob, unless it has one or there are too many.
    func begin(_ blob: BlobID) {
        state.withLock { state in
            guard state.growing.count < ArrivingFiles.maximumOpen, state.growing[blob] == nil,
                state.whole[blob] == nil
            else { return }
            let session = state.session
            let path = session.directory.path / "file\(state.count)"
            state.count += 1
            guard let file = try? session.store.disk.openFile(path, .createNew(permissions: 0o644))
            else { return }
            state.growing[blob] = Growing(path: path, file: file, output: SparseOutput(to: file))
        }
    }

    /// Appends the next bytes of a blob to its file, if that was begun.
    func append(_ blob: BlobID, _ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            do {
                // The bytes outlive the call, and are written before it ends.
                try unsafe state.growing[blob]?.output.append(bytes)
            } catch {
                state.drop(blob)
            }
        }
    }

    /// Forgets the file of a blob that is still being written.
    func drop(_ blob: BlobID) { state.withLock { $0.drop(blob) } }

    /// All of the blob was appended, and its digest was right.
    func finish(_ blob: BlobID) {
        state.withLock { state in
            guard let file = state.growing[blob] else { return }
            do {
                try file.output.finish()
                try file.file.close()
                state.growing[blob] = nil
                state.whole[blob] = file.path
            } catch {
                state.drop(blob)
            }
        }
    }

    /// The file with just this blob, which the caller takes away or leaves to be removed; nil where
    /// there is none. It has the permissions of a new file that is not executable.
    package func take(_ blob: BlobID) -> DiskPath? {
        state.withLock { $0.whole.removeValue(forKey: blob) }
    }
}

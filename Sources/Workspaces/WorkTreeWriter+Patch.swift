import Objects
import Platform
import Vocabulary

extension WorkTreeWriter {
    /// Makes the new, empty `file` what is wanted by sharing unchanged extents with the file that it
    /// replaces. False where that is not possible or in any doubt; then `file` is empty again.
    ///
    /// Shared bytes are not read, so the old file must be what the store knows: its status is settled
    /// (see `StatTable`) and that of the listing, when it is opened and again when all is done.
    func patch(_ file: any DiskFile, _ write: ContentPlan.Write) throws -> Bool {
        guard let blob = write.entry.blob, let replaced = write.replaced, replaced.entry.isFile,
            let known = replaced.entry.blob, isSettled(replaced.status),
            let source = try? disk.openFile(workspace.root / write.entry.path, .read)
        else { return false }
        defer { try? source.close() }  // only read
        guard try source.status() == replaced.status else { return false }
        let isMade =
            try store.patch(file, to: blob, from: source, holding: known)
            && source.status() == replaced.status
        if !isMade { try file.truncate(to: 0) }
        return isMade
    }
}

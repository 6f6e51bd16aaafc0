import Bytes
import Learning
import Objects
import Platform
import Vocabulary
import Workspaces

extension Workplace {
    /// The chunks of a file of the work tree as pieces that a step may read one by one, with what is kept
    /// of them; nil for what is no file that the store knows.
    func pieces(
        of path: RepoPath, _ content: ContentID?
    ) -> (@Sendable () throws -> ContentPieces?)? {
        guard case .file(let blob)? = content, store.contains(blob) else { return nil }
        let (store, disk, file, cache) = (store, disk, root / path, workspace.sums)
        return {
            // Chunks that are not all here, or damaged: the file is read as any other.
            guard let chunks = try? store.chunkList(of: blob) else { return nil }
            cache.trim()
            var starts = [0]
            for chunk in chunks { starts.append(starts[starts.count - 1] + chunk.length) }
            return ContentPieces(
                pieces: chunks.map { .init(id: $0.id.digest, sizeBytes: $0.length) },
                read: { [starts] place in
                    let chunk = chunks[place]
                    let there = try? disk.readRange(file, at: starts[place], count: chunk.length)
                    // What is in the work tree may have changed since.
                    if let there, sha256(there) == chunk.id.digest { return there }
                    return try store.readChunk(chunk.id)
                },
                load: { cache.load($0) }, save: { cache.save($0, $1) })
        }
    }
}

extension Disk {
    /// So many bytes of a file from an offset on; fewer where it ends.
    fileprivate func readRange(_ path: DiskPath, at offset: Int, count: Int) throws -> [UInt8] {
        let file = try openFile(path, .read)
        defer { try? file.close() }  // only read
        return try file.read(at: offset, count: count)
    }
}

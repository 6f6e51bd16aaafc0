import Platform
import Vocabulary

/// The bytes of all files below a folder.
func treeSize(_ folder: DiskPath) throws -> Int {
    try LocalDisk().entriesWithStatus(of: folder).reduce(0) { sum, entry in
        switch entry.status.kind {
        case .directory: try sum + treeSize(folder.appending(entry.name))
        default: sum + entry.status.size
        }
    }
}

/// All that a workspace's store takes: packs, indexes and journal.
func storeSize(_ workspace: DiskPath) throws -> Int {
    try treeSize(workspace / ".mlstore/store")
}

/// The bytes of a file.
func fileSize(_ path: DiskPath) throws -> Int {
    try LocalDisk().status(of: path, followingLinks: false)?.size ?? 0
}

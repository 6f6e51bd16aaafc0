/// What sort of thing a name stands for.
package enum FileKind: UInt8, Hashable, Sendable {
    /// A regular file.
    case file
    /// A directory.
    case directory
    /// A symbolic link.
    case symlink
    /// A socket, pipe or device.
    case other
    /// The file system did not say: ask for the status.
    case unknown
}

/// A name in a directory.
package struct DirectoryEntry: Hashable, Sendable {
    /// The bytes of the name.
    package let name: [UInt8]
    /// What it stands for.
    package let kind: FileKind

    /// Makes the entry.
    package init(name: [UInt8], kind: FileKind) {
        self.name = name
        self.kind = kind
    }
}

/// What the file system says about a file without opening it.
package struct FileStatus: Hashable, Sendable {
    /// What sort of thing it is.
    package let kind: FileKind
    /// The length in bytes (of a link: of its text).
    package let size: Int
    /// When the bytes last changed: nanoseconds since the epoch, as precise as the file system.
    package let modified: Int64
    /// When the bytes or the status last changed, which no user can set back.
    package let changed: Int64
    /// The number of the file on its device.
    package let inode: UInt64
    /// The device.
    package let device: UInt64
    /// The low twelve mode bits.
    package let permissions: UInt16
    /// How many names the file has.
    package let links: Int

    /// Makes a status.
    package init(
        kind: FileKind, size: Int, modified: Int64, changed: Int64, inode: UInt64, device: UInt64,
        permissions: UInt16, links: Int
    ) {
        self.kind = kind
        self.size = size
        self.modified = modified
        self.changed = changed
        self.inode = inode
        self.device = device
        self.permissions = permissions
        self.links = links
    }

    /// Whether the owner may execute it: the one permission that is kept, as in git.
    package var isExecutable: Bool { permissions & 0o100 != 0 }
}

package import Platform
import Synchronization
package import Vocabulary

/// A git repository found around a folder, read and never written.
///
/// Finding it, and asking which commit is checked out, read `.git` directly; everything else
/// opens libgit2 on first use. Every path is relative to the repository's top folder.
package final class GitRepository: Sendable {
    /// The top folder of the work tree that was found.
    package let workDirectory: DiskPath
    /// The folder with `HEAD` and the index of this work tree: `.git`, or the folder that the
    /// `.git` file of a linked work tree or submodule names.
    package let gitDirectory: DiskPath
    /// The folder with the refs and objects: shared by all linked work trees.
    package let commonDirectory: DiskPath

    let disk: any Disk
    let handle = Mutex<GitHandle?>(nil)

    init(
        workDirectory: DiskPath, gitDirectory: DiskPath, commonDirectory: DiskPath,
        disk: any Disk
    ) {
        self.workDirectory = workDirectory
        self.gitDirectory = gitDirectory
        self.commonDirectory = commonDirectory
        self.disk = disk
    }

    /// The repository whose work tree holds `folder` (an absolute path), or nil outside of git.
    /// Walks up to the first `.git`; a bare repository has no work tree and is not found.
    package static func discover(from folder: DiskPath, on disk: any Disk) throws -> GitRepository?
    {
        var current = folder
        while true {
            if let found = try at(current, on: disk) { return found }
            let parent = current.parent
            guard parent != current, current.isAbsolute else { return nil }
            current = parent
        }
    }

    private static func at(_ folder: DiskPath, on disk: any Disk) throws -> GitRepository? {
        let entry = folder / ".git"
        guard let status = try disk.status(of: entry, followingLinks: true) else { return nil }
        let gitDirectory: DiskPath
        switch status.kind {
        case .directory: gitDirectory = entry
        case .file: gitDirectory = try directory(namedBy: entry, in: folder, on: disk)
        default: return nil
        }
        // A stray empty `.git` is no repository: git itself walks on.
        guard try disk.status(of: gitDirectory / "HEAD", followingLinks: false) != nil else {
            return nil
        }
        return GitRepository(
            workDirectory: folder, gitDirectory: gitDirectory,
            commonDirectory: try commonDirectory(of: gitDirectory, on: disk), disk: disk)
    }

    /// What a `.git` file says: `gitdir: PATH`, relative to its folder.
    private static func directory(
        namedBy file: DiskPath, in folder: DiskPath, on disk: any Disk
    ) throws -> DiskPath {
        let text = trimmed(try disk.readFile(file, maximumBytes: 1 << 16))
        let prefix = Array("gitdir: ".utf8)
        guard text.starts(with: prefix), text.count > prefix.count else {
            throw StoreError(
                .malformed, "cannot read '\(file)': a file named '.git' must say 'gitdir: PATH'",
                subject: file.description, advice: "see 'git help worktree'")
        }
        return resolve(Array(text.dropFirst(prefix.count)), against: folder)
    }

    private static func commonDirectory(
        of gitDirectory: DiskPath, on disk: any Disk
    ) throws -> DiskPath {
        let file = gitDirectory / "commondir"
        guard try disk.status(of: file, followingLinks: true) != nil else { return gitDirectory }
        return resolve(
            trimmed(try disk.readFile(file, maximumBytes: 1 << 16)), against: gitDirectory)
    }

    private static func resolve(_ text: [UInt8], against folder: DiskPath) -> DiskPath {
        text.first == 0x2f ? DiskPath(bytes: text) : folder.appending(text)
    }
}

/// Bytes without the white space at their end: git ends such files with a newline.
func trimmed(_ bytes: [UInt8]) -> [UInt8] {
    var end = bytes.count
    while end > 0, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[end - 1]) { end -= 1 }
    return Array(bytes[..<end])
}

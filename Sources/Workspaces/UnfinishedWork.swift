import Bytes
import Platform
package import Vocabulary

/// A command that began to change the work tree and did not come to its end: it was killed, the
/// power failed, or it met an error half way.
///
/// Nothing is lost then: what it replaced is in the store, and the operation in the journal. But
/// files are half old and half new, which only this tells from changes that the user made.
package struct UnfinishedWork: Hashable, Sendable {
    /// The command.
    package let command: String
    /// What it may have left half changed, in order.
    package let paths: [RepoPath]
}

/// The file `.mlstore/state/unfinished`: durable before the first file is changed, and gone or
/// shorter when the last one was. Read and written with the workspace's lock held.
extension Workspace {
    private static let maximumUnfinishedBytes = 64 << 20

    /// What was begun and not ended, oldest first. A file that cannot be read tells nothing.
    package func unfinishedWork() -> [UnfinishedWork] {
        guard
            let bytes = try? disk.readFile(
                layout.unfinished, maximumBytes: Workspace.maximumUnfinishedBytes),
            let items = (try? JSONValue(parsing: bytes))?.arrayValue
        else { return [] }
        return items.compactMap { item in
            guard let command = item["command"]?.stringValue, let paths = item["paths"]?.arrayValue
            else { return nil }
            return UnfinishedWork(command: command, paths: paths.compactMap { RepoPath($0) })
        }
    }

    /// Notes durably that `command` begins to change the data at `paths`.
    func begin(_ command: String, at paths: [RepoPath]) throws {
        guard !paths.isEmpty else { return }
        let work = UnfinishedWork(command: command, paths: paths.sorted())
        try save(remaining(of: unfinishedWork(), after: paths) + [work])
    }

    /// Notes that the data at `paths` is as some command wanted it. Not made durable: a note too
    /// many does no harm.
    func settle(_ paths: [RepoPath]) {
        let before = unfinishedWork()
        let after = remaining(of: before, after: paths)
        guard before != after else { return }
        guard after.isEmpty else {
            try? save(after)
            return
        }
        try? disk.removeFile(layout.unfinished)
    }

    /// In the names of what commands make among the user's files while they hold the workspace's
    /// lock. So whoever holds it knows that the maker of any other such thing is gone; temporary
    /// files of `get`, which takes no lock, have other names.
    static let litterPurpose = "work-"

    /// Removes the temporary files and folders that unfinished commands left among the user's.
    /// The lock is held.
    func removeLitter() {
        removeDeadImports()
        for work in unfinishedWork() {
            for path in work.paths {
                // Litter at worst: what cannot be looked at or removed stays.
                try? removeLitter(of: path)
            }
        }
    }

    private func removeLitter(of path: RepoPath) throws {
        // Behind a link is what somebody else may be at work on.
        guard try obstacle(above: path) == nil else { return }
        // New folders are filled beside the topmost of them.
        var above = path.parent
        while let folder = above {
            try removeLitter(in: root / folder)
            above = folder.parent
        }
        try removeLitter(in: root)
        var pending = [root / path]
        while let folder = pending.popLast() {
            guard try disk.status(of: folder, followingLinks: false)?.kind == .directory else {
                continue
            }
            try removeLitter(in: folder)
            pending += try disk.entries(of: folder)
                // A workspace in it has a lock of its own.
                .filter { $0.kind == .directory && !Workspace.isReserved($0.name) }
                .map { folder.appending($0.name) }
        }
    }

    private func removeLitter(in folder: DiskPath) throws {
        guard try disk.status(of: folder, followingLinks: false)?.kind == .directory else { return }
        let beginning = Array("\(temporaryNamePrefix)\(Workspace.litterPurpose)".utf8)
        for entry in try disk.entries(of: folder) where entry.name.starts(with: beginning) {
            try disk.removeTree(folder.appending(entry.name))
        }
    }

    private func remaining(
        of work: [UnfinishedWork], after settled: [RepoPath]
    ) -> [UnfinishedWork] {
        let settled = Set(settled)
        return work.compactMap { item in
            let left = item.paths.filter { path in
                var holder: RepoPath? = path
                while let folder = holder {
                    if settled.contains(folder) { return false }
                    holder = folder.parent
                }
                return true
            }
            return left.isEmpty ? nil : UnfinishedWork(command: item.command, paths: left)
        }
    }

    private func save(_ work: [UnfinishedWork]) throws {
        let json = JSONValue.array(
            work.map {
                ["command": .string($0.command), "paths": .array($0.paths.map(\.json))]
            })
        try writeAtomically(json.canonical, to: layout.unfinished, on: disk, durable: true)
    }
}

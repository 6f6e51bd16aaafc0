import Platform
import Vocabulary

/// What is left out of a folder's content is in no store. So it outlives the content: when the
/// folder is replaced, it moves to the new one.
extension PathContents {
    /// What stands in the folder `old` and is no part of its content: what rules leave out, and
    /// folders of git and mlstore. The topmost names, in order; none for a file.
    func leftOut(of old: DiskPath) throws -> [RepoPath] {
        guard try disk.status(of: old, followingLinks: false)?.kind == .directory else { return [] }
        return try listing(of: old).leftOut
    }

    /// Throws `.unsavedChanges` when something that is left out of `old` has no place in `new`:
    /// something else stands in the way or, unless `mayReplace`, under its own name.
    func checkRoom(for old: DiskPath, in new: DiskPath, mayReplace: Bool) throws {
        for inner in try leftOut(of: old) {
            var isFree = try disk.status(of: new, followingLinks: false)?.kind == .directory
            var folder = inner.parent
            while let above = folder {
                let kind = try disk.status(of: new / above, followingLinks: false)?.kind
                isFree = isFree && (kind == nil || kind == .directory)
                folder = above.parent
            }
            if isFree, !mayReplace,
                try disk.status(of: new / inner, followingLinks: false) != nil
            {
                let plain = PathContents(disk: disk)
                isFree = try plain.id(at: new / inner) == plain.id(at: old / inner)
            }
            guard isFree else { throw noRoom(for: inner) }
        }
    }

    /// Moves what is left out of `old` to the same names in `new`, durably. What has the name
    /// there already is newer, and stays.
    func carryLeftOut(from old: DiskPath, to new: DiskPath) throws {
        for inner in try leftOut(of: old) { try move(old / inner, to: new / inner) }
    }

    private func move(_ source: DiskPath, to target: DiskPath) throws {
        guard let found = try disk.status(of: target, followingLinks: false) else {
            try disk.makeDirectories(target.parent)
            try disk.renameWithoutReplacing(source, to: target)
            return try disk.syncDirectory(target.parent)
        }
        guard found.kind == .directory,
            try disk.status(of: source, followingLinks: false)?.kind == .directory
        else { return }
        for entry in try disk.entries(of: source) {
            try move(source.appending(entry.name), to: target.appending(entry.name))
        }
    }

    private func noRoom(for inner: RepoPath) -> StoreError {
        let name = path?.appending(inner) ?? inner
        let folder = path.map { "'\($0)'" } ?? "a folder"
        return StoreError(
            .unsavedChanges,
            "cannot replace \(folder): '\(name)' in it is in no store, and has no place in the new "
                + "one", subject: name.description,
            advice: "move '\(name)' away, then run 'mlstore repro' again",
            safety: CommandRun.safety)
    }
}

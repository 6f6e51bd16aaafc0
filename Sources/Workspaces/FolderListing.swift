import Platform
import Vocabulary

/// What stands in a folder, all the way down, in the order of a tree's keys.
struct FolderListing: Sendable {
    /// One thing in it. Directories appear only when nothing tracked is in them.
    struct Item: Sendable {
        /// Relative to the folder.
        let path: RepoPath
        let status: FileStatus
    }

    var items: [Item] = []

    /// Lists the folder `path` of a workspace. Files that `rules` leave out, temporary files of
    /// ours, `.git` and `.mlstore` are not listed; links are never followed.
    ///
    /// Throws `.unsupportedFile` for sockets, pipes and devices, and for a folder that leads back
    /// into itself. Folders of one depth are read in parallel.
    static func list(_ path: RepoPath, in workspace: Workspace) throws -> FolderListing {
        let walk = FolderWalk(workspace: workspace, top: path)
        let rules = try IgnoreRules.above(path, in: workspace)
        let root = try walk.read(nil, rules: rules, ancestors: [])
        var listing = FolderListing()
        let levels = try walk.levels(below: root)
        listing.items.reserveCapacity(levels.values.reduce(0) { $0 + $1.items.count })
        walk.flatten(root, levels, into: &listing.items)
        return listing
    }
}

/// One folder's own names while the walk goes on.
private struct FolderLevel: Sendable {
    /// Sorted by name.
    var items: [FolderListing.Item]
    /// Positions in `items` that are directories.
    var directories: [Int]
    let rules: IgnoreRules
    let ancestors: [FolderIdentity]
}

private struct FolderIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
}

private struct FolderWalk: Sendable {
    let workspace: Workspace
    let top: RepoPath

    /// Reads the folder `path` below the top (nil: the top itself).
    func read(
        _ path: RepoPath?, rules: IgnoreRules, ancestors: [FolderIdentity]
    ) throws -> FolderLevel {
        let full = path.map { top.appending($0) } ?? top
        var entries = try workspace.disk.entriesWithStatus(of: workspace.root / full)
        entries.sort { $0.name.precedes($1.name) }
        var rules = rules
        if entries.contains(where: { $0.name == IgnoreRules.fileName }) {
            try rules.appendFile(in: full, of: workspace)
        }
        var level = FolderLevel(items: [], directories: [], rules: rules, ancestors: ancestors)
        level.items.reserveCapacity(entries.count)
        for (name, status) in entries {
            guard !Workspace.isReserved(name), !isTemporary(name) else { continue }
            let relative = try path?.appending(component: name) ?? RepoPath(validating: name)
            if !rules.isEmpty,
                rules.ignores(top.appending(relative), isDirectory: status.kind == .directory)
            {
                continue
            }
            try check(relative, status, ancestors)
            if status.kind == .directory { level.directories.append(level.items.count) }
            level.items.append(.init(path: relative, status: status))
        }
        return level
    }

    /// Every folder below `root` by its path, read level by level.
    func levels(below root: FolderLevel) throws -> [RepoPath: FolderLevel] {
        var result: [RepoPath: FolderLevel] = [:]
        var pending = children(of: root)
        while !pending.isEmpty {
            let batch = pending
            let read = try WorkerPool(threads: workspace.machine.threads).map(count: batch.count) {
                index in
                let (item, parent) = batch[index]
                return try self.read(
                    item.path, rules: parent.rules,
                    ancestors: parent.ancestors + [identity(item.status)])
            }
            pending = []
            for (index, level) in read.enumerated() {
                result[batch[index].0.path] = level
                pending += children(of: level)
            }
        }
        return result
    }

    /// Puts a folder's items and those below in key order: a folder's contents stand right
    /// behind its name, which itself is listed only when nothing is in it.
    func flatten(
        _ level: FolderLevel, _ levels: [RepoPath: FolderLevel],
        into items: inout [FolderListing.Item]
    ) {
        var next = 0
        for (position, item) in level.items.enumerated() {
            guard next < level.directories.count, level.directories[next] == position else {
                items.append(item)
                continue
            }
            next += 1
            guard let inner = levels[item.path], !inner.items.isEmpty else {
                items.append(item)
                continue
            }
            flatten(inner, levels, into: &items)
        }
    }

    private func children(of level: FolderLevel) -> [(FolderListing.Item, FolderLevel)] {
        level.directories.map { (level.items[$0], level) }
    }

    private func identity(_ status: FileStatus) -> FolderIdentity {
        FolderIdentity(device: status.device, inode: status.inode)
    }

    private func isTemporary(_ name: [UInt8]) -> Bool {
        name.starts(with: temporaryNamePrefix.utf8)
    }

    private func check(
        _ path: RepoPath, _ status: FileStatus, _ ancestors: [FolderIdentity]
    ) throws {
        let full = top.appending(path)
        switch status.kind {
        case .file, .symlink: return
        case .directory:
            guard ancestors.count < 2000, !ancestors.contains(identity(status)) else {
                throw StoreError(
                    .unsupportedFile, "cannot track '\(full)': the folder leads back into itself",
                    subject: full.description,
                    advice: "remove the loop, or list it in .mlstoreignore",
                    safety: "nothing was changed")
            }
        case .other, .unknown: throw StoreError.unsupported(full)
        }
    }
}

extension StoreError {
    /// A socket, a pipe or a device where a file was expected.
    static func unsupported(_ path: RepoPath) -> StoreError {
        StoreError(
            .unsupportedFile,
            "cannot track '\(path)': it is a socket, a pipe or a device, not a file",
            subject: path.description, advice: "move it away, or list it in .mlstoreignore",
            safety: "nothing was changed")
    }
}

extension IgnoreRules {
    /// The name of the files with rules.
    static let fileName = Array(".mlstoreignore".utf8)

    /// The rules of the folders above `path`, the top of the workspace first.
    static func above(_ path: RepoPath, in workspace: Workspace) throws -> IgnoreRules {
        var folders: [RepoPath?] = [nil]
        var parents: [RepoPath] = []
        var current = path
        while let parent = current.parent {
            parents.append(parent)
            current = parent
        }
        folders += parents.reversed().map { $0 as RepoPath? }
        var rules = IgnoreRules()
        for folder in folders { try rules.appendFile(in: folder, of: workspace) }
        return rules
    }

    /// Adds the rules of the folder's file, if it has one.
    mutating func appendFile(in folder: RepoPath?, of workspace: Workspace) throws {
        let place = folder.map { workspace.root / $0 } ?? workspace.root
        let file = place.appending(IgnoreRules.fileName)
        guard try workspace.disk.status(of: file, followingLinks: true)?.kind == .file else {
            return
        }
        append(try workspace.disk.readFile(file, maximumBytes: 1 << 20), in: folder)
    }
}

import Objects
import Platform
import Vocabulary

/// Goes through all that stands in a folder, in the order of a tree's keys.
///
/// Files that the rules leave out, temporary files of ours, `.git` and `.mlstore` are passed over;
/// links are never followed. Sockets, pipes, devices and a folder that leads back into itself throw
/// `.unsupportedFile`.
///
/// Listing, status calls and `look` run on all threads, a round of some thousand entries at a time;
/// what `look` made of them comes to the caller in order. Memory: the names of the directories on
/// the way (a million in one: 33 MB), and a round's outcomes.
struct FolderWalk: Sendable {
    /// What is looked at together.
    enum Part: Sendable {
        /// Files and links of one directory, neighbours in the order of keys.
        case run(Run)
        /// A directory that has nothing in it.
        case emptyFolder([UInt8], FileStatus)
    }

    /// Neighbours in one directory.
    struct Run: Sendable {
        /// The directory below the top, with a slash behind; nothing for the top.
        let prefix: [UInt8]
        let names: DirectoryNames
        /// Positions in the names, at least one.
        let range: Range<Int>
        /// One for each of them.
        let statuses: ArraySlice<FileStatus>
    }

    private let workspace: Workspace
    private let top: RepoPath

    private static let rangeNames = 4096
    private static let roundParts = 256
    private static let roundOpen = 128

    init(_ top: RepoPath, in workspace: Workspace) {
        self.workspace = workspace
        self.top = top
    }

    /// A directory to list.
    private struct Folder: Sendable {
        let prefix: [UInt8]
        let status: FileStatus
        var rules: IgnoreRules
        let ancestors: [Identity]
    }

    private struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64

        init(_ status: FileStatus) {
            device = status.device
            inode = status.inode
        }
    }

    private enum Piece<Outcome: Sendable>: Sendable {
        case folder(Folder)
        case names(Folder, DirectoryNames, Range<Int>)
        case done(Outcome)
    }

    /// Calls `look` with every part, on any thread, and `body` with each outcome, in order.
    func forEach<Outcome: Sendable>(
        _ look: @Sendable (Part) throws -> Outcome, _ body: (Outcome) throws -> Void
    ) throws {
        let pool = WorkerPool(threads: workspace.machine.threads)
        // The next piece is the last.
        var stack: [Piece<Outcome>] = [.folder(try root())]
        while !stack.isEmpty {
            try SignalWatch.check()
            let round = FolderWalk.takeRound(&stack)
            let opened = try pool.map(count: round.count) { try open(round[$0], look) }
            var rest: [Piece<Outcome>] = []
            for piece in opened.joined() {
                if rest.isEmpty, case .done(let outcome) = piece {
                    try body(outcome)
                } else {
                    rest.append(piece)
                }
            }
            stack += rest.reversed()
        }
    }

    private static func takeRound<Outcome>(_ stack: inout [Piece<Outcome>]) -> [Piece<Outcome>] {
        var round: [Piece<Outcome>] = []
        var open = 0
        while round.count < roundParts, open < roundOpen, let piece = stack.popLast() {
            round.append(piece)
            switch piece {
            case .folder: open += 1
            case .names: open += 16
            case .done: break
            }
        }
        return round
    }

    private func root() throws -> Folder {
        guard
            let status = try workspace.disk.status(of: workspace.root / top, followingLinks: false)
        else { throw StoreError.fileChanged(top.description) }
        return Folder(
            prefix: [], status: status, rules: try IgnoreRules.above(top, in: workspace),
            ancestors: [])
    }

    private func open<Outcome>(
        _ piece: Piece<Outcome>, _ look: (Part) throws -> Outcome
    ) throws -> [Piece<Outcome>] {
        switch piece {
        case .done: return [piece]
        case .names(let folder, let names, let range):
            return try self.look(at: names, range, in: folder, look)
        case .folder(let folder):
            let (folder, names) = try list(folder)
            if names.count == 0 {
                guard !folder.prefix.isEmpty else { return [] }
                let name = Array(folder.prefix.dropLast())
                return [.done(try look(.emptyFolder(name, folder.status)))]
            }
            guard names.count > FolderWalk.rangeNames else {
                return try self.look(at: names, names.indices, in: folder, look)
            }
            return stride(from: 0, to: names.count, by: FolderWalk.rangeNames).map { start in
                .names(folder, names, start..<min(names.count, start + FolderWalk.rangeNames))
            }
        }
    }

    // MARK: - One directory

    private func place(_ folder: Folder) -> DiskPath {
        let place = workspace.root / top
        return folder.prefix.isEmpty ? place : place.appending(Array(folder.prefix.dropLast()))
    }

    private func full(_ path: [UInt8]) throws -> RepoPath {
        top.appending(try RepoPath(validating: path))
    }

    /// The names that count, and the folder with the rules of its own file.
    private func list(_ folder: Folder) throws -> (Folder, DirectoryNames) {
        var folder = folder
        let all = try workspace.disk.names(of: place(folder))
        let rulesName = IgnoreRules.fileName
        let hasRules = all.indices.contains { index in
            let name = all.range(index)
            return name.count == rulesName.count && all.bytes[name].elementsEqual(rulesName)
        }
        if hasRules {
            let own = folder.prefix.isEmpty ? top : try full(folder.prefix.dropLast())
            try folder.rules.appendFile(in: own, of: workspace)
        }
        let names = try all.filter { index in
            let name = all.range(index)
            if all.bytes[name.lowerBound] == 0x2e, FolderWalk.isOurs(all.name(index)) {
                return false
            }
            guard !folder.rules.isEmpty else { return true }
            return folder.rules.ignores(
                try full(folder.prefix + all.bytes[name]),
                isDirectory: try isDirectory(all, index, in: folder)) == false
        }
        return (folder, names)
    }

    private func isDirectory(
        _ names: DirectoryNames, _ index: Int, in folder: Folder
    ) throws -> Bool {
        guard names.kind(index) == .unknown else { return names.kind(index) == .directory }
        let place = place(folder).appending(names.name(index))
        return try workspace.disk.status(of: place, followingLinks: false)?.kind == .directory
    }

    private static func isOurs(_ name: [UInt8]) -> Bool {
        name.starts(with: temporaryNamePrefix.utf8) || Workspace.isReserved(name)
    }

    private func look<Outcome>(
        at names: DirectoryNames, _ range: Range<Int>, in folder: Folder,
        _ look: (Part) throws -> Outcome
    ) throws -> [Piece<Outcome>] {
        var names = names
        var range = range
        var found = try workspace.disk.statuses(of: names, range, in: place(folder))
        if found.contains(where: { $0 == nil }) {
            // Those that vanished meanwhile are left out.
            let all = names
            let start = range.lowerBound
            names = all.filter { range.contains($0) && found[$0 - start] != nil }
            range = names.indices
            found.removeAll { $0 == nil }
        }
        let statuses = found.compactMap { $0 }
        var pieces: [Piece<Outcome>] = []
        var start = 0
        func endRun(at end: Int) throws {
            guard start < end else { return }
            let positions = (range.lowerBound + start)..<(range.lowerBound + end)
            let run = Run(
                prefix: folder.prefix, names: names, range: positions,
                statuses: statuses[start..<end])
            pieces.append(.done(try look(.run(run))))
        }
        for (offset, status) in statuses.enumerated() {
            switch status.kind {
            case .file, .symlink: continue
            case .directory:
                try endRun(at: offset)
                start = offset + 1
                let name = names.bytes[names.range(range.lowerBound + offset)]
                pieces.append(.folder(try inner(folder, name, status)))
            case .other, .unknown:
                let name = names.name(range.lowerBound + offset)
                throw StoreError.unsupported(try full(folder.prefix + name))
            }
        }
        try endRun(at: statuses.count)
        return pieces
    }

    private func inner(
        _ folder: Folder, _ name: ArraySlice<UInt8>, _ status: FileStatus
    ) throws -> Folder {
        let ancestors = folder.ancestors + [Identity(folder.status)]
        guard ancestors.count < 2000, !ancestors.contains(Identity(status)) else {
            let full = try full(folder.prefix + name)
            throw StoreError(
                .unsupportedFile, "cannot track '\(full)': the folder leads back into itself",
                subject: full.description,
                advice: "remove the loop, or list it in .mlstoreignore",
                safety: "nothing was changed")
        }
        return Folder(
            prefix: folder.prefix + name + [0x2f], status: status, rules: folder.rules,
            ancestors: ancestors)
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

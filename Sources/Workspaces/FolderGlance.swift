import Objects
import Platform
import Vocabulary

/// A look at a folder that only asks whether it is exactly as its stat table remembers it.
///
/// Walk, status calls and the comparison with the mapped table are one pass, on all threads, and
/// nothing is kept of a file that is as it was: a million clean files take no memory. Whatever is
/// not plain (a file that differs, rules, pointers, strange kinds) ends the look without an answer,
/// and the full listing tells what it is.
struct FolderGlance: Sendable {
    /// What a folder that is as it was holds.
    struct Totals: Sendable {
        var files = 0
        var sizeBytes = 0
        /// How many entries of the table were met.
        fileprivate var matched = 0
    }

    private let workspace: Workspace
    private let top: DiskPath
    private let table: StatTable

    /// The totals of the folder `path`, if it holds exactly what `table` says; nil otherwise.
    static func look(
        at path: RepoPath, _ table: StatTable, in workspace: Workspace
    ) throws -> Totals? {
        guard try IgnoreRules.above(path, in: workspace).isEmpty else { return nil }
        let glance = FolderGlance(
            workspace: workspace, top: workspace.root / path, table: table)
        var totals = Totals()
        // Folders below the top, with a slash behind each; the top is nothing.
        var pending: [[UInt8]] = [[]]
        var depth = 0
        while !pending.isEmpty {
            let batch = pending
            depth += 1
            // A folder that leads back into itself is for the full listing to report.
            guard depth <= 256 else { return nil }
            let levels = try WorkerPool(threads: workspace.machine.threads).map(count: batch.count)
            { try glance.read(batch[$0]) }
            pending = []
            for level in levels {
                guard let level else { return nil }
                totals.files += level.totals.files
                totals.sizeBytes += level.totals.sizeBytes
                totals.matched += level.totals.matched
                pending += level.folders
            }
        }
        return totals.matched == table.count ? totals : nil
    }

    /// One folder's own files, all as the table says, and the folders in it.
    private struct Level: Sendable {
        var totals = Totals()
        var folders: [[UInt8]] = []
        var isEmpty = true
    }

    private func read(_ prefix: [UInt8]) throws -> Level? {
        let place = prefix.isEmpty ? top : top.appending(prefix.dropLast())
        let listing = try workspace.disk.listing(of: place)
        return table.withBytes { span in
            var level = Level()
            var next = table.firstEntry(span, notBefore: prefix)
            for index in listing.indices {
                let name = listing.nameRange(index)
                switch FolderGlance.role(of: name, in: listing.names) {
                case .ours: continue
                case .doubtful: return nil
                case .plain: level.isEmpty = false
                }
                let isMet = meet(listing, index, prefix, span, &next, &level)
                if !isMet { return nil }
            }
            if level.isEmpty, !prefix.isEmpty {
                // An empty folder has an entry of its own.
                let name = Array(prefix.dropLast())
                let own = table.firstEntry(span, notBefore: name)
                guard own < table.count, table.isPath(span, own, [], name, name.indices),
                    StatTable.entry(span, own).kind == .directory
                else { return nil }
                level.totals.matched += 1
            }
            return level
        }
    }

    /// Compares one name with the entry at `next` and goes on behind it; false where they differ.
    private func meet(
        _ listing: DirectoryListing, _ index: Int, _ prefix: [UInt8], _ span: Span<UInt8>,
        _ next: inout Int, _ level: inout Level
    ) -> Bool {
        let name = listing.nameRange(index)
        let status = listing.status(index)
        let isNamed =
            next < table.count && table.isPath(span, next, prefix, listing.names, name)
        switch status.kind {
        case .file, .symlink:
            guard isNamed, table.believes(span, next, status) else { return false }
            level.totals.matched += 1
            level.totals.files += 1
            level.totals.sizeBytes += status.size
            next += 1
            return true
        case .directory:
            // What the table has of it is compared when it is read.
            if isNamed { next += 1 }
            let inner = prefix + listing.names[name] + [0x2f]
            next = table.endOfEntries(span, from: next, beginningWith: inner)
            level.folders.append(inner)
            return true
        case .other, .unknown: return false
        }
    }

    private enum Role {
        /// Never listed: `.git`, `.mlstore`, temporary files.
        case ours
        /// Something that the full listing must judge.
        case doubtful
        case plain
    }

    private static let pointerEnding = Array(Pointer.suffix.utf8)
    private static let temporaryBeginning = Array(temporaryNamePrefix.utf8)

    private static func role(of name: Range<Int>, in names: [UInt8]) -> Role {
        // Two bytes tell most names apart from all that are special.
        guard names[name.lowerBound] == 0x2e || names[name.upperBound - 1] == pointerEnding.last
        else { return .plain }
        let name = names[name]
        if name.starts(with: temporaryBeginning) || Workspace.isReserved(Array(name)) {
            return .ours
        }
        if name.elementsEqual(IgnoreRules.fileName) { return .doubtful }
        return name.suffix(pointerEnding.count).elementsEqual(pointerEnding) ? .doubtful : .plain
    }
}

extension ContentScanner {
    /// What stands in the folder `path`, if it is exactly what its stat table remembers; nil where
    /// only the full listing can tell.
    func glance(at path: RepoPath) throws -> ContentState? {
        guard let table = tables.table(of: path), let tree = table.tree,
            let totals = try FolderGlance.look(at: path, table, in: workspace)
        else { return nil }
        return ContentState(
            content: .directory(tree), sizeBytes: totals.sizeBytes, files: totals.files,
            isExecutable: false)
    }
}

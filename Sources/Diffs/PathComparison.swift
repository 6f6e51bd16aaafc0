import Bytes
import Objects
import Platform
import Tables
import Vocabulary
import Workspaces

/// One path that differs.
struct PathComparison {
    let path: RepoPath
    let old: TrackedVersion?
    let new: TrackedVersion?
    let isNewOnDisk: Bool
    let workspace: Workspace

    func change(_ options: TableDiffOptions) throws -> DatasetChange {
        DatasetChange(path: path, old: old, new: new, detail: try detail(options))
    }

    private func detail(_ options: TableDiffOptions) throws -> DatasetChange.Detail {
        guard let old else { return .added }
        guard let new else { return .removed }
        switch (old.content, new.content) {
        case (.file(let before), .file(let after)): return try files(before, after, options)
        case (.directory(let before), .directory(let after)):
            return try directories(before, after, options)
        default: return .content("one is a file and the other a directory")
        }
    }

    private func files(
        _ before: BlobID, _ after: BlobID, _ options: TableDiffOptions
    ) throws -> DatasetChange.Detail {
        let store = try workspace.store()
        guard store.contains(before) else {
            return .content("the old content is not in this store")
        }
        guard isNewOnDisk || store.contains(after) else {
            return .content("the new content is not in this store")
        }
        guard let format = TableFormats.format(forName: path.lastComponent) else {
            return try parts(before, after, store)
        }
        // Of numbers without names it tells more how far they moved.
        if options.key == nil, !options.isSelective,
            try format is NPZFormat || format is NPYFormat && !isStructured(before, store)
        {
            return try parts(before, after, store)
        }
        let file = TableFileComparison(
            name: path.description, format: format, old: before, new: after,
            newFile: isNewOnDisk ? workspace.root / path : nil,
            summaries: (old?.summary, new?.summary),
            workspace: workspace)
        do {
            return .table(try file.diff(options))
        } catch let error as StoreError where error.isNoTable {
            return .content(error.message)
        }
    }

    private func parts(
        _ before: BlobID, _ after: BlobID, _ store: ObjectStore
    ) throws -> DatasetChange.Detail {
        do {
            let found = try diffParts(
                named: path.lastComponent, ByteAccess(before, in: store), newBytes(after, store))
            return found.map { .parts($0) }
                ?? .content("not a table, document, text, image or model")
        } catch let error as TableError {
            return .content("not compared: \(error)")
        }
    }

    private func newBytes(_ after: BlobID, _ store: ObjectStore) throws -> ByteAccess {
        isNewOnDisk
            ? try ByteAccess(workspace.root / path, on: workspace.disk)
            : try ByteAccess(after, in: store)
    }

    private func isStructured(_ id: BlobID, _ store: ObjectStore) throws -> Bool {
        do {
            return try NPYFormat.isStructured(
                TableSource(id, name: path.description, format: NPYFormat.npy, in: store))
        } catch let error as StoreError where error.isNoTable {
            return false
        }
    }

    private func directories(
        _ before: TreeID, _ after: TreeID, _ options: TableDiffOptions
    ) throws -> DatasetChange.Detail {
        let store = try workspace.store()
        var before = before
        // Files on disk can be compared with what is here of a folder.
        if isNewOnDisk, let part = try store.part(of: before) { before = part.here }
        guard store.contains(.directory(before)), isNewOnDisk || store.contains(.directory(after))
        else { return .content("a listing is not in this store") }
        let old = try store.tree(before)
        let new =
            isNewOnDisk
            ? try ContentScanner(workspace).tree(of: path, comparedWith: before)
            : try store.tree(after)
        var diff = try DirectoryDiff(old: old, new: new)
        do {
            try addTable(to: &diff, old, new, options)
        } catch let error as StoreError where error.isNoTable {
            diff.tableNote = error.message
        }
        return .directory(diff)
    }

    /// Compares what the files that differ hold, where the folder is a table in both versions.
    private func addTable(
        to diff: inout DirectoryDiff, _ before: Tree?, _ after: Tree?, _ options: TableDiffOptions
    ) throws {
        guard diff.hasTableParts, let before, let after else { return }
        let store = try workspace.store()
        let (oldParts, newParts) = (try before.tableParts(), try after.tableParts())
        let logs = (oldParts + (isNewOnDisk ? [] : newParts)).filter(\.isLog)
        guard logs.allSatisfy({ store.contains($0.blob) }) else {
            diff.tableNote = "files of its log are not in this store"
            return
        }
        let old = try FolderTable(oldParts, name: path.description) {
            TableSource($0.blob, name: $1, format: $2, in: store)
        }
        let new = try FolderTable(newParts, name: path.description) {
            part, name, format in
            isNewOnDisk
                ? TableSource(
                    file: file(part), name: name, format: format, on: workspace.disk)
                : TableSource(part.blob, name: name, format: format, in: store)
        }
        guard try old.isTable(), try new.isTable() else { return }
        let comparison = FolderComparison(old, new)
        guard !comparison.isEmpty else { return }
        let stored = comparison.onlyOld + (isNewOnDisk ? [] : comparison.onlyNew)
        guard stored.allSatisfy({ store.contains($0.blob) }) else {
            diff.tableNote = "files of it are not in this store"
            return
        }
        if let (before, after) = comparison.changedInPlace,
            try old.source(of: before).header() == new.source(of: after).header(),
            let format = TableFormats.format(forName: Array((after.path.last ?? "").utf8))
        {
            let file = TableFileComparison(
                name: path.description, format: format, old: before.blob, new: after.blob,
                newFile: isNewOnDisk ? file(after) : nil, summaries: (nil, nil),
                workspace: workspace)
            diff.table = try file.diff(options)
            return
        }
        diff.table = try comparison.diff(options) { options, sources in
            try options.keepKey(for: sources.map { ($0, nil) })
        }
    }

    private func file(_ part: FolderPart) -> DiskPath {
        part.path.reduce(workspace.root / path) { $0 / $1 }
    }
}

/// Two versions of a file that is a table by its name.
private struct TableFileComparison {
    let name: String
    let format: any TableFormat
    let old: BlobID
    let new: BlobID
    /// Where the new version is on disk; nil where it is in the store.
    let newFile: DiskPath?
    /// What pointers tell.
    let summaries: (old: TableSummary?, new: TableSummary?)
    let workspace: Workspace

    /// Compares them by what differs, where that can be told without reading all of both.
    func diff(_ options: TableDiffOptions) throws -> TableDiff {
        let store = try workspace.store()
        let source = TableSource(old, name: name, format: format, in: store)
        let target =
            newFile.map { TableSource(file: $0, name: name, format: format, on: workspace.disk) }
            ?? TableSource(new, name: name, format: format, in: store)
        var options = options
        try options.keepKey(for: [(source, summaries.old), (target, summaries.new)])
        if newFile == nil, format is CSVFormat {
            func table(
                _ id: BlobID, _ source: TableSource, _ summary: TableSummary?
            ) throws -> StoredTable {
                try StoredTable(
                    id, source, summary: summary, in: store, threads: workspace.machine.threads)
            }
            let diff = try diffStoredTables(
                table(old, source, summaries.old), table(new, target, summaries.new), options,
                workspace.keptLines)
            if let diff { return diff }
        }
        if let before = try PartedTable(source, ByteAccess(old, in: store)),
            let after = try PartedTable(target, newBytes(store)),
            let diff = try diffPartedTables(
                before, after, threads: workspace.machine.threads, options)
        {
            return diff
        }
        return try diffTables(old: source, new: target, options: options)
    }

    private func newBytes(_ store: ObjectStore) throws -> ByteAccess {
        try newFile.map { try ByteAccess($0, on: workspace.disk) } ?? ByteAccess(new, in: store)
    }
}

extension StoreError {
    /// Whether the bytes are no table, or one that cannot be read here: what differs is not known then.
    fileprivate var isNoTable: Bool { kind == .malformed || isMissingPlugin }
}

extension TableDiffOptions {
    /// Forgets a key that one of the tables does not have: it was meant for another.
    fileprivate mutating func keepKey(
        for sources: [(source: TableSource, summary: TableSummary?)]
    ) throws {
        guard let asked = key else { return }
        for (source, summary) in sources {
            let names = try summary?.columns.map(\.name) ?? source.header().columnNames
            if !asked.allSatisfy({ names.contains($0) }) { key = nil }
        }
    }
}

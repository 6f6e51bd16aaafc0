import Objects
import Platform
import Tables
package import Vocabulary
package import Workspaces

/// What `diff` compares and tells.
package struct DatasetDiffOptions: Sendable {
    /// Only these paths and what lies below them; nil for all.
    package var paths: [RepoPath]?
    /// How tables are compared.
    package var table = TableDiffOptions()

    /// The defaults.
    package init() {}
}

/// A tracked path that differs.
package struct DatasetChange: Sendable {
    /// What is known of the difference.
    package enum Detail: Sendable {
        /// Only the new side has it.
        case added
        /// Only the old side has it.
        case removed
        /// A table: its rows and columns.
        case table(TableDiff)
        /// A document, text, image or file of tensors: its parts.
        case parts(PartsDiff)
        /// A directory: its files.
        case directory(DirectoryDiff)
        /// Other content, and why there is no more to say.
        case content(String)
    }

    /// Where.
    package let path: RepoPath
    /// The old side's version; nil where it was added.
    package let old: TrackedVersion?
    /// The new side's version; nil where it was removed.
    package let new: TrackedVersion?
    /// What differs.
    package let detail: Detail
}

/// Compares two sides of a workspace, path by path in order; equal contents are not read.
///
/// A table is compared by `diffTables` where both versions are at hand; a version that is not in
/// the store is said to be so. `key` of the options applies to the tables that have its columns.
/// Throws `.notFound` for a path of the options that neither side tracks.
package func diffDatasets(
    from old: DiffSide, to new: DiffSide, in workspace: Workspace,
    options: DatasetDiffOptions = DatasetDiffOptions()
) throws -> [DatasetChange] {
    let before = try old.versions(in: workspace)
    var after = try new.versions(in: workspace)
    for path in options.paths ?? [] {
        let isKnown = [before, after].contains { side in
            side.keys.contains { $0.isInside(path) || path.isInside($0) }
        }
        if !isKnown { throw StoreError.notTracked(path, in: workspace) }
    }
    if new == .files {
        after = try filesOnDisk(after.merging(before) { own, _ in own }, in: workspace)
    }
    let changes = try compare(before, after, isNewOnDisk: new == .files, in: workspace, options)
    try checkUse(of: options.table.key, in: changes)
    return changes
}

/// Compares what two sides say of the paths that at least one of them has, in order; contents that are
/// not in the store are said to be so.
package func diffVersions(
    from before: [RepoPath: TrackedVersion], to after: [RepoPath: TrackedVersion],
    in workspace: Workspace, options: DatasetDiffOptions = DatasetDiffOptions()
) throws -> [DatasetChange] {
    try compare(before, after, isNewOnDisk: false, in: workspace, options)
}

private func compare(
    _ before: [RepoPath: TrackedVersion], _ after: [RepoPath: TrackedVersion], isNewOnDisk: Bool,
    in workspace: Workspace, _ options: DatasetDiffOptions
) throws -> [DatasetChange] {
    let paths = Set(before.keys).union(after.keys).sorted()
    return try paths.compactMap { path -> DatasetChange? in
        guard before[path]?.content != after[path]?.content else { return nil }
        if let wanted = options.paths, !wanted.contains(where: { path.isInside($0) }) { return nil }
        let comparison = PathComparison(
            path: path, old: before[path], new: after[path], isNewOnDisk: isNewOnDisk,
            workspace: workspace)
        return try comparison.change(options.table)
    }
}

/// A key that no table has is a typing error, not a wish.
private func checkUse(of key: [String]?, in changes: [DatasetChange]) throws {
    guard let key else { return }
    let tables = changes.compactMap { change -> TableDiff? in
        if case .table(let diff) = change.detail { diff } else { nil }
    }
    let isUsed = tables.contains { diff in
        let names = Set(diff.old.columns.map(\.name)).intersection(diff.new.columns.map(\.name))
        return key.allSatisfy { names.contains($0) }
    }
    guard !tables.isEmpty, !isUsed else { return }
    let name = key.joined(separator: ",")
    let columns = tables.flatMap { $0.new.columns.map(\.name) }
    throw StoreError(
        .badUsage, "cannot match rows by '\(name)': no table that differs has these columns",
        subject: name,
        advice: key.lazy.compactMap { nearest($0, in: columns) }.first.map {
            "did you mean '\($0)'?"
        })
}

/// What is on disk at the paths that are tracked; a path without anything is left out.
private func filesOnDisk(
    _ tracked: [RepoPath: TrackedVersion], in workspace: Workspace
) throws -> [RepoPath: TrackedVersion] {
    let scanner = ContentScanner(workspace)
    defer { scanner.finish() }
    var found: [RepoPath: TrackedVersion] = [:]
    for path in tracked.keys.sorted() {
        let state = try scanner.state(of: path)
        guard let content = state.content else { continue }
        found[path] = TrackedVersion(content: content, sizeBytes: state.sizeBytes)
    }
    return found
}

/// One path that differs.
private struct PathComparison {
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
            return try directories(before, after)
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
        let source = stored(before, format, store)
        let target = isNewOnDisk ? onDisk(format) : stored(after, format, store)
        do {
            var options = options
            try options.keepKey(for: [(source, old?.summary), (target, new?.summary)])
            if !isNewOnDisk, format is CSVFormat {
                func table(
                    _ id: BlobID, _ source: TableSource, _ version: TrackedVersion?
                ) throws -> StoredTable {
                    try StoredTable(
                        id, source, summary: version?.summary, in: store,
                        threads: workspace.machine.threads)
                }
                let diff = try diffStoredTables(
                    table(before, source, old), table(after, target, new), options)
                if let diff { return .table(diff) }
            }
            if let old = try PartedTable(source, ByteAccess(before, in: store)),
                let new = try PartedTable(target, newBytes(after, store)),
                let diff = try diffPartedTables(old, new, options)
            {
                return .table(diff)
            }
            return .table(try diffTables(old: source, new: target, options: options))
        } catch let error as StoreError where error.kind == .malformed || error.isMissingPlugin {
            return .content(error.message)
        }
    }

    private func parts(
        _ before: BlobID, _ after: BlobID, _ store: ObjectStore
    ) throws -> DatasetChange.Detail {
        let found = try diffParts(
            named: path.lastComponent, ByteAccess(before, in: store), newBytes(after, store))
        return found.map { .parts($0) } ?? .content("not a table, document, text, image or model")
    }

    private func newBytes(_ after: BlobID, _ store: ObjectStore) throws -> ByteAccess {
        isNewOnDisk
            ? try ByteAccess(workspace.root / path, on: workspace.disk)
            : try ByteAccess(after, in: store)
    }

    private func stored(
        _ id: BlobID, _ format: any TableFormat, _ store: ObjectStore
    ) -> TableSource {
        TableSource(id, name: path.description, format: format, in: store)
    }

    private func onDisk(_ format: any TableFormat) -> TableSource {
        TableSource(
            file: workspace.root / path, name: path.description, format: format, on: workspace.disk)
    }

    private func directories(_ before: TreeID, _ after: TreeID) throws -> DatasetChange.Detail {
        let store = try workspace.store()
        guard store.contains(.directory(before)), isNewOnDisk || store.contains(.directory(after))
        else { return .content("a listing is not in this store") }
        let old = try store.tree(before)
        guard isNewOnDisk else {
            return .directory(try DirectoryDiff(old: old, new: store.tree(after)))
        }
        let new = try ContentScanner(workspace).tree(of: path, comparedWith: before)
        return .directory(try DirectoryDiff(old: old, new: new))
    }
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

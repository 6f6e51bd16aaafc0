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
    try checkUse(of: options.table, in: changes)
    return options.table.isSelective ? changes.filter { !$0.isBesideTheQuestion } : changes
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
    let paths = Set(before.keys).union(after.keys).sorted().filter { path in
        before[path]?.content != after[path]?.content
            && options.paths?.contains { path.isInside($0) } ?? true
    }
    let weights = paths.map { comparisonWeight(of: before[$0], after[$0], at: $0) }
    let changes = try WorkerPool(threads: workspace.machine.threads).map(weights: weights) {
        index in
        let path = paths[index]
        return try PathComparison(
            path: path, old: before[path], new: after[path], isNewOnDisk: isNewOnDisk,
            workspace: workspace
        ).change(options.table)
    }
    var pictureBytes = 0
    return changes.map { $0.keepingPictures(&pictureBytes) }
}

/// Columns that no table has are a typing error, not a wish.
func checkUse(of options: TableDiffOptions, in changes: [DatasetChange]) throws {
    let tables = changes.compactMap { change -> TableDiff? in
        switch change.detail {
        case .table(let diff): diff
        case .directory(let diff): diff.table
        default: nil
        }
    }
    guard !tables.isEmpty else { return }
    for name in (options.columns ?? []) + options.columnTolerances.keys.sorted() {
        let columns = tables.flatMap { ($0.old.columns + $0.new.columns).map(\.name) }
        guard !columns.contains(name) else { continue }
        throw StoreError(
            .badUsage,
            "cannot compare column '\(printable(Array(name.utf8)))': no table that differs has it",
            subject: name, advice: nearest(name, in: columns).map { "did you mean '\($0)'?" },
            safety: "nothing was changed")
    }
    guard let key = options.key else { return }
    let isUsed = tables.contains { diff in
        let names = Set(diff.old.columns.map(\.name)).intersection(diff.new.columns.map(\.name))
        return key.allSatisfy { names.contains($0) }
    }
    guard !isUsed else { return }
    let name = key.joined(separator: ",")
    let columns = tables.flatMap { $0.new.columns.map(\.name) }
    throw StoreError(
        .badUsage, "cannot match rows by '\(name)': no table that differs has these columns",
        subject: name,
        advice: key.lazy.compactMap { nearest($0, in: columns) }.first.map {
            "did you mean '\($0)'?"
        })
}

extension DatasetChange {
    /// The change without its pictures where these would be too much for a page.
    fileprivate func keepingPictures(_ pageBytes: inout Int) -> DatasetChange {
        guard case .parts(var parts) = detail, let pictures = parts.pictures else { return self }
        if pageBytes + pictures.sizeBytes <= PicturePair.pageBytes {
            pageBytes += pictures.sizeBytes
            return self
        }
        parts.pictures = nil
        return DatasetChange(path: path, old: old, new: new, detail: .parts(parts))
    }

    /// Whether all that differs is in tables, and none of it was asked for.
    fileprivate var isBesideTheQuestion: Bool {
        switch detail {
        case .table(let diff): diff.isBesideTheQuestion
        case .directory(let diff):
            diff.hasOnlyTableParts && diff.table?.isBesideTheQuestion == true
        default: false
        }
    }
}

extension TableDiff {
    /// Whether nothing that was asked for differs, or is there at all.
    fileprivate var isBesideTheQuestion: Bool {
        isEmpty || schema.isEmpty && comparedColumns?.isEmpty == true
    }
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
        guard let content = try workspace.completed(state.content, at: path) else { continue }
        // Of the same bytes the pointer tells more.
        if case .file = content, let version = tracked[path], version.content == content {
            found[path] = version
            continue
        }
        var size = state.sizeBytes
        if let version = tracked[path], case .directory(let tree) = version.content,
            let part = try workspace.store().part(of: tree)
        {
            // What was not fetched is as it was.
            let here = try workspace.store().tree(part.here).totals().bytes
            size += version.sizeBytes - here
        }
        found[path] = TrackedVersion(content: content, sizeBytes: size)
    }
    return found
}

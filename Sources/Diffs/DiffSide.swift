import Tables
package import Vocabulary
package import Workspaces

/// One of the two things that are compared.
package enum DiffSide: Hashable, Sendable {
    /// The files on disk.
    case files
    /// What the pointers and the lock file in the work tree say.
    case pointers
    /// What the pointers and the lock file say that git has staged.
    case staged
    /// What they said in a git revision.
    case revision(String)
    /// What they said in a snapshot.
    case snapshot(SnapshotID)

    /// The side as reports call it.
    package var name: String {
        switch self {
        case .files: "files"
        case .pointers: "pointers"
        case .staged: "index"
        case .revision(let name): name
        case .snapshot(let id): id.short
        }
    }

    /// Where the side's pointers and lock file are read; nil for the files themselves.
    package var source: TrackingSource? {
        switch self {
        case .files: nil
        case .pointers: .workTree
        case .staged: .index
        case .revision(let name): .revision(name)
        case .snapshot(let id): .snapshot(id)
        }
    }

    /// The side whose pointers and lock file are read there.
    package init(_ source: TrackingSource) {
        switch source {
        case .workTree: self = .pointers
        case .index: self = .staged
        case .revision(let name): self = .revision(name)
        case .snapshot(let id): self = .snapshot(id)
        }
    }

    /// The tracked paths of this side; for `.files` those that pointers and lock file tell. Throws
    /// where one of them cannot be read.
    func versions(in workspace: Workspace) throws -> [RepoPath: TrackedVersion] {
        return Dictionary(
            try paths(in: workspace).map { ($0.path, TrackedVersion($0)) }
        ) { first, _ in first }
    }
    private func paths(in workspace: Workspace) throws -> [TrackedPath] {
        if let source, source != .workTree {
            return try TrackingState(source, of: workspace).paths
        }
        let tracked = try workspace.tracked()
        if let problem = tracked.problems.first { throw problem.error }
        return tracked.paths
    }
}

/// What a side says of a path.
package struct TrackedVersion: Hashable, Sendable {
    /// What the path holds.
    package let content: ContentID
    /// Its length in bytes, all files of a directory together.
    package let sizeBytes: Int
    /// Rows, columns and types, where a pointer tells them.
    let summary: TableSummary?
    /// Rows, where a pointer tells them.
    let rows: Int?
    /// How many columns, where a pointer tells it.
    let columnCount: Int?

    /// A version.
    package init(content: ContentID, sizeBytes: Int, shape: Pointer.Shape? = nil) {
        self.content = content
        self.sizeBytes = sizeBytes
        summary = shape.flatMap { TableSummary($0) }
        rows = shape?.rows
        columnCount = shape?.columnCount
    }

    init(_ tracked: TrackedPath) {
        var shape: Pointer.Shape?
        if case .pointer(let pointer) = tracked.source { shape = pointer.shape }
        self.init(content: tracked.content, sizeBytes: tracked.sizeBytes, shape: shape)
    }
}

extension TableSummary {
    /// What a pointer says; nil where it names no columns, or a type that is not known here.
    fileprivate init?(_ shape: Pointer.Shape) {
        guard let known = shape.columns else { return nil }
        var columns: [ColumnSummary] = []
        for column in known {
            let isNullable = column.type.hasSuffix("?")
            let name = isNullable ? String(column.type.dropLast()) : column.type
            guard let type = ColumnType(rawValue: name) else { return nil }
            columns.append(ColumnSummary(name: column.name, type: type, isNullable: isNullable))
        }
        self.init(rowCount: shape.rows, columns: columns)
    }
}

package import Objects
package import Tables
package import Vocabulary
package import Workspaces

/// A file of a folder that is a part of the folder's table.
package struct FolderPart: Sendable, Hashable {
    /// Where it stands below the folder.
    package let path: [String]
    /// What it holds.
    let blob: BlobID
    /// Its length in bytes.
    let sizeBytes: Int

    /// Whether it is of the log of a Delta Lake table.
    var isLog: Bool { DeltaTable.isTable([path]) }
}

extension Tree {
    /// The files that make the table of a folder in the tree, or of the whole, by their names alone; a path
    /// that is not UTF-8 is none. Reads the listing.
    package func tableParts(under folder: RepoPath? = nil) throws -> [FolderPart] {
        var parts: [FolderPart] = []
        try forEachEntry(under: folder) { entry in
            guard let blob = entry.blob, entry.kind != .symlink,
                let below = folder.map({ entry.path.relative(to: $0) }) ?? entry.path
            else { return }
            let names = below.components.compactMap { String(validating: $0, as: UTF8.self) }
            guard names.count == below.components.count, FolderFormat.isPart(names) else { return }
            parts.append(FolderPart(path: names, blob: blob, sizeBytes: entry.size))
        }
        return parts
    }
}

/// The table that is in the store under a path: a file, or all files of a folder. Nil where it is no table
/// by its name, or where some of it is not in the store. Throws `.malformed` for a folder whose files are no
/// table together.
package func storedTable(
    _ content: ContentID, at path: RepoPath, in workspace: Workspace
) throws -> TableSource? {
    let store = try workspace.store()
    switch content {
    case .file(let blob):
        guard let format = TableFormats.format(forName: path.lastComponent), store.contains(blob)
        else { return nil }
        return TableSource(blob, name: path.description, format: format, in: store)
    case .directory(let tree):
        guard store.contains(content) else { return nil }
        let parts = try store.tree(tree).tableParts()
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isLog || store.contains($0.blob) }) else {
            return nil
        }
        let folder = try FolderTable(parts, name: path.description) { part, name, format in
            TableSource(part.blob, name: name, format: format, in: store)
        }
        return folder.parts.allSatisfy { store.contains($0.blob) } ? try folder.source() : nil
    }
}

/// The profile of such a table: see `profileStoredTable`; of a folder all files are read.
package func profileStoredTable(
    _ content: ContentID, at path: RepoPath, in workspace: Workspace
) throws -> TableProfile? {
    guard let source = try storedTable(content, at: path, in: workspace) else { return nil }
    guard case .file(let blob) = content else { return try TableProfile(of: source) }
    return try profileStoredTable(
        blob, named: path.description, format: source.format, in: workspace)
}

/// The files of one version of a folder that make a table, and how they are opened.
struct FolderTable {
    let name: String
    /// Of a Delta Lake table only the files that its log names.
    let parts: [FolderPart]
    private let open: (FolderPart, String, any TableFormat) throws -> TableSource
    private let delta: DeltaTable?
    private let deltaValues: [[String]: [String?]]

    /// `open` is given a part, what errors call it, and its format. Reads the log of a Delta Lake table;
    /// throws `.malformed` where that says nothing that can be read.
    init(
        _ parts: [FolderPart], name: String,
        open: @escaping (FolderPart, String, any TableFormat) throws -> TableSource
    ) throws {
        self.name = name
        self.open = open
        guard parts.contains(where: \.isLog) else {
            self.parts = parts
            delta = nil
            deltaValues = [:]
            return
        }
        let byPath = Dictionary(
            parts.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let delta = try DeltaTable(name: name, files: parts.map(\.path)) {
            try FolderTable.open($0, byPath, name, $1, open)
        }
        self.parts = delta.files.compactMap { byPath[$0.path] }
        self.delta = delta
        deltaValues = Dictionary(
            delta.files.map { ($0.path, $0.values) }, uniquingKeysWith: { first, _ in first })
    }

    private static func open(
        _ path: [String], _ parts: [[String]: FolderPart], _ name: String,
        _ format: any TableFormat,
        _ open: (FolderPart, String, any TableFormat) throws -> TableSource
    ) throws -> TableSource {
        guard let part = parts[path] else {
            throw StoreError(.internalFault, "a part of '\(name)' is not known")
        }
        return try open(part, name + "/" + path.joined(separator: "/"), format)
    }

    /// Names and types of columns that are stated beside the files; nil where the files tell them.
    var statedColumns: [String]? { delta?.columnTypes }

    /// Whether a part is a table of its own as it stands, without what is stated beside it.
    var arePartsTables: Bool { delta == nil }

    /// The values that the rows of a part have by the folders in which it stands.
    func values(of part: FolderPart) -> [String?] {
        deltaValues[part.path] ?? FolderFormat.values(of: part.path).map(\.value)
    }

    /// The table of some parts, all when nil, with the columns of others too. Throws `.malformed` where they
    /// make none.
    func source(_ own: [FolderPart]? = nil, columnsOf others: [FolderPart] = []) throws
        -> TableSource
    {
        let own = own ?? parts
        let byPath = Dictionary(
            (own + others).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        func opened(_ path: [String], _ format: any TableFormat) throws -> TableSource {
            try FolderTable.open(path, byPath, name, format, open)
        }
        if let delta { return try delta.source(name: name, files: own.map(\.path), opened) }
        return try FolderFormat.source(
            name: name, files: own.map(\.path), columnsOf: others.map(\.path), opened)
    }

    /// Whether all parts make one table; opens none.
    func isTable() throws -> Bool {
        do {
            _ = try source()
            return true
        } catch let error as StoreError where error.kind == .malformed {
            return false
        }
    }

    /// One part as a table of its own.
    func source(of part: FolderPart) throws -> TableSource { try source([part]) }
}

import Diffs
import Objects
import Platform
import Tables
import Transfer
import Vocabulary
import Workspaces

extension CommandContext {
    /// The profile of a table. Where a version of it is in the store, from what is kept of its pieces.
    func profile(of table: TableArgument, pairs: [ColumnPair] = []) throws -> TableProfile {
        let name = table.source.name
        if let (blob, workspace) = try storedVersion(of: table) {
            return try profileStoredTable(
                blob, named: name, format: table.source.format, pairs: pairs, in: workspace)
        }
        if let file = try file(of: table) {
            return try profileTableFile(
                file, named: name, format: table.source.format, pairs: pairs, on: disk,
                threads: try threads())
        }
        return try TableProfile(of: table.source, pairs: pairs)
    }

    /// The same in few bytes, for commands that hold several.
    func packedProfile(of table: TableArgument) throws -> TableProfile {
        var profile = try profile(of: table)
        profile.pack()
        return profile
    }

    /// How many threads a command has outside of a workspace too.
    func threads() throws -> Int {
        if let workspace = try? workspace() { return workspace.machine.threads }
        return try machine().threads
    }

    /// The table at a path seen from the top of the workspace: the file or folder on disk, or what its
    /// pointer says. Throws `.badUsage` where the name promises no table.
    func table(at path: RepoPath, in workspace: Workspace) throws -> TableSource {
        let file = workspace.root / path
        let kind = try disk.status(of: file, followingLinks: true)?.kind
        if kind == .directory { return try tableFolder(file, name: path.description) }
        if kind == nil, let content = try workspace.tracked(at: .workTree)[path]?.content,
            case .directory = content
        {
            if let folder = try storedTable(content, at: path, in: workspace) { return folder }
            throw StoreError(
                .notFound,
                "cannot read '\(path)': it is no table, or some of it is not in this store",
                subject: path.description, advice: "'mlstore pull \(path)' fetches it",
                safety: "nothing was checked")
        }
        guard let format = TableFormats.format(forName: path.lastComponent) else {
            throw StoreError(
                .badUsage, "'\(path)' is no table", subject: path.description,
                safety: "nothing was checked")
        }
        if kind == .file {
            return TableSource(file: file, name: path.description, format: format, on: disk)
        }
        // Unsafe: the buffers are those of the pieces, for the call.
        return unsafe TableSource(name: path.description, format: format) { body in
            _ = try Transfer.cat(path, at: .workTree, in: workspace, from: .store) { piece in
                unsafe try piece.withUnsafeBytes { unsafe try body($0) }
            }
        }
    }

    /// The file on disk that the argument means; nil where it means a stored version.
    private func file(of table: TableArgument) throws -> DiskPath? {
        guard table.address.revision == nil else { return nil }
        let file = path(table.source.name)
        return try disk.status(of: file, followingLinks: true)?.kind == .file ? file : nil
    }

    /// What the store has under what the argument means: a stored version, or a tracked file that is
    /// as it is there. Nil where that cannot be said without reading anything.
    private func storedVersion(
        of table: TableArgument
    ) throws -> (BlobID, Workspace)? {
        // Files outside of the workspace, or where a stage is replayed, are read as any other.
        guard let path = try workspacePath(of: table.address) else { return nil }
        let workspace = try workspace()
        let source = try table.address.revision.map { try workspace.source(named: $0) }
        guard let tracked = try workspace.tracked(at: source ?? .workTree)[path],
            case .file(let blob) = tracked.content, try workspace.store().contains(blob)
        else { return nil }
        if try file(of: table) != nil {
            let scanner = ContentScanner(workspace)
            defer { scanner.finish() }
            guard try scanner.state(of: path).content == tracked.content else { return nil }
        }
        return (blob, workspace)
    }
}

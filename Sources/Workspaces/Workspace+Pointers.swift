import Platform
package import Vocabulary

extension Workspace {
    /// The pointer of the path `path`; nil when it has none. Throws what reading it throws.
    package func pointer(of path: RepoPath) throws -> Pointer? {
        let file = path.addingSuffix(Pointer.suffix)
        guard try disk.status(of: root / file, followingLinks: true)?.kind == .file else {
            return nil
        }
        let bytes = try disk.readFile(root / file, maximumBytes: Pointer.maximumBytes)
        return try Pointer(parsing: bytes, file: file.description)
    }

    /// Whether there is a pointer file for the path.
    func hasPointer(_ path: RepoPath) throws -> Bool {
        let file = root / path.addingSuffix(Pointer.suffix)
        return try disk.status(of: file, followingLinks: true)?.kind == .file
    }

    /// The paths that have a pointer in the work tree, in order.
    ///
    /// Looks into every folder but `.git`, `.mlstore`, tracked folders, outputs in `skipping`,
    /// other workspaces, and what `.mlstoreignore` or git's rules leave out. Costs a listing of
    /// the folders that are left.
    package func pointerPaths(skipping outputs: Set<RepoPath> = []) throws -> [RepoPath] {
        let search = PointerSearch(workspace: self, outputs: outputs)
        return try search.run().sorted()
    }
}

/// A walk that looks for pointers.
private struct PointerSearch: Sendable {
    let workspace: Workspace
    let outputs: Set<RepoPath>

    private struct Folder: Sendable {
        let path: RepoPath?
        let rules: IgnoreRules
    }

    private struct Found: Sendable {
        var pointers: [RepoPath] = []
        var folders: [Folder] = []
    }

    func run() throws -> [RepoPath] {
        var result: [RepoPath] = []
        var pending = [Folder(path: nil, rules: IgnoreRules())]
        while !pending.isEmpty {
            let batch = pending
            let pool = WorkerPool(threads: batch.count < 8 ? 1 : workspace.machine.threads)
            let found = try pool.map(count: batch.count) { try look(into: batch[$0]) }
            result += found.flatMap(\.pointers)
            pending = found.flatMap(\.folders)
        }
        return result
    }

    private func look(into folder: Folder) throws -> Found {
        let place = folder.path.map { workspace.root / $0 } ?? workspace.root
        let entries = try workspace.disk.entries(of: place)
        let names = Set(entries.map(\.name))
        if folder.path != nil, names.contains(Array(WorkspaceLayout.folderName.utf8)) {
            return Found()
        }
        let rules = try rules(of: folder, names: names, place: place)
        var found = Found()
        for entry in entries where !Workspace.isReserved(entry.name) {
            guard
                let path = try? folder.path?.appending(component: entry.name)
                    ?? RepoPath(validating: entry.name)
            else { continue }
            switch entry.kind {
            case .directory:
                // A tracked folder's own files are not looked through.
                let pointer = entry.name + Array(Pointer.suffix.utf8)
                guard !names.contains(pointer), !outputs.contains(path),
                    !rules.ignores(path, isDirectory: true)
                else { continue }
                found.folders.append(Folder(path: path, rules: rules))
            case .file:
                if let target = path.removingSuffix(Pointer.suffix) {
                    found.pointers.append(target)
                }
            default: continue
            }
        }
        return found
    }

    private func rules(
        of folder: Folder, names: Set<[UInt8]>, place: DiskPath
    ) throws -> IgnoreRules {
        var rules = folder.rules
        for name in [".gitignore", ".mlstoreignore"] where names.contains(Array(name.utf8)) {
            let file = place / name
            guard try workspace.disk.status(of: file, followingLinks: true)?.kind == .file else {
                continue
            }
            rules.append(
                try workspace.disk.readFile(file, maximumBytes: 1 << 24), in: folder.path)
        }
        return rules
    }
}

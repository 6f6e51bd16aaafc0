import Diffs
import Objects
import Platform
import Tables
import Vocabulary
import Workspaces

extension CommandContext {
    /// The table that the files of a folder make together: of a folder on disk, or, with a revision or
    /// where there is none on disk, of one that is tracked. Nil where the text names no folder.
    func tableFolder(_ text: String) throws -> TableArgument? {
        let address = ContentAddress(text)
        if let source = try tableFolder(text, address, version: nil, name: address.path) {
            return TableArgument(address: address, source: source)
        }
        // A folder's own name may end like a version.
        var shorter = address
        guard let version = shorter.takeVersion() else { return nil }
        let folder =
            shorter.revision == nil ? text.dropLast(address.path.count - shorter.path.count) : ""
        let source = try tableFolder(String(folder), shorter, version: version, name: address.path)
        return source.map { TableArgument(address: shorter, version: version, source: $0) }
    }

    /// `text` is the address of a folder on disk, where it may be one; `name` is what errors call the table.
    private func tableFolder(
        _ text: String, _ address: ContentAddress, version: Int?, name: String
    ) throws -> TableSource? {
        if address.revision == nil {
            let folder = path(text)
            if try disk.status(of: folder, followingLinks: true)?.kind == .directory {
                return try tableFolder(folder, name: name, version: version)
            }
        }
        guard let files = try storedFiles(below: address) else { return nil }
        let revision = address.revision.map { "@" + $0 } ?? ""
        return try FolderFormat.source(name: name, files: files, version: version) { part, format in
            // A name with an '@' must not be taken for one with a revision.
            let name = ([address.path] + part).joined(separator: "/")
            return stored(
                ContentAddress(
                    name + (revision.isEmpty && name.contains("@") ? "@" : revision)), format)
        }
    }

    /// The table of a folder on disk; `name` is what errors call it.
    func tableFolder(
        _ folder: DiskPath, name: String, version: Int? = nil
    ) throws -> TableSource {
        try FolderFormat.source(name: name, files: filesOnDisk(below: folder), version: version) {
            let part = $0.joined(separator: "/")
            return TableSource(
                file: folder / part, name: name + "/" + part, format: $1, on: disk)
        }
    }

    /// The paths below a folder on disk of what is a part of its table. Links are not followed.
    private func filesOnDisk(below folder: DiskPath) throws -> [[String]] {
        var found: [[String]] = []
        var waiting: [[String]] = [[]]
        while let place = waiting.popLast() {
            for entry in try disk.entries(of: place.reduce(folder) { $0 / $1 }) {
                guard let name = String(validating: entry.name, as: UTF8.self) else { continue }
                let path = place + [name]
                switch entry.kind {
                case .directory where FolderFormat.mayHoldPartsOrLog(name): waiting.append(path)
                case .file where FolderFormat.isPart(path): found.append(path)
                default: break
                }
            }
        }
        return found
    }

    /// The paths below a folder that is tracked; nil where the address names none.
    private func storedFiles(below address: ContentAddress) throws -> [[String]]? {
        guard address.place == nil else { return nil }
        // Outside of a workspace nothing is tracked.
        guard let workspace = try? self.workspace() else { return nil }
        guard
            let path = try workspace.path(
                of: Array(address.path.utf8), from: try Environment.realPath(directory))
        else { return nil }
        let source = try address.revision.map { try workspace.source(named: $0) } ?? .workTree
        let holder = try workspace.tracked(at: source).paths.first { path.isInside($0.path) }
        guard let holder, case .directory(let tree) = holder.content else { return nil }
        let part = path.relative(to: holder.path)
        return try workspace.store().tree(tree).tableParts(under: part).map(\.path)
    }
}

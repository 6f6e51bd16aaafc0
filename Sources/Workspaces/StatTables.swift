import Bytes
import Objects
import Platform
import Vocabulary

/// The stat tables of a workspace as one command sees and renews them: one for all single files,
/// one for each tracked folder.
final class StatTables {
    private let machine: Machine
    private let layout: WorkspaceLayout
    private let singles: StatTable?
    private let known: [RepoPath: StatTable.Entry]
    private var renewed: [RepoPath: StatTable.Entry] = [:]
    /// The file system's time before this command read anything; nil where nothing can be
    /// written, so that no table is renewed.
    private(set) var stamp: Int64?

    init(_ workspace: Workspace) {
        machine = workspace.machine
        layout = workspace.layout
        singles = StatTable.load(from: layout.statTables / "files", on: machine)
        known = singles?.allEntries() ?? [:]
        stamp = nil
        restamp()
    }

    /// Takes the file system's time anew: for files that this command itself wrote, after that.
    func restamp() { stamp = try? fileSystemTime() }

    private func fileSystemTime() throws -> Int64 {
        let file = try machine.disk.openFile(layout.stamp, .createOrOpen(permissions: 0o644))
        defer { try? file.close() }  // its content means nothing
        try file.write([0x0a], at: 0)
        return try file.status().modified
    }

    /// The digest of a single file, if it is as it was when it was last read.
    func digest(of path: RepoPath, _ status: FileStatus) -> Digest? {
        guard let singles, let entry = known[path], singles.believes(entry, status) else {
            return nil
        }
        renewed[path] = entry
        return entry.digest
    }

    /// Remembers what a single file holds.
    func remember(_ path: RepoPath, _ digest: Digest, _ status: FileStatus) {
        renewed[path] = StatTable.Entry(
            kind: StatTable.kind(of: status), digest: digest, status: status)
    }

    /// What this command knows of a single file.
    func remembered(_ path: RepoPath) -> StatTable.Entry? { renewed[path] }

    /// The table of a folder.
    func table(of folder: RepoPath) -> StatTable? {
        StatTable.load(from: file(of: folder), on: machine)
    }

    /// What was read in a folder since its table was written.
    struct Recent {
        fileprivate let table: StatTable
        fileprivate let entries: [RepoPath: StatTable.Entry]

        /// The digest of a file or link, if it is as it was when it was read.
        func digest(of path: RepoPath, _ status: FileStatus) -> Digest? {
            guard status.kind != .directory, let entry = entries[path],
                table.believes(entry, status)
            else { return nil }
            return entry.digest
        }
    }

    /// What stands beside the folder's table.
    func recent(of folder: RepoPath) -> Recent? {
        guard let table = StatTable.load(from: recentFile(of: folder), on: machine) else {
            return nil
        }
        return Recent(table: table, entries: table.allEntries())
    }

    /// Writes what was read in the folder beside its table, unless that is what stands there.
    func saveRecent(
        _ rows: [(path: RepoPath, entry: StatTable.Entry)], unless known: Recent?,
        of folder: RepoPath
    ) {
        let isKnown = rows.allSatisfy { row in
            known?.entries[row.path] == row.entry && known?.table.isSettled(row.entry) == true
        }
        if !isKnown || known == nil { write(rows, to: recentFile(of: folder)) }
    }

    /// The folder's table has all of it.
    func forgetRecent(of folder: RepoPath) { try? machine.disk.removeFile(recentFile(of: folder)) }

    private func recentFile(of folder: RepoPath) -> DiskPath {
        DiskPath(bytes: file(of: folder).bytes + Array("-recent".utf8))
    }

    /// A writer of the folder's next table.
    func writer(of folder: RepoPath) -> StatTableWriter {
        StatTableWriter(to: file(of: folder), stamp: stamp, on: machine)
    }

    private func write(
        _ rows: [(path: RepoPath, entry: StatTable.Entry)], to place: DiskPath
    ) {
        guard stamp != nil else { return }
        let writer = StatTableWriter(to: place, stamp: stamp, on: machine)
        for (path, entry) in rows { writer.append(path, entry) }
        if writer.seal() != nil { writer.publish(tree: nil, mark: nil) }
    }

    /// Writes the table of single files, if anything in it is new.
    func saveSingles() {
        // An entry that was known but racy, and that the file was read for again, is worth as much.
        let isNew = renewed.contains { path, entry in
            known[path] != entry || singles?.isSettled(entry) != true
        }
        guard isNew else { return }
        var rows = renewed
        for (path, entry) in known where rows[path] == nil && singles?.isSettled(entry) == true {
            rows[path] = entry
        }
        let sorted = rows.sorted { $0.key < $1.key }.map { (path: $0.key, entry: $0.value) }
        write(sorted, to: layout.statTables / "files")
    }

    private func file(of folder: RepoPath) -> DiskPath {
        let hash = xxh3Wide(folder.bytes)
        return layout.statTables / "\(Hex.encode(bigEndian(hash.high) + bigEndian(hash.low)))"
    }

    private func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}

import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

extension OutputShelter {
    /// Ends the shelters that a killed run left. The caller holds the lock that keeps other runs
    /// away. Whatever a shelter's end takes from the work tree, or never gives back, is in the
    /// store: `undo` brings it back.
    static func recover(in place: Workplace, lock: LockFile) throws {
        guard try place.disk.status(of: place.temporary, followingLinks: true) != nil else {
            return
        }
        let entries = try place.disk.entries(of: place.temporary).map(\.name)
        for name in entries.sorted(by: { $0.precedes($1) })
        where name.starts(with: Array(prefix.utf8)) {
            try recover(place.temporary.appending(name), in: place, lock: lock)
        }
    }

    private static func recover(
        _ directory: DiskPath, in place: Workplace, lock: LockFile
    ) throws {
        let disk = place.disk
        let manifest = directory / manifestName
        guard try disk.status(of: manifest, followingLinks: false) != nil else {
            // Either nothing was moved yet, or the shelter had ended.
            return try disk.removeTree(directory)
        }
        let bytes = try disk.readFile(manifest, maximumBytes: 16 << 20)
        guard let json = try? JSONValue(parsing: bytes), let stage = json["stage"]?.stringValue,
            let paths = json["paths"]?.arrayValue?.compactMap({ $0.stringValue })
        else {
            throw StoreError(
                .corrupt, "cannot put back outputs that were set aside: '\(manifest)' is damaged",
                subject: manifest.description,
                advice: "move the files that you need out of '\(directory)', then remove it",
                safety: "the former outputs are in '\(directory)'")
        }
        let shelter = OutputShelter(
            opening: directory, paths: try paths.map { try RepoPath($0) }, in: place)
        // The lock may name another run because that one finished, or because somebody took an
        // older lock: either way what it names is, or comes, in place.
        let isOver = lock.stages[stage]?.run.description != json["run"]?.stringValue
        try shelter.save(stage, keepsPresent: isOver)
        if isOver { try shelter.discard() } else { try shelter.restore(carrying: true) }
    }

    /// Stores what the end of the shelter drops, unless it is in the store: the former contents or
    /// the present ones. A killed command's are half written, but they may be anybody's by now.
    private func save(_ stage: String, keepsPresent: Bool) throws {
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        var operation = Operation(command: "repro \(stage): put outputs back")
        for path in paths {
            guard let former = try self.place(of: path) else { continue }
            let present = place.root / path
            let contents = try place.contents(as: path)
            let (dropped, kept) = keepsPresent ? (former, present) : (present, former)
            guard let content = try contents.id(at: dropped),
                try !PathContents.holds(content, place.store)
            else { continue }
            operation.artifacts.append(
                .init(
                    path: path, before: try contents.keep(dropped, in: session)?.state,
                    after: try contents.keep(kept, in: session)?.state))
        }
        guard !operation.isEmpty else { return }
        _ = try place.withLock { try operation.commit(session, in: place.workspace) }
    }
}

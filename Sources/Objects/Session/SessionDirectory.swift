import Bytes
import Platform
import Vocabulary

/// The directory of one session: made with its kernel lock held, so that whoever gets the lock
/// of an existing one knows that its writer is dead, without any clock, host name or pid.
///
/// Its file `began` has the sequence of the journal that the session saw when it began, in decimal
/// digits and a newline. Invariant: whoever holds the lock of all sessions sees of each living one
/// either nothing, and then it will see all that is in the journal now, or its `began`.
struct SessionDirectory {
    let path: DiskPath
    let nonce: [UInt8]
    /// The last record of the journal that the session was sure to see.
    let began: Int
    private let disk: any Disk
    private let lock: any DiskLock

    /// Makes a session directory, after removing those of dead sessions. `readJournal` reads the
    /// journal anew and returns the sequence of its last record.
    init(
        in layout: StoreLayout, on disk: any Disk, entropy: Entropy, readJournal: () throws -> Int
    ) throws {
        self.disk = disk
        nonce = entropy.bytes(PackFormat.nonceBytes)
        path = layout.sessions / Hex.encode(nonce)
        // Held while directories lack their locks, so that no living one looks dead.
        try disk.makeDirectories(layout.sessions)
        guard let guardLock = try disk.lock(layout.sessionsLock, .exclusive, wait: .forever) else {
            throw SessionDirectory.lockRefused
        }
        defer { guardLock.unlock() }
        _ = try? SessionDirectory.living(layout, disk)  // only tidies up here
        try disk.makeDirectory(path)
        guard let own = try disk.lock(path / "lock", .exclusive, wait: .never) else {
            throw SessionDirectory.lockRefused
        }
        lock = own
        began = try readJournal()
        let file = try disk.openFile(path / "began", .createNew(permissions: 0o644))
        try file.write(Array("\(began)\n".utf8), at: 0)
        try file.close()  // read only while this process lives, so never synced
    }

    /// Runs `body` with the directories of living sessions and what the journal said when each
    /// began, after removing those of dead ones. No session begins meanwhile.
    static func withLiving<Result>(
        _ layout: StoreLayout, _ disk: any Disk,
        _ body: ([(path: DiskPath, began: Int)]) throws -> Result
    ) throws -> Result {
        try disk.makeDirectories(layout.sessions)
        guard let guardLock = try disk.lock(layout.sessionsLock, .exclusive, wait: .forever) else {
            throw lockRefused
        }
        defer { guardLock.unlock() }
        return try body(
            try living(layout, disk).map { path in
                // What cannot be read is taken for the oldest there can be.
                let text = (try? disk.readFile(path / "began", maximumBytes: 64)) ?? []
                let began = Int(String(decoding: text.dropLast(), as: UTF8.self)) ?? 0
                return (path, began)
            })
    }

    private static var lockRefused: StoreError {
        StoreError(
            .locked, "cannot start to write: another process holds the lock of a new session",
            advice: "try again", safety: "nothing was changed")
    }

    /// The directories of sessions whose writers live. Removes the others: their packs were never
    /// committed, and what cannot be removed is only litter, so failures are passed over.
    private static func living(_ layout: StoreLayout, _ disk: any Disk) throws -> [DiskPath] {
        var living: [DiskPath] = []
        for entry in try disk.entries(of: layout.sessions)
        where entry.kind == .directory || entry.kind == .unknown {
            let directory = layout.sessions.appending(entry.name)
            guard let lock = try? disk.lock(directory / "lock", .exclusive, wait: .never) else {
                // A session that ends just now takes its directory along.
                if (try? disk.status(of: directory, followingLinks: false)) == .some(nil) {
                    continue
                }
                living.append(directory)
                continue
            }
            try? disk.removeTree(directory)
            lock.unlock()
        }
        return living
    }

    /// Removes the directory and what is left in it, and releases the lock.
    func remove() {
        try? disk.removeTree(path)  // what stays is cleaned away by the next session
        lock.unlock()
    }
}

import Bytes
import Platform
import Vocabulary

/// The directory of one session: made with its kernel lock held, so that whoever gets the lock
/// of an existing one knows that its writer is dead, without any clock, host name or pid.
struct SessionDirectory {
    let path: DiskPath
    let nonce: [UInt8]
    private let disk: any Disk
    private let lock: any DiskLock

    /// Makes a session directory, after removing those of dead sessions.
    init(in layout: StoreLayout, on disk: any Disk, entropy: Entropy) throws {
        self.disk = disk
        nonce = entropy.bytes(PackFormat.nonceBytes)
        path = layout.sessions / Hex.encode(nonce)
        // Held while directories lack their locks, so that no living one looks dead.
        try disk.makeDirectories(layout.sessions)
        guard let guardLock = try disk.lock(layout.sessionsLock, .exclusive, wait: .forever) else {
            throw SessionDirectory.lockRefused
        }
        defer { guardLock.unlock() }
        SessionDirectory.removeDead(layout, disk)
        try disk.makeDirectory(path)
        guard let own = try disk.lock(path / "lock", .exclusive, wait: .never) else {
            throw SessionDirectory.lockRefused
        }
        lock = own
    }

    private static var lockRefused: StoreError {
        StoreError(
            .locked, "cannot start to write: another process holds the lock of a new session",
            advice: "try again", safety: "nothing was changed")
    }

    /// Removes the directories of sessions whose writers are gone. Their packs were never
    /// committed, and what cannot be removed is only litter, so failures are passed over.
    private static func removeDead(_ layout: StoreLayout, _ disk: any Disk) {
        guard let names = try? disk.entries(of: layout.sessions) else { return }
        for entry in names where entry.kind == .directory || entry.kind == .unknown {
            let directory = layout.sessions.appending(entry.name)
            guard let lock = try? disk.lock(directory / "lock", .exclusive, wait: .never) else {
                continue
            }
            try? disk.removeTree(directory)
            lock.unlock()
        }
    }

    /// Removes the directory and what is left in it, and releases the lock.
    func remove() {
        try? disk.removeTree(path)  // what stays is cleaned away by the next session
        lock.unlock()
    }
}

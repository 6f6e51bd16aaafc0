import Platform
import Remotes
import TestSupport
import TransferSupport
import Vocabulary

/// What remote schedules start from: a store with some versions of a directory, which have files in
/// common, an empty store, and a remote that the first version was pushed to.
struct ScheduledRemote: Sendable {
    /// How many different versions there are.
    static let versions = 8

    let versions: [ContentID]
    private let full: SimulatedDisk
    private let empty: SimulatedDisk
    private let remote: SimulatedDisk

    init() throws {
        let (remote, files) = try makeRemote()
        let full = try End(1, files)
        versions = try (0..<ScheduledRemote.versions).map { version in
            var random = SmallRandom(seed: UInt64(31 + version))
            return try full.addDirectory(
                (0..<4).map { _ in ScheduledRemote.file(random.integer(in: 0..<6)) })
        }
        empty = try End(2, files).disk
        // From elsewhere: who pushes first knows nothing of the remote.
        let pusher = try End(reopening: full.disk.copy(), 3, files)
        _ = try pusher.pushAll([versions[0]])
        self.full = full.disk
        self.remote = remote
    }

    private static func file(_ number: Int) -> [UInt8] {
        var random = SmallRandom(seed: UInt64(number + 1))
        return random.bytes(200 + number * 37)
    }

    /// A remote of its own for a schedule.
    func copyOfRemote() throws -> FileRemote {
        try FileRemote(directory: DiskPath("/remote"), on: remote.copy())
    }

    /// A disk of its own for a process: with the store of all versions, or with an empty one.
    func copyOfStore(isEmpty: Bool) -> SimulatedDisk { (isEmpty ? empty : full).copy() }
}

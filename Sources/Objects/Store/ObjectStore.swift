package import Bytes
package import Platform
import Synchronization
package import Vocabulary

/// The content-addressed store: objects in packs, refs in the journal.
///
/// Invariants:
/// - The journal is the truth: an object is in the store when a pack that the journal names holds
///   it. Packs that it does not name are invisible.
/// - Everything read is checked: the frame's XXH3, then the object's SHA-256 (for a streamed blob
///   the SHA-256 of the whole).
/// - Readers take no lock and see one state until `refresh`. Index segments are derived.
/// - Nothing below the store's directory is ever changed in place, but for the tail of the journal.
///
/// Safe to use from several threads.
package final class ObjectStore: Sendable {
    let layout: StoreLayout
    let disk: any Disk
    let entropy: Entropy
    let clock: WallClock
    let threads: Int
    private let chooseSharing: @Sendable () -> ContentSharing
    private let chosenSharing = Mutex<ContentSharing?>(nil)
    let workers = FrameWorkers()
    let packCache: PackCache
    let frameCache = FrameCache()
    private let current: Mutex<StoreView>

    private init(
        _ layout: StoreLayout, _ disk: any Disk, _ entropy: Entropy, _ clock: WallClock,
        _ threads: Int, _ sharing: @escaping @Sendable () -> ContentSharing = { .reflink }
    ) throws {
        self.layout = layout
        self.disk = disk
        self.entropy = entropy
        self.clock = clock
        self.threads = max(1, threads)
        chooseSharing = sharing
        packCache = PackCache(layout, disk)
        current = Mutex(try StoreLoader(layout: layout, disk: disk, workers: workers).load())
    }

    /// Makes a store in the directory `root`, which is made too; `.alreadyExists` when there is one.
    /// What an interrupted creation left is completed.
    package static func create(
        at root: DiskPath, on disk: any Disk, entropy: Entropy, clock: WallClock = .system,
        threads: Int = Environment.processorCount
    ) throws -> ObjectStore {
        let layout = StoreLayout(root: root)
        guard try disk.status(of: layout.format, followingLinks: true) == nil else {
            throw StoreError(
                .alreadyExists, "cannot make a store in '\(root)': there is one already",
                subject: root.description, safety: "nothing was changed")
        }
        // An interrupted creation left no commits; a journal with some is a store that was damaged.
        let found = try disk.status(of: layout.journal, followingLinks: true)
        guard (found?.size ?? 0) == 0 else { throw missingFormat(root) }
        for directory in [layout.packs, layout.index, layout.sessions] {
            try disk.makeDirectories(directory)
        }
        let journal = try disk.openFile(layout.journal, .createOrOpen(permissions: 0o644))
        try journal.truncate(to: 0)
        try journal.sync()
        try journal.close()
        try disk.syncDirectory(root)
        // Last, so that a store either has all its parts or is none yet.
        try writeAtomically(StoreFormatFile.current, to: layout.format, on: disk, durable: true)
        try disk.syncDirectory(root.parent)
        return try ObjectStore(layout, disk, entropy, clock, threads)
    }

    /// Opens the store in the directory `root`: reads the journal, loads the index, and rebuilds
    /// what is missing of it. `.notFound` when there is no store, `.newerFormat`, `.corrupt`.
    /// `sharing` is asked once, when the first large file is met.
    package static func open(
        at root: DiskPath, on disk: any Disk, entropy: Entropy, clock: WallClock = .system,
        threads: Int = Environment.processorCount,
        sharing: @escaping @Sendable () -> ContentSharing = { .reflink }
    ) throws -> ObjectStore {
        let layout = StoreLayout(root: root)
        let format: [UInt8]
        do {
            format = try disk.readFile(layout.format, maximumBytes: 64 << 10)
        } catch let error as StoreError where error.kind == .notFound {
            let journal = try disk.status(of: layout.journal, followingLinks: true)
            guard (journal?.size ?? 0) == 0 else { throw missingFormat(root) }
            throw StoreError(
                .notFound, "there is no store in '\(root)'", subject: root.description,
                advice: "run 'mlstore init' to make one", cause: error)
        }
        try StoreFormatFile.check(format)
        return try ObjectStore(layout, disk, entropy, clock, threads, sharing)
    }

    private static func missingFormat(_ root: DiskPath) -> StoreError {
        StoreError(
            .corrupt, "the store in '\(root)' lacks its file 'format'", subject: root.description,
            advice: "put the file back, from a backup or another store: all of version 1 are equal",
            safety: "nothing was changed")
    }

    /// How the place on the disk is shared between large files and their copies in the store.
    package var sharing: ContentSharing {
        chosenSharing.withLock { chosen in
            let sharing = chosen ?? chooseSharing()
            chosen = sharing
            return sharing
        }
    }

    /// The directory of the store.
    package var root: DiskPath { layout.root }

    /// The state that readers see.
    var view: StoreView { current.withLock { $0 } }

    /// Sees what others have committed since. Cost: one status call when that is nothing.
    package func refresh() throws {
        let loader = StoreLoader(layout: layout, disk: disk, workers: workers)
        if let newer = try loader.refresh(view) { install(newer) }
    }

    /// Makes `newer` the state that readers see, unless that is ahead of it.
    func install(_ newer: StoreView) {
        current.withLock { current in
            let isBehind =
                current.journalInode == newer.journalInode
                && current.journal.goodBytes > newer.journal.goodBytes
            if !isBehind { current = newer }
        }
    }
}

// MARK: - Refs and journal

extension ObjectStore {
    /// All refs.
    package func refs() throws -> [RefName: RecordID] { view.journal.refs }

    /// The record that a ref names, or nil.
    package func ref(_ name: RefName) throws -> RecordID? { view.journal.refs[name] }

    /// The refs whose names start with `prefix` (such as `runs/`), in the order of their names.
    package func refs(under prefix: String) throws -> [(name: RefName, id: RecordID)] {
        view.journal.refs.filter { $0.key.description.hasPrefix(prefix) }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Every commit, oldest first.
    package func journal() throws -> [JournalEntry] { view.journal.entries }

    /// The note that a commit was given, or `.null`.
    package func note(of entry: JournalEntry) throws -> JSONValue {
        guard let operation = entry.operation else { return .null }
        return try readRecord(operation)
    }
}

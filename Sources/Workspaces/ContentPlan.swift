import Objects
import Platform
import Vocabulary

/// What has to be done at one path to make of it what is wanted.
///
/// The steps are worked out anew whenever they are asked for, from the two listings: they are never
/// all in memory.
struct ContentPlan: Sendable {
    /// Something to write, and what it replaces.
    struct Write: Sendable {
        let entry: TreeEntry
        let replaced: ContentListing.Item?
    }

    /// One thing to do, or to leave.
    enum Step {
        /// It is as it should be.
        case keep(TreeEntry, ContentListing.Item)
        /// A file, link or empty folder that is not wanted.
        case remove(ContentListing.Item)
        /// A file or link.
        case write(Write)
        /// A folder that is wanted without contents.
        case makeFolder(RepoPath)
        /// An equal file that only lacks, or has too much, the right to execute.
        case setMode(Write)
    }

    let target: ContentTarget
    let listing: ContentListing
    /// Everything that is wanted.
    private(set) var wanted = 0
    /// Equal entries.
    private(set) var unchanged = 0
    /// Files and links to write, and their bytes.
    private(set) var writes = 0
    private(set) var writtenBytes = 0
    /// Steps of the other kinds.
    private(set) var removals = 0
    private(set) var folders = 0
    private(set) var modes = 0
    /// Files and links to write whose content the store does not have.
    private var missing = 0
    /// What would be gone and is in no store: files and links that are removed or replaced.
    private(set) var unsaved = 0
    /// The first of those.
    private(set) var firstUnsaved: RepoPath?

    /// Compares what is wanted with what is there.
    init(_ target: ContentTarget, _ listing: ContentListing, in store: ObjectStore) throws {
        self.target = target
        self.listing = listing
        if let tree = target.tree, tree == listing.tree {
            wanted = listing.count
            unchanged = listing.count
            return
        }
        try forEachStep { try count($0, in: store) }
    }

    /// Whether all is as it should be.
    var isEmpty: Bool { removals == 0 && writes == 0 && folders == 0 && modes == 0 }

    /// Throws `.notInStore` unless everything to write is in the store.
    func checkPresent() throws {
        guard missing == 0 else {
            throw StoreError.contentMissing(target.path, missing: missing, of: wanted)
        }
    }

    /// Calls `body` with everything that would be gone and is in no store.
    func forEachUnsaved(
        in store: ObjectStore, _ body: (ContentListing.Item) throws -> Void
    ) throws {
        guard unsaved > 0 else { return }
        try forEachStep { step in
            if let item = ContentPlan.lost(by: step, in: store) { try body(item) }
        }
    }

    /// Calls `body` with every step, in key order; of one thing that takes the place of another of
    /// another kind, the removal first.
    func forEachStep(_ body: (Step) throws -> Void) throws {
        var wanted = try target.walk()
        var found = listing.walk()
        var next = try wanted.next()
        var item = found.next()
        while true {
            if let entry = next, item.map({ entry.path < $0.entry.path }) ?? true {
                try body(ContentPlan.add(entry))
                next = try wanted.next()
            } else if let here = item {
                if let entry = next, entry.path == here.entry.path {
                    try ContentPlan.compare(entry, here, body)
                    next = try wanted.next()
                } else {
                    try body(.remove(here))
                }
                item = found.next()
            } else {
                return
            }
        }
    }

    private mutating func count(_ step: Step, in store: ObjectStore) throws {
        if let item = ContentPlan.lost(by: step, in: store) {
            unsaved += 1
            firstUnsaved = firstUnsaved ?? item.entry.path
        }
        switch step {
        case .keep: unchanged += 1
        case .remove:
            removals += 1
            return
        case .write(let write):
            writes += 1
            writtenBytes += write.entry.size
            if let blob = write.entry.blob, !store.contains(blob) { missing += 1 }
        case .makeFolder: folders += 1
        case .setMode: modes += 1
        }
        wanted += 1
    }

    /// What the step would make vanish though no store has it.
    private static func lost(by step: Step, in store: ObjectStore) -> ContentListing.Item? {
        let item: ContentListing.Item? =
            switch step {
            case .remove(let item): item
            case .write(let write): write.replaced
            case .keep, .makeFolder, .setMode: nil
            }
        guard let item, let blob = item.entry.blob, !store.contains(blob) else { return nil }
        return item
    }

    private static func compare(
        _ wanted: TreeEntry, _ item: ContentListing.Item, _ body: (Step) throws -> Void
    ) throws {
        let found = item.entry
        if wanted.kind == found.kind, wanted.id == found.id {
            try body(.keep(wanted, item))
        } else if wanted.id == found.id, wanted.isFile, found.isFile {
            try body(.setMode(Write(entry: wanted, replaced: item)))
        } else if found.kind == .directory || wanted.kind == .directory {
            try body(.remove(item))
            try body(add(wanted))
        } else {
            try body(.write(Write(entry: wanted, replaced: item)))
        }
    }

    /// An entry where nothing is to be replaced.
    private static func add(_ entry: TreeEntry) -> Step {
        entry.kind == .directory
            ? .makeFolder(entry.path) : .write(Write(entry: entry, replaced: nil))
    }
}

extension TreeEntry {
    /// Whether it is a regular file, executable or not.
    var isFile: Bool { kind == .file || kind == .executable }
}

import Objects
import Platform
import Vocabulary

/// What has to be done at one path to make of it what is wanted.
struct ContentPlan: Sendable {
    /// Something to write, and what it replaces.
    struct Write: Sendable {
        let entry: TreeEntry
        let replaced: ContentListing.Item?
    }

    let target: ContentTarget
    let listing: ContentListing
    /// Files, links and empty folders that are not wanted.
    private(set) var removals: [ContentListing.Item] = []
    /// Files and links.
    private(set) var writes: [Write] = []
    /// Folders that are wanted without contents.
    private(set) var folders: [RepoPath] = []
    /// Equal files that only lack, or have too much, the right to execute.
    private(set) var modes: [Write] = []
    /// Equal entries.
    private(set) var unchanged = 0

    init(_ target: ContentTarget, _ listing: ContentListing) {
        self.target = target
        self.listing = listing
        var next = 0
        for item in listing.items {
            while next < target.entries.count, target.entries[next].path < item.entry.path {
                add(target.entries[next], replacing: nil)
                next += 1
            }
            if next < target.entries.count, target.entries[next].path == item.entry.path {
                compare(target.entries[next], item)
                next += 1
            } else {
                removals.append(item)
            }
        }
        for entry in target.entries[next...] { add(entry, replacing: nil) }
    }

    /// Whether all is as it should be.
    var isEmpty: Bool {
        removals.isEmpty && writes.isEmpty && folders.isEmpty && modes.isEmpty
    }

    /// What would be gone and is in no store: files and links that are removed or replaced.
    func unsaved(in store: ObjectStore) -> [ContentListing.Item] {
        (removals + writes.compactMap(\.replaced)).filter { item in
            item.entry.blob.map { !store.contains($0) } ?? false
        }
    }

    /// Throws `.notInStore` unless everything to write is in the store.
    func checkPresent(in store: ObjectStore) throws {
        let missing = writes.count { write in
            write.entry.blob.map { !store.contains($0) } ?? false
        }
        guard missing == 0 else {
            throw StoreError.contentMissing(
                target.path, missing: missing, of: target.entries.count)
        }
    }

    private mutating func compare(_ wanted: TreeEntry, _ item: ContentListing.Item) {
        let found = item.entry
        if wanted.kind == found.kind, wanted.id == found.id {
            unchanged += 1
        } else if wanted.id == found.id, wanted.isFile, found.isFile {
            modes.append(Write(entry: wanted, replaced: item))
        } else if found.kind == .directory || wanted.kind == .directory {
            removals.append(item)
            add(wanted, replacing: nil)
        } else {
            writes.append(Write(entry: wanted, replaced: item))
        }
    }

    private mutating func add(_ entry: TreeEntry, replacing item: ContentListing.Item?) {
        if entry.kind == .directory {
            folders.append(entry.path)
        } else {
            writes.append(Write(entry: entry, replaced: item))
        }
    }
}

extension TreeEntry {
    /// Whether it is a regular file, executable or not.
    var isFile: Bool { kind == .file || kind == .executable }
}

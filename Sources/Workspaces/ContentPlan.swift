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

    /// Things to write, kept as their places: there may be a million.
    struct Writes: RandomAccessCollection, Sendable {
        fileprivate let entries: [TreeEntry]
        fileprivate let items: [ContentListing.Item]
        fileprivate var places: [(entry: Int, item: Int?)] = []

        var startIndex: Int { 0 }
        var endIndex: Int { places.count }

        subscript(position: Int) -> Write {
            let place = places[position]
            return Write(entry: entries[place.entry], replaced: place.item.map { items[$0] })
        }
    }

    let target: ContentTarget
    let listing: ContentListing
    /// Files, links and empty folders that are not wanted.
    private(set) var removals: [ContentListing.Item] = []
    /// Files and links.
    private(set) var writes: Writes
    /// Folders that are wanted without contents.
    private(set) var folders: [RepoPath] = []
    /// Equal files that only lack, or have too much, the right to execute.
    private(set) var modes: [Write] = []
    /// Equal entries.
    private(set) var unchanged = 0

    init(_ target: ContentTarget, _ listing: ContentListing) {
        self.target = target
        self.listing = listing
        writes = Writes(entries: target.entries, items: listing.items)
        var next = 0
        for (place, item) in listing.items.enumerated() {
            while next < target.entries.count, target.entries[next].path < item.entry.path {
                add(next)
                next += 1
            }
            if next < target.entries.count, target.entries[next].path == item.entry.path {
                compare(next, place)
                next += 1
            } else {
                removals.append(item)
            }
        }
        for entry in next..<target.entries.count { add(entry) }
    }

    /// Whether all is as it should be.
    var isEmpty: Bool {
        removals.isEmpty && writes.isEmpty && folders.isEmpty && modes.isEmpty
    }

    /// What would be gone and is in no store: files and links that are removed or replaced.
    func unsaved(in store: ObjectStore) -> [ContentListing.Item] {
        func isUnsaved(_ item: ContentListing.Item) -> Bool {
            item.entry.blob.map { !store.contains($0) } ?? false
        }
        return removals.filter(isUnsaved) + writes.lazy.compactMap(\.replaced).filter(isUnsaved)
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

    private mutating func compare(_ entry: Int, _ place: Int) {
        let wanted = target.entries[entry]
        let item = listing.items[place]
        let found = item.entry
        if wanted.kind == found.kind, wanted.id == found.id {
            unchanged += 1
        } else if wanted.id == found.id, wanted.isFile, found.isFile {
            modes.append(Write(entry: wanted, replaced: item))
        } else if found.kind == .directory || wanted.kind == .directory {
            removals.append(item)
            add(entry)
        } else {
            writes.places.append((entry, place))
        }
    }

    /// An entry where nothing is to be replaced.
    private mutating func add(_ entry: Int) {
        if target.entries[entry].kind == .directory {
            folders.append(target.entries[entry].path)
        } else {
            writes.places.append((entry, nil))
        }
    }
}

extension TreeEntry {
    /// Whether it is a regular file, executable or not.
    var isFile: Bool { kind == .file || kind == .executable }
}

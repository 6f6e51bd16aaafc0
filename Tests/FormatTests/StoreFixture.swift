import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// A store that was written once by some version of the program and stands in fixtures/ for ever:
/// whatever comes later must still read it.
struct StoreFixture: Sendable, CustomTestStringConvertible {
    /// The folder below fixtures/formats.
    let name: String

    var testDescription: String { name }

    /// Every fixture there is.
    static let all = ["store/v1"].map { StoreFixture(name: $0) }

    private var folder: String { "fixtures/formats/\(name)" }

    /// What must be in the store.
    struct Manifest {
        let tree: TreeID
        let head: RecordID
        let commits: Int64
        let entries: [TreeEntry]

        init(_ json: JSONValue) throws {
            tree = try #require(json["tree"]?.stringValue.flatMap { TreeID(text: $0) })
            head = try #require(json["head"]?.stringValue.flatMap { RecordID(text: $0) })
            commits = try #require(json["commits"]?.integerValue)
            entries = try #require(json["entries"]?.arrayValue).map { line in
                let words = try #require(line.stringValue).split(separator: " ", maxSplits: 3)
                let names = ["file", "executable", "symlink", "directory", "tree"]
                let kind = try #require(names.firstIndex(of: String(words[0])))
                return TreeEntry(
                    path: try RepoPath(words[3]),
                    kind: try #require(TreeEntryKind(rawValue: UInt8(kind))),
                    size: try #require(Int(words[1])), id: try #require(Digest(hex: words[2])))
            }
        }

        static func json(_ store: ObjectStore) throws -> JSONValue {
            let head = try #require(try store.ref(.head))
            let tree = try SnapshotRecord(try store.readRecord(head)).tree
            let entries = try store.tree(tree).entries().map { entry in
                JSONValue.string("\(entry.kind) \(entry.size) \(entry.id.hex) \(entry.path)")
            }
            return [
                "tree": .string(tree.description), "head": .string(head.description),
                "commits": JSONValue(try store.journal().count), "entries": .array(entries),
            ]
        }
    }

    func manifest() throws -> Manifest {
        try Manifest(try JSONValue(parsing: try ProjectFolder.read("\(folder)/manifest.json")))
    }

    /// The files of the store by their paths in it.
    func files() throws -> [(path: String, bytes: [UInt8])] {
        var found: [(path: String, bytes: [UInt8])] = []
        for name in try ProjectFolder.names(in: "\(folder)/store") {
            if ["packs", "index"].contains(name) {
                for file in try ProjectFolder.names(in: "\(folder)/store/\(name)") {
                    let path = "\(name)/\(file)"
                    found.append((path, try ProjectFolder.read("\(folder)/store/\(path)")))
                }
            } else {
                found.append((name, try ProjectFolder.read("\(folder)/store/\(name)")))
            }
        }
        return found
    }

    /// A copy of the store below `directory`, which may be changed.
    func copy(below directory: DiskPath) throws -> DiskPath {
        let root = directory / "store"
        let disk = LocalDisk()
        for name in ["packs", "index"] { try disk.makeDirectories(root / name) }
        for (path, bytes) in try files() {
            try writeAtomically(bytes, to: root / path, on: disk, durable: false)
        }
        return root
    }

    /// Writes the fixture anew from a store that the program of now makes; refuses to replace one.
    func write() throws {
        let disk = LocalDisk()
        let target = ProjectFolder.root / folder
        try #require(try disk.status(of: target, followingLinks: true) == nil)
        let made = try SmallStore()
        try SmallStore.fill(made.store)
        try disk.makeDirectories(target / "store")
        let manifest = try Manifest.json(made.store).pretty
        for path in try ["format", "journal", "journal.head"]
            + ["packs", "index"].flatMap({ folder in
                try disk.entries(of: made.root / folder).map {
                    "\(folder)/\(String(decoding: $0.name, as: UTF8.self))"
                }
            })
        {
            let bytes = try disk.readFile(made.root / path, maximumBytes: 1 << 20)
            try disk.makeDirectories((target / "store" / path).parent)
            try writeAtomically(bytes, to: target / "store" / path, on: disk, durable: false)
        }
        let text = Array(manifest.utf8) + (manifest.hasSuffix("\n") ? [] : [0x0a])
        try writeAtomically(text, to: target / "manifest.json", on: disk, durable: false)
    }
}

import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// What the walk, the carried stat table and the edited tree come to is compared with what a
/// straightforward look at everything says.
@Suite struct FolderScanTests {
    private let disk = LocalDisk()

    /// The tree of a folder, worked out from every file anew.
    private func plainTree(_ folder: DiskPath) throws -> TreeID {
        var entries: [TreeEntry] = []
        func visit(_ place: DiskPath, _ path: RepoPath?) throws {
            let found = try disk.entriesWithStatus(of: place)
            if found.isEmpty, let path { entries.append(.directory(path)) }
            for (name, status) in found {
                let inner = try path?.appending(component: name) ?? RepoPath(validating: name)
                let there = place.appending(name)
                switch status.kind {
                case .directory: try visit(there, inner)
                case .symlink:
                    let text = try disk.readSymlink(there)
                    let target = BlobID(sha256(text))
                    entries.append(.symlink(inner, target: target, size: text.count))
                default:
                    let bytes = try disk.readFile(there, maximumBytes: 1 << 20)
                    entries.append(
                        .file(
                            inner, BlobID(sha256(bytes)), size: bytes.count,
                            executable: status.isExecutable))
                }
            }
        }
        try visit(folder, nil)
        entries.sort { $0.path < $1.path }
        var builder = TreeBuilder { _, _ in }
        for entry in entries { try builder.append(entry) }
        return try builder.finish()
    }

    private func change(_ random: inout SmallRandom, in fixture: WorkspaceFixture) throws {
        let letters = ["a", "b", "c", "a.b", "a-"]
        func name() -> String { letters[Int(random.next() % UInt64(letters.count))] }
        let path = "d/" + (0...Int(random.next() % 3)).map { _ in name() }.joined(separator: "/")
        let place = fixture.folder.path / path
        // Whatever stands in the way of the new path gives way to it.
        var parent = place.parent
        while parent != fixture.folder.path {
            let kind = try disk.status(of: parent, followingLinks: false)?.kind
            if let kind, kind != .directory { try disk.removeTree(parent) }
            parent = parent.parent
        }
        switch random.next() % 8 {
        case 0: try disk.removeTree(place)
        case 1:
            try disk.removeTree(place)
            try disk.makeDirectories(place)
        case 2:
            try disk.removeTree(place)
            try disk.makeDirectories(place.parent)
            try disk.makeSymlink(at: place, target: Array("to \(random.next() % 3)".utf8))
        case 3:
            if try disk.status(of: place, followingLinks: false)?.kind == .file {
                try disk.setPermissions(place, random.next() % 2 == 0 ? 0o755 : 0o644)
            }
        default:
            try disk.removeTree(place)
            try fixture.folder.write("content \(random.next() % 20)", to: path)
        }
    }

    @Test(arguments: 0..<6) func `after any changes add and status say what a full look says`(
        seed: Int
    ) throws {
        let fixture = try WorkspaceFixture()
        var random = SmallRandom(seed: UInt64(seed) + 1)
        try fixture.folder.write("first", to: "d/first")
        var stored = try #require(try fixture.add("d").paths.first?.pointer.content)
        for round in 0..<25 {
            for _ in 0..<Int(random.next() % 4) { try change(&random, in: fixture) }
            if try disk.status(of: fixture.folder.path / "d", followingLinks: false) == nil {
                try fixture.folder.write("first", to: "d/first")
            }
            let tree = try plainTree(fixture.folder.path / "d")
            if random.next() % 2 == 0 {
                let report = try status(in: try fixture.reopened())
                let found = try #require(report.paths.first)
                #expect(found.current.content == .directory(tree), "seed \(seed) round \(round)")
                #expect(found.changes.isEmpty == (.directory(tree) == stored))
            }
            if random.next() % 2 == 0 {
                let pointer = try #require(
                    try Workspaces.add([try RepoPath("d")], in: try fixture.reopened()).paths.first
                ).pointer
                #expect(pointer.content == .directory(tree), "seed \(seed) round \(round)")
                stored = pointer.content
                let totals = try fixture.reopened().store().tree(tree).totals()
                #expect(pointer.sizeBytes == totals.bytes)
            }
            if random.next() % 3 == 0 { pause(milliseconds: 15) }
        }
        let verified = try fixture.reopened().store().verify(.full)
        #expect(verified.isSound)
    }

    @Test func `thousands of files in one folder are carried over, few of them changed`() throws {
        let fixture = try WorkspaceFixture()
        for index in 0..<15_000 {
            try fixture.folder.write("file \(index % 700)", to: "d/f\(index)")
        }
        pause(milliseconds: 20)
        try fixture.add("d")
        for (number, name) in ["f0", "f7777", "f9999", "new", "f10000"].enumerated() {
            if number == 2 {
                try disk.removeFile(fixture.folder.path / "d/\(name)")
            } else {
                try fixture.folder.write("changed \(number)", to: "d/\(name)")
            }
            pause(milliseconds: 15)
            if number % 2 == 0 { #expect(try fixture.states() == ["d": .modified]) }
            let tree = try plainTree(fixture.folder.path / "d")
            let added = try #require(try fixture.add("d").paths.first)
            #expect(added.pointer.content == .directory(tree))
            #expect(added.newBytesPlain == (number == 2 ? 0 : 9))
            #expect(try fixture.states() == ["d": .clean])
        }
    }

    @Test func `what stands beside a large table is taken up, dropped when damaged, and merged`()
        throws
    {
        let fixture = try WorkspaceFixture()
        for index in 0..<9_000 { try fixture.folder.write("\(index % 50)", to: "d/f\(index)") }
        pause(milliseconds: 20)
        try fixture.add("d")
        func recents() throws -> [String] {
            try disk.entries(of: fixture.folder.path / ".mlstore/state/stat")
                .map { String(decoding: $0.name, as: UTF8.self) }.filter { $0.hasSuffix("-recent") }
        }
        func check(_ what: String) throws {
            let tree = try plainTree(fixture.folder.path / "d")
            let report = try status(in: try fixture.reopened())
            #expect(report.paths.first?.current.content == .directory(tree), "\(what)")
            let added = try #require(try fixture.add("d").paths.first)
            #expect(added.pointer.content == .directory(tree), "\(what)")
            #expect(try fixture.states() == ["d": .clean], "\(what)")
        }
        #expect(try recents().isEmpty)
        for index in 0..<200 { try fixture.folder.write("new \(index)", to: "d/f\(index * 40)") }
        pause(milliseconds: 20)
        try check("few")
        let name = try #require(try recents().first)
        try disk.removeFile(fixture.folder.path / "d/f17")
        try check("one removed")
        try fixture.folder.write("cut", to: ".mlstore/state/stat/" + name)
        try check("damaged")
        #expect(try recents() == [name])
        for index in 0..<300 { try fixture.folder.write("more", to: "d/g\(index)") }
        pause(milliseconds: 20)
        try check("many")
        #expect(try recents().isEmpty)
    }

    @Test func `a tree in the store does not vouch for the blobs in it`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("one", to: "d/f")
        try fixture.folder.write("two", to: "d/g")
        // As after a fetch of listings alone.
        let session = try fixture.workspace.store().beginSession()
        let entries = [("f", "one"), ("g", "two")].map { name, text in
            TreeEntry.file(
                RepoPath.known(name), BlobID(sha256(Array(text.utf8))), size: text.utf8.count)
        }
        let tree = try session.putTree(entries)
        _ = try session.commit()
        pause(milliseconds: 15)
        // A look at the folder without storing it leaves a table that knows all of it.
        let pointer = Pointer(
            kind: .dataset, content: .directory(tree), sizeBytes: 6, files: 2, isExecutable: false)
        try fixture.folder.write(pointer.text, to: "d.mlstore")
        _ = try status(in: try fixture.reopened())
        let added = try #require(try fixture.add("d").paths.first)
        #expect(added.pointer.content == .directory(tree))
        #expect(added.newBytesPlain == 6)
        for entry in entries {
            #expect(try fixture.reopened().store().contains(BlobID(entry.id)))
        }
    }

    @Test func `another store in the old one's place gets everything`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("one", to: "d/f")
        try fixture.folder.write("two", to: "d/g/h")
        pause(milliseconds: 15)
        let first = try #require(try fixture.add("d").paths.first)
        let store = fixture.folder.path / ".mlstore/store"
        try disk.removeTree(store)
        try disk.makeDirectories(store)
        _ = try ObjectStore.create(at: store, on: disk, entropy: .system)
        let again = try #require(
            try Workspaces.add([try RepoPath("d")], in: try fixture.reopened()).paths.first)
        #expect(again.pointer.content == first.pointer.content)
        #expect(again.newBytesPlain == 6)
        let verified = try fixture.reopened().store().verify(.full)
        #expect(verified.isSound)
    }
}

extension RepoPath {
    fileprivate static func known(_ text: String) -> RepoPath {
        guard let path = try? RepoPath(text) else { preconditionFailure("a good path") }
        return path
    }
}

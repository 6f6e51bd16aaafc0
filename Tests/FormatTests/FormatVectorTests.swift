import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// The pages of docs/format/ against the program.
@Suite struct FormatVectorTests {
    /// Every vector of every page, with the test of this suite that checks it.
    static let checked = [
        "README.md": ["store-format"],
        "ids.md": ["id-empty", "id-tags"],
        "chunker.md": ["gear", "chunks-opaque", "chunks-text", "chunks-zeros"],
        "tree.md": ["tree-empty", "tree-small", "tree-ends"],
        "frames-and-packs.md": ["frame-raw", "frame-two"],
        "float-planes.md": [
            "planes", "planes-zstd", "planes-sparse", "planes-difference",
        ],
        "recipe.md": ["recipe"],
        "journal.md": ["journal-first", "journal-head"],
        "records.md": ["record-snapshot", "record-operation", "record-part"],
        "pointer-file.md": [
            "pointer-table", "pointer-source", "pointer-extent", "pointer-directory",
        ],
        "lock-file.md": ["lock-file"],
        // In ParquetWriterTests.
        "parquet-snapshot.md": ["parquet-snapshot"],
    ]

    @Test func `every vector of every page is checked by a test`() throws {
        for page in try ProjectFolder.names(in: "docs/format") where page.hasSuffix(".md") {
            let names = try FormatVector.all(in: page).map(\.name)
            #expect(names == Self.checked[page] ?? [], "\(page)")
        }
    }

    @Test func `every page stands in the index`() throws {
        let index = try ProjectFolder.text("docs/format/README.md")
        for page in try ProjectFolder.names(in: "docs/format") where page != "README.md" {
            #expect(index.contains("](\(page))") || index.contains(" \(page)\n"), "\(page)")
        }
    }

    @Test func `ids of blobs, trees and records`() throws {
        for name in ["id-empty", "id-tags"] {
            let vector = try FormatVector.named(name, in: "ids.md")
            let bytes = try vector.bytes("hex")
            #expect(sha256(bytes).hex == (try vector["blob"]))
            guard name == "id-tags" else { continue }
            #expect(objectDigest(.treeNode, bytes)?.hex == (try vector["tree"]))
            #expect(objectDigest(.record, bytes)?.hex == (try vector["record"]))
        }
    }

    // MARK: - Chunker

    private static func gear() -> [UInt64] {
        var words = SmallRandom(seed: 0x6d6c_7374_6f72_6531)
        return (0..<256).map { _ in words.next() }
    }

    @Test func `the words of the gear hash`() throws {
        let gear = Self.gear()
        for (key, value) in try FormatVector.named("gear", in: "chunker.md").values {
            #expect(gear[try #require(Int(key))] == UInt64(value, radix: 16))
        }
    }

    @Test(arguments: ["chunks-opaque", "chunks-text", "chunks-zeros"])
    func `content is cut where the page says`(name: String) throws {
        let vector = try FormatVector.named(name, in: "chunker.md")
        let content = try sample(try vector["content"])
        #expect(sha256(content).hex == (try vector["id"]))
        let lengths = try vector["lengths"].split(separator: " ").map { Int($0) }
        let isText = try vector["chunker"] == "text"
        unsafe content.withUnsafeBytes { bytes in
            let chunker = unsafe Chunker.forContent(startingWith: bytes)
            #expect(chunker == (isText ? .text : .opaque))
            var found: [Int] = []
            var start = 0
            while start < bytes.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
                found.append(unsafe chunker.cut(rest))
                start += found[found.count - 1]
            }
            #expect(found == lengths)
        }
    }

    /// The contents that chunker.md describes.
    private func sample(_ text: String) throws -> [UInt8] {
        let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
        switch text.prefix(while: { $0 != "(" }) {
        case "zeros": return [UInt8](repeating: 0, count: try #require(numbers.first))
        case "rows":
            return (0..<(try #require(numbers.first))).flatMap { Array("row \($0)\n".utf8) }
        default:
            var words = SmallRandom(seed: UInt64(try #require(numbers.first)))
            var writer = ByteWriter()
            for _ in 0..<(try #require(numbers.last)) { writer.append(uint64: words.next()) }
            return writer.bytes
        }
    }

    // MARK: - Trees

    @Test func `the empty and a small tree`() throws {
        for name in ["tree-empty", "tree-small"] {
            let vector = try FormatVector.named(name, in: "tree.md")
            var nodes: [[UInt8]] = []
            var builder = TreeBuilder { _, bytes in nodes.append(bytes) }
            for line in vector.all("entry") { try builder.append(try entry(line)) }
            #expect(try builder.finish().digest.hex == (try vector["id"]))
            #expect(nodes == [try vector.bytes("node")])
        }
    }

    private func entry(_ line: String) throws -> TreeEntry {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        let path = try RepoPath(words[1])
        let text = Array((words.count > 2 ? words[2] : "").replacing("\\n", with: "\n").utf8)
        let blob = BlobID(sha256(text))
        switch words[0] {
        case "directory": return .directory(path)
        case "symlink": return .symlink(path, target: blob, size: text.count)
        default:
            return .file(path, blob, size: text.count, executable: words[0] == "executable")
        }
    }

    @Test func `the keys that end nodes`() throws {
        let vector = try FormatVector.named("tree-ends", in: "tree.md")
        let paths = try (0..<1000).map { try RepoPath("n/\($0)") }.sorted()
        let ends = try vector["level 0"].split(separator: " ").map { try RepoPath($0) }
        var nodes: [[UInt8]] = []
        var builder = TreeBuilder { _, bytes in nodes.append(bytes) }
        for path in paths { try builder.append(.directory(path)) }
        _ = try builder.finish()
        // Leaves behind the two ends, one for the rest, and the root that lists the last keys.
        #expect(nodes.count == 4)
        let counts = nodes.dropLast().map { node in
            var cursor = ByteCursor(offset: 1)
            return (try? cursor.varint(node.span)).map(Int.init) ?? 0
        }
        let expected = try ends.map { try #require(paths.firstIndex(of: $0)) + 1 }
        #expect(counts == [expected[0], expected[1] - expected[0], 1000 - expected[1]])
        let higher = try RepoPath(try vector["level 1"])
        #expect(xxh3(higher.bytes) & 0xffff == 0)
    }

    // MARK: - Frames, recipes, the journal

    @Test(arguments: ["frame-raw", "frame-two"])
    func `a frame checks out and names its objects`(name: String) throws {
        let vector = try FormatVector.named(name, in: "frames-and-packs.md")
        let frame = try EncodedFrame(verifying: try vector.bytes("frame"), from: "the page")
        let kind = try #require(ObjectKind(rawValue: UInt8(try vector["kind"]) ?? 0))
        let objects = try vector.all("object").map { try hexBytes($0) }
        #expect(frame.objects.map(\.length) == objects.map(\.count))
        for (object, bytes) in zip(frame.objects, objects) {
            #expect(object.key == ObjectKey(kind, try #require(objectDigest(kind, bytes))))
        }
    }

    @Test func `a recipe lists its chunks`() throws {
        let vector = try FormatVector.named("recipe", in: "recipe.md")
        let chunks = try vector.all("chunk").map { try hexBytes($0) }
        var writer = ByteWriter()
        writer.append(sha256(chunks.flatMap { $0 }))
        writer.append(uint64: UInt64(chunks.reduce(0) { $0 + $1.count }))
        writer.append(uint8: 0)
        writer.append(uint32: UInt32(chunks.count))
        for chunk in chunks {
            writer.append(sha256(chunk))
            writer.append(uint32: UInt32(chunk.count))
        }
        #expect(writer.bytes == (try vector.bytes("recipe")))
        // A store that holds the chunks and the page's bytes makes the blob of them.
        let store = try SmallStore()
        let session = try store.store.beginSession()
        for chunk in chunks { try session.putObject(.chunk, sha256(chunk), chunk) }
        let blob = BlobID(sha256(chunks.flatMap { $0 }))
        try session.putObject(.recipe, blob.digest, try vector.bytes("recipe"))
        _ = try session.commit()
        #expect(try store.store.readBlob(blob, maximumBytes: 10) == chunks.flatMap { $0 })
    }

    @Test func `a store reads the journal of the page, and the format file`() throws {
        let disk = SimulatedDisk()
        _ = try ObjectStore.create(at: DiskPath("/store"), on: disk, entropy: .seeded(1))
        let format = try FormatVector.named("store-format", in: "README.md")
        let written = try disk.readFile(DiskPath("/store/format"), maximumBytes: 1000)
        #expect(String(decoding: written, as: UTF8.self) == (try format["text"]) + "\n")
        let vector = try FormatVector.named("journal-first", in: "journal.md")
        let record = try vector.bytes("record")
        #expect(String(decoding: record.dropFirst(56), as: UTF8.self) == (try vector["payload"]))
        try writeAtomically(record, to: DiskPath("/store/journal"), on: disk, durable: true)
        let store = try ObjectStore.open(at: DiskPath("/store"), on: disk, entropy: .seeded(2))
        let payload = try JSONValue(parsing: Array(try vector["payload"].utf8))
        let change = try #require(payload["refs"]?.arrayValue?.first)
        let head = change["new"]?.stringValue.flatMap { Digest(hex: $0) }.map { RecordID($0) }
        #expect(try store.ref(.head) == head)
        #expect(try store.journal().first?.time.description == payload["time"]?.stringValue)
        #expect(try store.journal().first?.packs.first?.sizeBytes == 4096)
    }

    @Test func `a commit leaves the head of the journal that the page describes`() throws {
        let vector = try FormatVector.named("journal-head", in: "journal.md")
        let first = try FormatVector.named("journal-first", in: "journal.md")
        let disk = SimulatedDisk()
        let root = DiskPath("/store")
        _ = try ObjectStore.create(at: root, on: disk, entropy: .seeded(1))
        try writeAtomically(
            try first.bytes("record"), to: root / "journal", on: disk, durable: true)
        try writeAtomically(
            try vector.bytes("head"), to: root / "journal.head", on: disk, durable: true)
        let store = try ObjectStore.open(at: root, on: disk, entropy: .seeded(2))
        _ = try store.beginSession().commit(
            refs: [RefChange(name: .head, expected: try store.ref(.head), new: nil)])
        let journal = try disk.readFile(root / "journal", maximumBytes: 10_000)
        var head = ByteWriter()
        head.append(text: "mlsjhead")
        head.append(uint64: 2)
        head.append(uint64: UInt64(journal.count))
        head.append(sha256(Array(journal.dropFirst(try first.bytes("record").count))))
        head.append(uint64: xxh3(head.bytes))
        #expect(try disk.readFile(root / "journal.head", maximumBytes: 100) == head.bytes)
    }

    // MARK: - Text files

    @Test func `pointers of a table and of a directory`() throws {
        for name in ["pointer-table", "pointer-source", "pointer-extent", "pointer-directory"] {
            let text = try FormatVector.named(name, in: "pointer-file.md").text
            let pointer = try Pointer(parsing: Array(text.utf8), file: "the page")
            #expect(pointer.text == text)
        }
    }

    @Test func `a lock file`() throws {
        let text = try FormatVector.named("lock-file", in: "lock-file.md").text
        let written = try LockFile(parsing: Array(text.utf8)).text
        #expect(written == text, "\(written)")
    }

    @Test(arguments: ["record-snapshot", "record-operation", "record-part"])
    func `records of each type`(name: String) throws {
        let vector = try FormatVector.named(name, in: "records.md")
        let bytes = Array(try vector["json"].utf8)
        let record = try JSONValue(parsing: bytes)
        #expect(record.canonical == bytes)
        switch name {
        case "record-snapshot": #expect(try SnapshotRecord(record).json == record)
        case "record-part": #expect(try FolderPart(record).json == record)
        default: #expect(OperationNote(record)?.json == record)
        }
        #expect(objectDigest(.record, bytes)?.hex == (try vector["id"]))
    }
}

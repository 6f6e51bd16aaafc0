import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Decoders on bytes that were changed at random, with checksums made right again so that the
/// decoders and not the checksums have to cope: they read or they throw, they never trap. The
/// seeds are fixed, so a failure repeats.
@Suite struct DecoderFuzzTests {
    /// Runs `decode` on mutations of `samples`; prints how many inputs were tried and read.
    private func fuzz(
        _ what: String, _ count: Int, seed: UInt64, _ samples: [[UInt8]],
        _ decode: ([UInt8]) throws -> Void
    ) {
        var mutation = Mutation(seed: seed)
        var read = 0
        for round in 0..<count {
            let sample = samples[round % samples.count]
            let other = samples[(round / samples.count) % samples.count]
            let bytes = mutation.mutated(sample, other: other)
            do {
                try decode(bytes)
                read += 1
            } catch is DecodeError {} catch is YAMLError {} catch let error as StoreError {
                #expect(error.kind != .internalFault, "\(what) round \(round): \(error)")
            } catch {
                Issue.record("\(what) round \(round): an error of another type: \(error)")
            }
        }
        print("fuzz: \(count) mutated inputs of \(what), \(read) still readable")
    }

    @Test func `tree nodes`() throws {
        var nodes: [[UInt8]] = []
        var builder = TreeBuilder { _, bytes in nodes.append(bytes) }
        for number in 1_000..<1_700 {
            let path = try RepoPath("part \(number / 50)/file \(number)")
            try builder.append(.file(path, BlobID(sha256([])), size: number))
        }
        try builder.append(.directory(try RepoPath("q")))
        try builder.append(.tree(try RepoPath("r"), TreeID(sha256([1])), size: 1 << 40))
        _ = try builder.finish()
        let small = nodes.filter { $0.count < 3_000 } + [try treeVector()]
        fuzz("tree node", 5_000, seed: 1, small) { bytes in
            let id = TreeID(taggedDigest("mlstore tree 1", bytes))
            let tree = Tree(id: id) { digest in
                guard digest == id.digest else { throw StoreError(.notInStore, "no such node") }
                return bytes
            }
            let entries = try tree.entries()
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.path < $1.path })
        }
    }

    private func treeVector() throws -> [UInt8] {
        try FormatVector.named("tree-small", in: "tree.md").bytes("node")
    }

    @Test func frames() throws {
        let samples = try ["frame-raw", "frame-two"].map {
            try FormatVector.named($0, in: "frames-and-packs.md").bytes("frame")
        }
        var compressed = Array(samples[0].prefix(64))
        let body = Zstd.compress(Array(String(repeating: "row\n", count: 99).utf8))
        compressed += body
        compressed[17] = 1
        compressed.setNumber(396, at: 20)
        var numbers = Array(samples[0].prefix(64))
        let vector = try FormatVector.named("planes-sparse", in: "float-planes.md")
        numbers += try vector.bytes("encoded")
        numbers[17] = 3
        numbers.setNumber(try vector.bytes("numbers").count, at: 20)
        fuzz("frame", 4_000, seed: 2, samples + [compressed, numbers]) { bytes in
            var bytes = bytes
            if bytes.count >= 64 {
                bytes.setNumber(bytes.count - 64, at: 4)
                bytes.setChecksum(of: 16..<bytes.count, at: 8)
            }
            _ = try EncodedFrame(verifying: bytes, from: "a test")
        }
    }

    @Test func `pack directories and trailers`() throws {
        let pack = try TinyStore().file(ending: ".pack")
        let offset = try PackTrailer(
            parsing: Array(pack.suffix(64)).span, fileSize: pack.count
        ).directoryOffset
        let tail = Array(pack[offset...])
        fuzz("pack directory", 2_500, seed: 3, [tail]) { bytes in
            var bytes = bytes
            let trailer = bytes.count - 64
            guard trailer >= 0 else { return }
            bytes.setChecksum(of: 0..<trailer, at: trailer + 32)
            bytes.setChecksum(of: trailer..<(trailer + 48), at: trailer + 48)
            let parsed = try PackTrailer(
                parsing: Array(bytes[trailer...]).span, fileSize: offset + bytes.count)
            let directory = Array(bytes.prefix(trailer))
            _ = try PackDirectory.parse(directory.span, trailer: parsed)
        }
    }

    @Test func `recipes`() throws {
        let sample = try FormatVector.named("recipe", in: "recipe.md").bytes("recipe")
        var long = Array(sample.prefix(40)) + [1, 2, 0, 0, 0]
        for _ in 0..<2 { long += Array(sample[45..<77]) + [1, 0, 0, 0, 0, 0, 0, 0] }
        let tiny = try TinyStore()
        let session = try tiny.store.beginSession()
        for chunk in ["a", "b"] {
            try session.putObject(.chunk, sha256(Array(chunk.utf8)), Array(chunk.utf8))
        }
        var ids: [BlobID] = []
        fuzz("recipe", 2_500, seed: 4, [sample, long]) { bytes in
            let id = BlobID(sha256(Array("recipe \(ids.count)".utf8)))
            try session.putObject(.recipe, id.digest, id.digest.bytes + bytes.dropFirst(32))
            ids.append(id)
        }
        _ = try session.commit()
        for id in ids {
            // None makes the blob whose id it has.
            #expect(throws: StoreError.self) {
                try tiny.store.readBlob(id, maximumBytes: 1 << 20)
            }
            _ = try? tiny.store.size(of: id)
            _ = try? tiny.store.chunkList(of: id)
        }
    }

    @Test func `index segments`() throws {
        let tiny = try TinyStore()
        let sample = try tiny.file(ending: ".idx")
        let path = try tiny.path(ending: ".idx")
        fuzz("index segment", 600, seed: 5, [sample]) { bytes in
            var bytes = bytes
            if bytes.count >= 64 {
                bytes.setChecksum(of: 64..<bytes.count, at: 32)
                bytes.setChecksum(of: 0..<56, at: 56)
            }
            try tiny.reset()
            try writeAtomically(bytes, to: path, on: tiny.disk, durable: false)
            try tiny.readAll()
        }
    }

    @Test func `journals`() throws {
        let tiny = try TinyStore()
        let sample = try tiny.file(ending: "journal")
        fuzz("journal", 600, seed: 6, [sample]) { bytes in
            var bytes = bytes
            if bytes.count >= 56 {
                bytes.setNumber(bytes.count - 56, at: 4)
                bytes.setChecksum(of: 16..<bytes.count, at: 8)
            }
            try tiny.reset()
            try tiny.disk.removeFile(TinyStore.root / "journal.head")
            try writeAtomically(
                bytes, to: TinyStore.root / "journal", on: tiny.disk, durable: false)
            _ = try tiny.open().refs()
        }
    }

    @Test func `canonical JSON`() throws {
        let samples = [
            #"{"a":[1,-2.5e-7,"\u00e9\n\\",true,null],"b":{"":0.1,"é":1e21}}"#,
            #"[[[[]]],{"k":{"k":{}}},"😀",9007199254740991,-0,1E400]"#,
        ].map { Array($0.utf8) }
        fuzz("JSON", 2_400, seed: 7, samples) { bytes in
            let value = try JSONValue(parsing: bytes)
            let again = try JSONValue(parsing: value.canonical)
            #expect(again.canonical == value.canonical)
        }
    }

    @Test func `pointers, lock files and other YAML`() throws {
        let texts = [
            try FormatVector.named("pointer-table", in: "pointer-file.md").text,
            try FormatVector.named("pointer-directory", in: "pointer-file.md").text,
            try FormatVector.named("lock-file", in: "lock-file.md").text,
            "stages:\n  a:\n    cmd: |\n      x\n    deps: [a, 'b', \"c\\n\"]\n  b: {cmd: >-\n  y}\n",
        ].map { Array($0.utf8) }
        fuzz("YAML", 2_400, seed: 8, texts) { bytes in
            _ = try? Pointer(parsing: bytes, file: "p.mlstore")
            _ = try? LockFile(parsing: bytes)
            _ = try parseYAML(bytes)?.jsonValue
        }
    }
}

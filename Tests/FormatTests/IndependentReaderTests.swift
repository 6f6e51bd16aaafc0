import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// fixtures/read_blob.py, which knows docs/format/ and nothing of the program, on its stores.
@Suite struct IndependentReaderTests {
    private func read(_ id: String, in store: DiskPath) throws -> ChildProcess.Outcome {
        let script = ProjectFolder.root / "fixtures" / "read_blob.py"
        let child = ChildProcess(
            arguments: ["python3", script.description, store.description, id],
            directory: store, standardOutput: .capture(limit: 1 << 26),
            standardError: .capture(limit: 1 << 16))
        return try child.run()
    }

    @Test func `files small, large and incompressible are read without the program`() throws {
        let store = try SmallStore()
        try SmallStore.fill(store.store)
        for (path, bytes) in SmallStore.files() {
            let outcome = try read(sha256(bytes).hex, in: store.root)
            #expect(outcome.succeeded, "\(String(decoding: outcome.standardError, as: UTF8.self))")
            #expect(outcome.standardOutput == bytes, "\(path)")
        }
        let table = try #require(SmallStore.files()["data/table.csv"])
        let changed = table.prefix(100_000) + Array("0,changed,1\n".utf8) + table.dropFirst(100_000)
        let session = try store.store.beginSession()
        let next = try session.putBlob(Array(changed), prior: BlobID(sha256(table)))
        _ = try session.commit()
        #expect(next.newBytesStored < 20_000)
        #expect(try read(next.id.digest.hex, in: store.root).standardOutput == Array(changed))
    }

    @Test func `a model and its next version are read without the program`() throws {
        var random = SmallRandom(seed: 8)
        let store = try SmallStore()
        var tensor = random.weights(120_000, width: 2)
        var prior: BlobID?
        for _ in 0..<2 {
            let session = try store.store.beginSession()
            let weights = safetensors([tensor])
            let receipt = try session.putBlob(weights, prior: prior)
            _ = try session.commit()
            #expect(receipt.newBytesStored < weights.count * (prior == nil ? 68 : 20) / 100)
            #expect(try read(receipt.id.digest.hex, in: store.root).standardOutput == weights)
            prior = receipt.id
            tensor = nudged(tensor, &random)
        }
    }

    @Test func `a recipe of several levels is read without the program`() throws {
        // Opaque content of more than 2048 chunks would be large; a hand-made recipe is not.
        let store = try SmallStore()
        let session = try store.store.beginSession()
        let chunk: [UInt8] = [0x61]
        try session.putObject(.chunk, sha256(chunk), chunk)
        var leaf = ByteWriter()
        leaf.append(uint8: 0)
        leaf.append(uint32: 3)
        for _ in 0..<3 {
            leaf.append(sha256(chunk))
            leaf.append(uint32: 1)
        }
        let node = taggedDigest("mlstore recipe node 1", leaf.bytes)
        try session.putObject(.recipeNode, node, leaf.bytes)
        let blob = [UInt8](repeating: 0x61, count: 6)
        var recipe = ByteWriter()
        recipe.append(sha256(blob))
        recipe.append(uint64: 6)
        recipe.append(uint8: 1)
        recipe.append(uint32: 2)
        for _ in 0..<2 {
            recipe.append(node)
            recipe.append(uint64: 3)
        }
        try session.putObject(.recipe, sha256(blob), recipe.bytes)
        _ = try session.commit()
        #expect(try read(sha256(blob).hex, in: store.root).standardOutput == blob)
        #expect(try store.store.readBlob(BlobID(sha256(blob)), maximumBytes: 6) == blob)
    }

    @Test func `an id that is not there and a damaged pack end in failure`() throws {
        let store = try SmallStore()
        try SmallStore.fill(store.store)
        #expect(!(try read(String(repeating: "0", count: 64), in: store.root)).succeeded)
        let table = try #require(SmallStore.files()["data/table.csv"])
        let disk = LocalDisk()
        for entry in try disk.entries(of: store.root / "packs") {
            let path = (store.root / "packs").appending(entry.name)
            try disk.setPermissions(path, 0o644)
            let file = try disk.openFile(path, .readWrite)
            for offset in stride(from: 200, to: try file.status().size - 100, by: 300) {
                try file.write([0x5a], at: offset)
            }
            try file.close()
        }
        #expect(!(try read(sha256(table).hex, in: store.root)).succeeded)
    }

    @Test func `the script is short and imports the standard library alone`() throws {
        let text = try ProjectFolder.text("fixtures/read_blob.py")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 150)
        let imports = lines.filter { $0.contains("import ") && !$0.contains("\"") }
        #expect(
            imports.map { $0.drop { $0 == " " } } == [
                "import hashlib, json, os, struct, subprocess, sys, tempfile",
                "from compression.zstd import decompress as unzstd",
            ])
    }
}

import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct StoreDamageTests {
    /// A store with every kind of object, and what must come out of it.
    private func filledStore() throws -> (StoreFixture, SimulatedDisk, [BlobID: [UInt8]]) {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        var random = SmallRandom(seed: 1)
        var blobs: [BlobID: [UInt8]] = [:]
        for round in 0..<2 {
            let session = try fixture.store.beginSession()
            var entries: [TreeEntry] = []
            for (index, blob) in [random.text(140_000), random.text(500), [UInt8(round)]]
                .enumerated()
            {
                let receipt = try session.putBlob(blob)
                blobs[receipt.id] = blob
                entries.append(.file(try RepoPath("f\(index)"), receipt.id, size: blob.count))
            }
            let tree = try session.putTree(entries)
            let record = try session.putRecord([
                "type": "snapshot", "version": 1, "tree": .string(tree.description), "parents": [],
            ])
            let change = RefChange(
                name: .head, expected: try fixture.store.ref(.head), new: record)
            _ = try session.commit(refs: [change], note: ["round": JSONValue(round)])
        }
        return (fixture, disk, blobs)
    }

    /// Opens and reads everything; returns how the damage showed, nil where it did not.
    private func symptom(_ fixture: StoreFixture, _ blobs: [BlobID: [UInt8]]) -> String? {
        do {
            let store = try fixture.reopened()
            for (id, blob) in blobs {
                // A read gives the right bytes or an error, never other bytes.
                if let bytes = try? store.readBlob(id, maximumBytes: 1 << 20) {
                    #expect(bytes == blob)
                }
                // So does what is given to be sent.
                let chunks = (try? store.chunkList(of: id)) ?? []
                try? store.forEachFrame(holding: chunks.map { ObjectKey(.chunk, $0.id.digest) }) {
                    let checked = try? EncodedFrame(verifying: $0.bytes, from: "what is sent")
                    #expect(checked?.objects.map(\.key) == $0.objects.map(\.key))
                }
            }
            let report = try store.verify(.full)
            return report.problems.first?.description
        } catch let error as StoreError { return error.message } catch { return "\(error)" }
    }

    @Test func `a flipped bit anywhere in any file is found, and nothing crashes`() throws {
        let (fixture, disk, blobs) = try filledStore()
        #expect(symptom(fixture, blobs) == nil)
        let files = disk.allFiles().filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        var random = SmallRandom(seed: 2)
        var flips = 0
        for (path, bytes) in files {
            for turn in 0..<60 {
                // The edges, where the structure is, and places all over.
                let index =
                    turn < 20
                    ? min(turn * 3, bytes.count - 1)
                    : turn < 40
                        ? max(0, bytes.count - 1 - (turn - 20) * 4)
                        : random.integer(in: 0..<bytes.count)
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(random.integer(in: 0..<8))
                try writeAtomically(flipped, to: DiskPath(path), on: disk, durable: true)
                let symptom = symptom(fixture, blobs)
                #expect(symptom != nil, "byte \(index) of \(path) was flipped and nobody saw it")
                try writeAtomically(bytes, to: DiskPath(path), on: disk, durable: true)
                flips += 1
            }
        }
        print("bit flips tried in \(files.count) files: \(flips)")
    }

    @Test func `a file that is cut short or gone is found, and nothing crashes`() throws {
        let (fixture, disk, blobs) = try filledStore()
        let files = disk.allFiles().filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        for (path, bytes) in files {
            for length in [0, 1, 31, 63, bytes.count / 2, bytes.count - 65, bytes.count - 1]
            where length >= 0 && length < bytes.count {
                try writeAtomically(
                    Array(bytes.prefix(length)), to: DiskPath(path), on: disk, durable: true)
                let symptom = symptom(fixture, blobs)
                // An empty journal is that of a store without commits: its packs are garbage then.
                #expect(symptom != nil, "\(path) was cut to \(length) and nobody saw it")
                try writeAtomically(bytes, to: DiskPath(path), on: disk, durable: true)
            }
            try disk.removeFile(DiskPath(path))
            // A lost index or head is made anew, which is no problem at all.
            let isDerived = path.hasSuffix(".idx") || path.hasSuffix(JournalHead.fileName)
            #expect(symptom(fixture, blobs) != nil || isDerived, "\(path) is gone")
            try writeAtomically(bytes, to: DiskPath(path), on: disk, durable: true)
        }
    }

    @Test func `verify names the pack, the place and the objects, and goes on`() throws {
        let (fixture, disk, _) = try filledStore()
        let packs = disk.allFiles().filter { $0.key.hasSuffix(".pack") }
        for (path, bytes) in packs {
            var flipped = bytes
            flipped[100] ^= 1
            try writeAtomically(flipped, to: DiskPath(path), on: disk, durable: true)
        }
        let report = try fixture.reopened().verify(.full)
        #expect(!report.isSound)
        for path in packs.keys {
            let name = "packs/" + path.split(separator: "/").last.map(String.init)!
            let problem = report.problems.first { $0.file == name && $0.offset != nil }
            #expect(problem?.severity == .damaged)
            #expect(problem?.offset == 32)
            #expect(problem?.affected.isEmpty == false)
        }
        let error = #expect(throws: StoreError.self) {
            for (key, _) in try filledStore().2 {
                _ = try fixture.reopened().readBlob(key, maximumBytes: 1 << 20)
            }
        }
        #expect(error?.kind == .corrupt)
        #expect(error?.advice?.contains("mlstore fsck") == true)
    }

    @Test func `a pack whose directory is damaged is still read by its frames`() throws {
        let (fixture, disk, blobs) = try filledStore()
        for (path, bytes) in disk.allFiles() where path.hasSuffix(".pack") {
            var damaged = bytes
            damaged[bytes.count - 70] ^= 1
            try writeAtomically(damaged, to: DiskPath(path), on: disk, durable: true)
        }
        try disk.removeTree(fixture.root / "index")
        let store = try fixture.reopened()
        for (id, blob) in blobs { #expect(try store.readBlob(id, maximumBytes: 1 << 20) == blob) }
        #expect(try !store.verify(.structure).isSound)
    }
}

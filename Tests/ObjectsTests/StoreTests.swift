import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct StoreTests {
    @Test func `what was committed is read by the same store and by another`() throws {
        let fixture = try StoreFixture()
        var random = SmallRandom(seed: 1)
        let blobs = [
            [], [0], random.text(5000), random.bytes(128 << 10), random.bytes(140_000),
            random.text(1_500_000), random.bytes(2_500_000),
        ]
        let session = try fixture.store.beginSession()
        var ids: [BlobID] = []
        for blob in blobs {
            let receipt = try session.putBlob(blob)
            #expect(receipt.id == BlobID(sha256(blob)))
            #expect(receipt.sizeBytes == blob.count)
            #expect(receipt.newBytesPlain == blob.count)
            ids.append(receipt.id)
        }
        let record = try session.putRecord(["type": "test", "n": 1])
        #expect(!fixture.store.contains(ids[0]))
        let report = try session.commit(
            refs: [RefChange(name: .head, expected: nil, new: record)], note: ["command": "test"])
        #expect(report.entry?.sequence == 1)
        for store in [fixture.store, try fixture.reopened()] {
            for (id, blob) in zip(ids, blobs) {
                #expect(store.contains(id))
                #expect(try store.size(of: id) == blob.count)
                #expect(try store.readBlob(id, maximumBytes: 10 << 20) == blob)
                var streamed: [UInt8] = []
                try store.streamBlob(id) { streamed.append(contentsOf: $0) }
                #expect(streamed == blob)
                let chunks = try store.chunkList(of: id)
                #expect(chunks.reduce(0) { $0 + $1.length } == blob.count)
            }
            #expect(try store.ref(.head) == record)
            #expect(try store.readRecord(record) == ["type": "test", "n": 1])
            let entry = try #require(try store.journal().last)
            #expect(try store.note(of: entry) == ["command": "test"])
            let verified = try store.verify(.full)
            #expect(verified.problems.isEmpty, "\(verified.problems)")
        }
    }

    @Test func `content that is there already is not stored again`() throws {
        let fixture = try StoreFixture()
        var random = SmallRandom(seed: 2)
        let big = random.text(1_000_000)
        let small = random.text(3000)
        try fixture.store.add(big)
        try fixture.store.add(small)
        let session = try fixture.store.beginSession()
        #expect(try session.putBlob(big).newBytesPlain == 0)
        #expect(try session.putBlob(small).newBytesPlain == 0)
        let longer = try session.putBlob(big + random.text(1000))
        #expect(longer.newBytesPlain < 500_000)
        #expect(try session.putBlob(big + big).newBytesPlain < 1_000_000)
        _ = try session.commit()
        let empty = try fixture.store.beginSession()
        _ = try empty.putBlob(small)
        #expect(try empty.commit().entry == nil)
    }

    @Test func `packs do not depend on the number of threads`() throws {
        try withTemporaryFolder { directory in
            var random = SmallRandom(seed: 3)
            var files: [FileToStore] = []
            for index in 0..<200 {
                let path = directory / "f\(index)"
                let size = random.once(in: 20) ? 200_000 : random.integer(in: 0..<9000)
                try writeAtomically(
                    random.once(in: 2) ? random.text(size) : random.bytes(size), to: path,
                    on: LocalDisk(), durable: false)
                let status = try #require(
                    try LocalDisk().status(of: path, followingLinks: true))
                files.append(FileToStore(path: path, status: status))
            }
            let big = random.text(3_000_000)
            var results: [[PackID]] = []
            for threads in [1, 2, 7] {
                let fixture = try StoreFixture(
                    on: LocalDisk(), at: directory / "s\(threads)", threads: threads)
                let session = try fixture.store.beginSession()
                let receipts = try session.putBlobs(files)
                #expect(receipts.map(\.sizeBytes) == files.map(\.status.size))
                _ = try session.putBlob(big)
                let report = try session.commit()
                results.append(report.entry?.packs.map(\.id) ?? [])
                let verified = try fixture.store.verify(.full)
                #expect(verified.problems.isEmpty, "\(verified.problems)")
                for (file, receipt) in zip(files, receipts) {
                    let bytes = try LocalDisk().readFile(file.path, maximumBytes: 1 << 20)
                    #expect(receipt.id == BlobID(sha256(bytes)))
                    #expect(try fixture.store.readBlob(receipt.id, maximumBytes: 1 << 20) == bytes)
                }
            }
            #expect(results[0].count == 2)
            #expect(results[0] == results[1] && results[1] == results[2])
        }
    }

    @Test func `a huge sparse file is quick to store and takes next to nothing`() throws {
        try withTemporaryFolder { directory in
            let path = directory / "sparse"
            let file = try LocalDisk().openFile(path, .createNew(permissions: 0o644))
            try file.truncate(to: 200 << 20)
            let fixture = try StoreFixture(on: LocalDisk(), at: directory / "store")
            let session = try fixture.store.beginSession()
            let receipt = try session.putBlob(file: file, expected: file.status(), name: "sparse")
            #expect(receipt.sizeBytes == 200 << 20)
            #expect(receipt.newBytesPlain == 1 << 20)
            #expect(try session.commit().storedBytes < 20_000)
            #expect(try fixture.store.chunkList(of: receipt.id).count == 200)
            var count = 0
            try fixture.store.streamBlob(receipt.id) { count += $0.count }
            #expect(count == 200 << 20)
        }
    }

    @Test func `a file that changes while it is stored is refused`() throws {
        try withTemporaryFolder { directory in
            let fixture = try StoreFixture(on: LocalDisk(), at: directory / "store")
            for size in [1000, 300_000] {
                let path = directory / "f\(size)"
                let file = try LocalDisk().openFile(path, .createNew(permissions: 0o644))
                try file.write(SmallRandom.letters(size), at: 0)
                let before = try file.status()
                try file.write([1, 2, 3], at: size)
                let session = try fixture.store.beginSession()
                for attempt in 0..<2 {
                    let error = #expect(throws: StoreError.self) {
                        if attempt == 0 {
                            _ = try session.putBlob(file: file, expected: before, name: "data.bin")
                        } else {
                            _ = try session.putBlobs([FileToStore(path: path, status: before)])
                        }
                    }
                    #expect(error?.kind == .changedMeanwhile)
                }
                // The session goes on.
                let now = try file.status()
                #expect(
                    try session.putBlob(file: file, expected: now, name: "data.bin").sizeBytes
                        == size + 3)
                _ = try session.commit()
            }
        }
    }

    @Test
    func `a ref that another commit changed is a conflict, and the commit can be tried again`()
        throws
    {
        let fixture = try StoreFixture()
        let other = try fixture.reopened()
        let name = refName("tags/x")
        let first = try fixture.store.beginSession()
        let mine = try first.putRecord(["mine": 1])
        let second = try other.beginSession()
        let theirs = try second.putRecord(["theirs": 1])
        _ = try second.commit(refs: [RefChange(name: name, expected: nil, new: theirs)])
        let error = #expect(throws: StoreError.self) {
            try first.commit(refs: [RefChange(name: name, expected: nil, new: mine)])
        }
        #expect(error?.kind == .conflict)
        #expect(try fixture.store.ref(name) == nil)
        try fixture.store.refresh()
        #expect(try fixture.store.ref(name) == theirs)
        _ = try first.commit(refs: [RefChange(name: name, expected: theirs, new: mine)])
        #expect(try fixture.store.ref(name) == mine)
        try other.refresh()
        #expect(try other.ref(name) == mine)
        #expect(try other.readRecord(mine) == ["mine": 1])
        #expect(try fixture.store.verify(.full).problems.isEmpty)
        let removal = try other.beginSession()
        _ = try removal.commit(refs: [RefChange(name: name, expected: mine, new: nil)])
        #expect(try other.refs().isEmpty)
        #expect(try other.journal().count == 3)
    }

    @Test func `an abandoned session leaves nothing, also after a conflict`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let before = disk.allFiles()
        let session = try fixture.store.beginSession()
        _ = try session.putBlob(SmallRandom.letters(500_000))
        let record = try session.putRecord(["a": 1])
        let other = RecordID(.zero)
        #expect(throws: StoreError.self) {
            try session.commit(refs: [RefChange(name: .head, expected: other, new: record)])
        }
        session.abandon()
        #expect(throws: StoreError.self) { try session.putBlob([1]) }
        let after = disk.allFiles().filter {
            !$0.key.contains("/index/") && !$0.key.hasSuffix("lock")
        }
        #expect(after == before.filter { !$0.key.hasSuffix("lock") })
    }

    @Test func `leftovers of dead sessions are removed, living ones are not`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let living = try fixture.store.beginSession()
        _ = try living.putBlob([1, 2, 3])
        try disk.makeDirectories(fixture.root / "sessions" / "dead")
        try writeAtomically(
            [1], to: fixture.root / "sessions" / "dead" / "data-0", on: disk, durable: true)
        let next = try fixture.reopened().beginSession()
        let names = try disk.entries(of: fixture.root / "sessions").map {
            String(decoding: $0.name, as: UTF8.self)
        }
        #expect(!names.contains("dead"))
        #expect(names.count == 3)
        _ = try living.commit()
        next.abandon()
        #expect(try disk.entries(of: fixture.root / "sessions").count == 1)
    }

    @Test func `an index that is lost, damaged or not writable is rebuilt from the packs`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let id = try fixture.store.add(SmallRandom.letters(400_000)).id
        let segments = disk.allFiles().keys.filter { $0.hasSuffix(".idx") }
        #expect(segments.count == 1)
        try disk.removeTree(fixture.root / "index")
        #expect(try fixture.reopened().readBlob(id, maximumBytes: 1 << 20).count == 400_000)
        #expect(disk.allFiles().keys.filter { $0.hasSuffix(".idx") } == segments)
        for path in segments {
            try writeAtomically([1, 2, 3], to: DiskPath(path), on: disk, durable: true)
        }
        let reopened = try fixture.reopened()
        #expect(reopened.contains(id))
        let report = try reopened.verify(.structure)
        #expect(report.isSound)
        #expect(report.problems.map(\.severity) == [.mended])
    }

    @Test func `many commits merge their index segments and everything stays found`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        var ids: [BlobID] = []
        for index in 0..<40 {
            ids.append(try fixture.store.add(Array("blob \(index)".utf8), ref: refName("r")).id)
        }
        #expect(disk.allFiles().keys.filter { $0.hasSuffix(".idx") }.count <= 12)
        for store in [fixture.store, try fixture.reopened()] {
            for id in ids { #expect(store.contains(id)) }
            #expect(try store.verify(.full).problems.isEmpty)
        }
    }

    @Test func `a store with a newer version or an unknown feature is refused by name`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        for (text, word) in [
            (#"{"features":[],"format":"mlstore store","version":2}"#, "version 2"),
            (#"{"features":["encryption"],"format":"mlstore store","version":1}"#, "encryption"),
        ] {
            try writeAtomically(
                Array(text.utf8), to: fixture.root / "format", on: disk, durable: true)
            let error = #expect(throws: StoreError.self) { try fixture.reopened() }
            #expect(error?.kind == .newerFormat)
            #expect(error?.message.contains(word) == true)
        }
        let missing = #expect(throws: StoreError.self) {
            try ObjectStore.open(at: DiskPath("/nowhere"), on: disk, entropy: .seeded(1))
        }
        #expect(missing?.kind == .notFound)
        let again = #expect(throws: StoreError.self) { try StoreFixture(on: disk) }
        #expect(again?.kind == .alreadyExists)
    }

    @Test func `what is not here is said to be not here`() throws {
        let fixture = try StoreFixture()
        let id = BlobID(sha256([1]))
        for attempt in 0..<4 {
            let error = #expect(throws: StoreError.self) {
                switch attempt {
                case 0: _ = try fixture.store.size(of: id)
                case 1: _ = try fixture.store.readBlob(id, maximumBytes: 10)
                case 2: try fixture.store.streamBlob(id) { _ in }
                default: _ = try fixture.store.encodedFrame(containing: .chunk, id.digest)
                }
            }
            #expect(error?.kind == .notInStore)
        }
    }

    @Test func `a commit of many files takes four syncs`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let before = disk.changeLog.count
        let session = try fixture.store.beginSession()
        for index in 0..<300 { _ = try session.putBlob(Array("file \(index)".utf8)) }
        let record = try session.putRecord(["type": "test"])
        _ = try session.commit(refs: [RefChange(name: .head, expected: nil, new: record)])
        let syncs = disk.changeLog[before...].filter { $0.contains("sync") }
        #expect(syncs.count == 4, "\(syncs)")
    }
}

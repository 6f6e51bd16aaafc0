import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct StoreFixtureTests {
    @Test func `every fixture of a format is in the list of a test`() throws {
        var found: [String] = []
        for format in try ProjectFolder.names(in: "fixtures/formats") {
            for version in try ProjectFolder.names(in: "fixtures/formats/\(format)") {
                found.append("\(format)/\(version)")
            }
        }
        #expect(found == StoreFixture.all.map(\.name))
    }

    /// `MLSTORE_WRITE_FIXTURES=1 swift test --filter StoreFixtureTests` after removing the folder.
    @Test(.enabled(if: Environment.variable("MLSTORE_WRITE_FIXTURES") != nil))
    func `a fixture is written when that is asked for`() throws {
        try StoreFixture.all.last?.write()
    }

    @Test(arguments: StoreFixture.all)
    func `a store of every version opens, verifies and holds what it held`(
        fixture: StoreFixture
    ) throws {
        let manifest = try fixture.manifest()
        try withTemporaryFolder { directory in
            let root = try fixture.copy(below: directory)
            let store = try ObjectStore.open(at: root, on: LocalDisk(), entropy: .seeded(1))
            #expect(try store.ref(.head) == manifest.head)
            #expect(try store.journal().count == Int(manifest.commits))
            #expect(try SnapshotRecord(try store.readRecord(manifest.head)).tree == manifest.tree)
            #expect(try store.tree(manifest.tree).entries() == manifest.entries)
            for entry in manifest.entries {
                guard let blob = entry.blob else { continue }
                let bytes = try store.readBlob(blob, maximumBytes: 1 << 20)
                #expect(bytes.count == entry.size, "\(entry.path)")
                #expect(sha256(bytes) == blob.digest, "\(entry.path)")
            }
            let report = try store.verify(.full)
            #expect(report.problems.isEmpty, "\(report.problems)")
            #expect(report.objects > 10)
        }
    }

    @Test(arguments: StoreFixture.all)
    func `a store of every version can be written to, and its index made anew`(
        fixture: StoreFixture
    ) throws {
        try withTemporaryFolder { directory in
            let root = try fixture.copy(below: directory)
            try LocalDisk().removeTree(root / "index")
            let store = try ObjectStore.open(at: root, on: LocalDisk(), entropy: .seeded(1))
            let session = try store.beginSession()
            let receipt = try session.putBlob(Array("something new\n".utf8))
            _ = try session.commit(note: ["command": "add"])
            let again = try ObjectStore.open(at: root, on: LocalDisk(), entropy: .seeded(2))
            #expect(again.contains(receipt.id))
            #expect(try again.verify(.full).isSound)
        }
    }

    @Test(arguments: StoreFixture.all)
    func `the files of a fixture are together small`(fixture: StoreFixture) throws {
        #expect(try fixture.files().reduce(0) { $0 + $1.bytes.count } < 200_000)
    }
}

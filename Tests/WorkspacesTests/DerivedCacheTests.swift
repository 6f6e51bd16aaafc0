import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// What was worked out is kept until it is damaged, deleted or too much.
@Suite struct DerivedCacheTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace
    private var cache: DerivedCache { workspace.sums }
    private var place: DiskPath { folder.path / ".mlstore/state/sums" }

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local()).workspace
    }

    @Test func `what is kept is found again, and empty bytes too`() {
        let (one, other) = (sha256([1]), sha256([2]))
        #expect(cache.load(one) == nil)
        cache.save([1, 2, 3], one)
        cache.save([], other)
        #expect(cache.load(one) == [1, 2, 3])
        #expect(cache.load(other) == [])
        #expect(workspace.profiles.load(one) == nil)
    }

    @Test func `no damage is believed`() throws {
        let (one, other) = (sha256([1]), sha256([2]))
        let disk = LocalDisk()
        cache.save(Array("the sums of some rows".utf8), one)
        let bytes = try disk.readFile(place / one.hex, maximumBytes: 1000)
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 0x10
            for damaged in [flipped, Array(bytes[..<index])] {
                try writeAtomically(damaged, to: place / one.hex, on: disk, durable: false)
                #expect(cache.load(one) == nil)
            }
        }
        // Nor an entry under the name of another.
        try writeAtomically(bytes, to: place / other.hex, on: disk, durable: false)
        #expect(cache.load(other) == nil)
    }

    @Test func `too much is trimmed to half, and what cannot be written is not kept`() throws {
        var random = SmallRandom(seed: 1)
        let keys = (0..<10).map { sha256([UInt8($0)]) }
        for key in keys { cache.save(random.bytes(1000), key) }
        cache.trim(to: 20_000)
        #expect(keys.allSatisfy { cache.load($0) != nil })
        cache.trim(to: 8000)
        let left = keys.count { cache.load($0) != nil }
        #expect((2...4).contains(left), "\(left)")
        try LocalDisk().removeTree(place)
        try folder.write("no folder", to: ".mlstore/state/sums")
        cache.save([1], keys[0])
        cache.trim()
        #expect(cache.load(keys[0]) == nil)
    }
}

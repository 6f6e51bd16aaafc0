import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct BlobPartsTests {
    private func makeStore(_ bytes: [UInt8]) throws -> (store: ObjectStore, blob: BlobID) {
        let store = try ObjectStore.create(
            at: DiskPath("/store"), on: SimulatedDisk(), entropy: .seeded(1), clock: .forTests,
            threads: 2)
        let session = try store.beginSession()
        let blob = try session.putBlob(bytes).id
        _ = try session.commit()
        return (store, blob)
    }

    private func read(
        _ store: ObjectStore, _ blob: BlobID, _ size: Int, _ range: Range<Int>
    ) throws -> [UInt8] {
        var found: [UInt8] = []
        try store.streamBlob(blob, sizeBytes: size, in: range) { found += $0 }
        return found
    }

    @Test(arguments: [0, 1, 700, 300_000, 3_000_000])
    func `every range of a blob is the same as that part of all of it`(size: Int) throws {
        var random = SmallRandom(seed: UInt64(size))
        let bytes = random.bytes(size)
        let (store, blob) = try makeStore(bytes)
        let ends = [0, 1, size / 3, size / 2, max(0, size - 1), size]
        for start in ends {
            for end in ends where start <= end && end <= size {
                #expect(try read(store, blob, size, start..<end) == Array(bytes[start..<end]))
            }
        }
    }

    @Test func `of a range only the chunks it lies in are read, and few at a time`() throws {
        var random = SmallRandom(seed: 5)
        let bytes = random.bytes(20_000_000)
        let (store, blob) = try makeStore(bytes)
        var keys: [ObjectKey] = []
        var atOnce = 0
        let parts = BlobParts(windowBytes: 1 << 20) { wanted in
            keys += wanted
            let found = try wanted.map {
                try store.readObject($0.kind, $0.digest, maximumBytes: 1 << 24)
            }
            atOnce = max(atOnce, found.reduce(0) { $0 + $1.count })
            return found
        }
        var found: [UInt8] = []
        let recipe = ObjectKey(.recipe, blob.digest)
        try parts.forEachPiece(of: recipe, sizeBytes: bytes.count, in: 9_000_000..<9_000_010) {
            found += $0
        }
        #expect(found == Array(bytes[9_000_000..<9_000_010]))
        #expect(keys.count { $0.kind == .chunk } <= 2)
        found = []
        try parts.forEachPiece(of: recipe, sizeBytes: bytes.count, in: 0..<bytes.count) {
            found += $0
        }
        #expect(found == bytes && atOnce < 3 << 20)
    }

    @Test func `a size, a chunk or a recipe that is not what was said is refused`() throws {
        var random = SmallRandom(seed: 6)
        let bytes = random.bytes(1_000_000)
        let (store, blob) = try makeStore(bytes)
        let (other, otherBlob) = try makeStore(random.bytes(1_000_000))
        func parts(_ change: @escaping (ObjectKey, [UInt8]) -> [UInt8]) -> BlobParts {
            BlobParts { keys in
                try keys.map {
                    change($0, try store.readObject($0.kind, $0.digest, maximumBytes: 1 << 24))
                }
            }
        }
        func stream(_ parts: BlobParts, size: Int = 1_000_000) throws {
            let key = ObjectKey(.recipe, blob.digest)
            try parts.forEachPiece(of: key, sizeBytes: size, in: 0..<size) { _ in }
        }
        try stream(parts { $1 })
        for bad in [
            { try stream(parts { $1 }, size: 999_999) },
            { try stream(parts { $0.kind == .chunk ? $1.dropLast() : $1 }) },
            {
                try stream(
                    parts { $0.kind == .chunk ? [UInt8](repeating: 7, count: $1.count) : $1 })
            },
            { try stream(parts { $0.kind == .recipe ? $1.dropLast() : $1 }) },
            {
                let recipe = try other.readObject(
                    .recipe, otherBlob.digest, maximumBytes: 1 << 20)
                try stream(parts { $0.kind == .recipe ? recipe : $1 })
            },
        ] as [() throws -> Void] {
            let error = #expect(throws: StoreError.self) { try bad() }
            #expect(error?.kind == .corrupt)
        }
    }
}

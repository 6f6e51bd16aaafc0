import Bytes
import Platform
import TestSupport
import Vocabulary

@testable import Objects

/// A store for tests: on a simulated disk unless said otherwise.
struct StoreFixture {
    let disk: any Disk
    let root: DiskPath
    let store: ObjectStore

    init(
        on disk: any Disk = SimulatedDisk(), at root: DiskPath = DiskPath("/store"),
        threads: Int = 2, seed: UInt64 = 1
    ) throws {
        self.disk = disk
        self.root = root
        store = try ObjectStore.create(
            at: root, on: disk, entropy: .seeded(seed), clock: .forTests, threads: threads)
    }

    /// The store as another process would open it.
    func reopened(seed: UInt64 = 2, threads: Int = 2) throws -> ObjectStore {
        try ObjectStore.open(
            at: root, on: disk, entropy: .seeded(seed), clock: .forTests, threads: threads)
    }
}

extension ObjectStore {
    /// Stores one blob in a commit of its own.
    @discardableResult
    func add(_ bytes: [UInt8], ref: RefName? = nil) throws -> BlobReceipt {
        let session = try beginSession()
        let receipt = try session.putBlob(bytes)
        var changes: [RefChange] = []
        if let ref {
            let record = try session.putRecord([
                "type": "test", "blob": .string(receipt.id.description),
            ])
            changes.append(RefChange(name: ref, expected: try self.ref(ref), new: record))
        }
        _ = try session.commit(refs: changes)
        return receipt
    }
}

func refName(_ text: String) -> RefName {
    guard let name = RefName(text) else { preconditionFailure("a valid name in a test") }
    return name
}

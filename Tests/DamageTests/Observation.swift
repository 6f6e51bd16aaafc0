import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// What a damaged store says of itself.
struct Observation {
    /// Something failed, or `verify` found something: the damage did not go unnoticed.
    var isDetected = false
    /// Something was read that is not what was stored: the one thing that must never be.
    var wrong: [String] = []
    /// How many reads failed.
    var failures: [StoreError] = []
    /// The blobs that could not be read.
    var unreadable: Set<BlobID> = []

    /// Opens the store, reads everything in it, and verifies it.
    init(_ sample: SampleStore, on disk: SimulatedDisk) {
        let store: ObjectStore
        do {
            store = try SampleStore.open(disk)
        } catch {
            note(error)
            unreadable = Set(sample.blobs.keys)
            return
        }
        readAll(sample, store)
        do {
            let report = try store.verify(.full)
            if !report.problems.isEmpty { isDetected = true }
            if !failures.isEmpty, report.isSound { wrong.append("verify finds a bad store sound") }
        } catch { note(error) }
    }

    private mutating func note(_ error: any Error) {
        isDetected = true
        guard let error = error as? StoreError else {
            wrong.append("an error of another type: \(error)")
            return
        }
        let kinds: [StoreError.Kind] = [
            .corrupt, .newerFormat, .notInStore, .notFound, .unsupportedFile,
        ]
        if !kinds.contains(error.kind) { wrong.append("\(error.kind): \(error.message)") }
        failures.append(error)
    }

    /// Whether it could be read.
    @discardableResult
    private mutating func expect<Value: Equatable>(
        _ what: String, _ expected: Value, _ read: () throws -> Value
    ) -> Bool {
        do {
            if try read() != expected { wrong.append("another \(what) was read") }
            return true
        } catch {
            note(error)
            return false
        }
    }

    private mutating func readAll(_ sample: SampleStore, _ store: ObjectStore) {
        expect("set of refs", sample.refs) { try store.refs() }
        expect("tree", sample.entries) { try store.tree(sample.tree).entries() }
        for (id, bytes) in sample.blobs.sorted(by: { $0.key < $1.key }) {
            let isRead = expect("blob", bytes) { try store.readBlob(id, maximumBytes: 1 << 24) }
            if !isRead { unreadable.insert(id) }
            expect("size", bytes.count) { try store.size(of: id) }
        }
        for id in sample.refs.values {
            expect("snapshot", sample.tree) { try SnapshotRecord(store.readRecord(id)).tree }
        }
    }
}

/// Whether the next command can go on: stores a blob and commits it, or fails in words.
struct NextCommand {
    let succeeded: Bool
    let wrong: String?

    init(on disk: SimulatedDisk) {
        do {
            let store = try SampleStore.open(disk)
            let session = try store.beginSession()
            let id = try session.putBlob(Array("after the damage".utf8)).id
            _ = try session.commit(note: ["command": "add"])
            let again = try SampleStore.open(disk)
            let bytes = try again.readBlob(id, maximumBytes: 100)
            succeeded = true
            wrong = bytes == Array("after the damage".utf8) ? nil : "another blob was read"
        } catch let error as StoreError {
            succeeded = false
            let says = error.message.isEmpty || error.kind == .internalFault
            wrong = says ? "\(error.kind): \(error.message)" : nil
        } catch {
            succeeded = false
            wrong = "an error of another type: \(error)"
        }
    }
}

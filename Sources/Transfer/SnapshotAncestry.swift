import Bytes
import Objects
import Vocabulary

/// Whether one snapshot came after another.
struct SnapshotAncestry {
    let store: ObjectStore

    /// Whether `earlier` is `later` or one of the snapshots before it, as far as they are here.
    func follows(_ later: RecordID, _ earlier: RecordID) throws -> Bool {
        var seen: Set<RecordID> = [later]
        var pending = [later]
        while let record = pending.popLast() {
            if record == earlier { return true }
            guard store.contains(.record, record.digest) else { continue }
            let value = try store.readRecord(record)
            guard let snapshot = try? SnapshotRecord(value) else { continue }
            for parent in snapshot.parents where seen.insert(parent.record).inserted {
                pending.append(parent.record)
            }
        }
        return false
    }
}

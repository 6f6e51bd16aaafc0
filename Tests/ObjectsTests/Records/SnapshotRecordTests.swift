import Bytes
import Objects
import Testing
import Vocabulary

@Suite struct SnapshotRecordTests {
    private let record = SnapshotRecord(
        tree: TreeID(sha256([1])), parents: [SnapshotID(sha256([2]))], author: "A <a@b>",
        message: "first\n\"light\"", time: Timestamp(milliseconds: 1_700_000_000_123))

    @Test func `a snapshot comes back from its canonical bytes`() throws {
        let json = try JSONValue(parsing: record.json.canonical)
        #expect(try SnapshotRecord(json) == record)
        #expect(json["type"] == "snapshot")
        #expect(json["version"] == 1)
    }

    @Test func `fields that are not known are left alone`() throws {
        guard case .object(var fields) = record.json else { return }
        fields["signature"] = "x"
        #expect(try SnapshotRecord(.object(fields)) == record)
    }

    @Test(arguments: ["type", "version", "tree", "parents", "author", "message", "time"])
    func `a field that is missing or wrong is malformed`(field: String) {
        guard case .object(var fields) = record.json else { return }
        fields[field] = nil
        let missing = #expect(throws: StoreError.self) { try SnapshotRecord(.object(fields)) }
        #expect(missing?.kind == .malformed)
        fields[field] = [1, "x"]
        let wrong = #expect(throws: StoreError.self) { try SnapshotRecord(.object(fields)) }
        #expect(wrong?.kind == .malformed)
    }

    @Test func `a snapshot of a later version asks for a newer program`() {
        guard case .object(var fields) = record.json else { return }
        fields["version"] = 2
        let error = #expect(throws: StoreError.self) { try SnapshotRecord(.object(fields)) }
        #expect(error?.kind == .newerFormat)
        #expect(throws: StoreError.self) { try SnapshotRecord(.array([])) }
    }
}

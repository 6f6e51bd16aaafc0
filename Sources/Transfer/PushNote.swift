import Bytes
import Objects
import Vocabulary

/// What one push named: a record on the remote, under `pushes/<sha256 of the list>`.
///
/// Data is on a remote because a pointer or a lock file somewhere names it, which the remote cannot
/// see. So that a collection need not know every clone of everybody's, the remote keeps what
/// each push said. Equal lists make one note, of the time of the last of them. They stay on the
/// remote: no fetch takes them along.
struct PushNote: Sendable {
    static let prefix = "pushes/"
    static let type = "push"

    /// The name of the ref.
    let name: RefName
    /// The record.
    let id: RecordID
    private let value: JSONValue

    /// The note of a push of these contents; nil where there are none.
    init?(_ contents: [(path: String, id: ContentID)], at time: Timestamp) throws {
        guard !contents.isEmpty else { return nil }
        let list = Set(contents.map { [$0.path, $0.id.description] })
            .sorted { $0.lexicographicallyPrecedes($1) }
        let items = list.map { item -> JSONValue in .array(item.map { .string($0) }) }
        let named = sha256(JSONValue.array(items).canonical)
        guard let name = RefName(PushNote.prefix + named.hex) else { return nil }
        self.name = name
        value = [
            "type": .string(PushNote.type), "version": 1, "contents": .array(items),
            "time": .string(time.description),
        ]
        guard let digest = objectDigest(.record, value.canonical) else { return nil }
        id = RecordID(digest)
    }

    /// The record as a frame.
    func frame(_ store: ObjectStore) throws -> EncodedFrame {
        try store.encodedFrame(of: [(ObjectKey(.record, id.digest), value.canonical)])
    }

    /// What the push sent that a note tells of; empty where the record is no such note.
    static func contents(of record: JSONValue) -> [ContentID] {
        guard record["type"]?.stringValue == type else { return [] }
        return (record["contents"]?.arrayValue ?? []).compactMap {
            $0.arrayValue?.last?.stringValue.flatMap { ContentID(text: $0) }
        }
    }

    /// When the push was that a note tells of; nil where the record is no such note.
    static func time(of record: JSONValue) -> Timestamp? {
        guard record["type"]?.stringValue == type else { return nil }
        return record["time"]?.stringValue.flatMap { Timestamp($0) }
    }
}

extension RefName {
    /// Whether the name is that of a note of a push.
    var isPushNote: Bool { description.hasPrefix(PushNote.prefix) }
}

import Bytes
import Vocabulary

/// A `state/<hex>` file: everything that one root stands for.
struct RemoteState: Hashable, Sendable {
    /// An index segment, and what its reader may want to know before reading it.
    struct Segment: Hashable, Sendable {
        var id: Digest
        var sizeBytes: Int
        var objects: Int
    }

    /// All refs.
    var refs: [RefName: RecordID] = [:]
    /// The segments that together name every object; in the order they were added.
    var segments: [Segment] = []

    var bytes: [UInt8] {
        var table: [String: JSONValue] = [:]
        for (name, id) in refs { table[name.description] = .string(id.digest.hex) }
        let list = segments.map { segment -> JSONValue in
            [
                "id": .string(segment.id.hex), "size": JSONValue(segment.sizeBytes),
                "objects": JSONValue(segment.objects),
            ]
        }
        let value: JSONValue = [
            "type": "mlstore state", "version": 1, "refs": .object(table), "index": .array(list),
        ]
        return value.canonical + [0x0a]
    }

    init(refs: [RefName: RecordID] = [:], segments: [Segment] = []) {
        self.refs = refs
        self.segments = segments
    }

    init(parsing bytes: [UInt8], named id: Digest, on remote: String) throws {
        let file = "state/" + id.hex
        let wrong = StoreError.damagedRemote(remote, file, "it does not have the right shape")
        guard sha256(bytes) == id else {
            throw StoreError.damagedRemote(remote, file, "its bytes have another digest")
        }
        guard let value = try? JSONValue(parsing: bytes),
            value["type"]?.stringValue == "mlstore state",
            let version = value["version"]?.integerValue
        else { throw wrong }
        guard version == 1 else { throw StoreError.newerRemote(remote, file, version) }
        guard let table = value["refs"]?.objectValue, let list = value["index"]?.arrayValue else {
            throw wrong
        }
        for (name, value) in table {
            guard let name = RefName(name),
                let id = value.stringValue.flatMap({ Digest(hex: $0) })
            else { throw wrong }
            refs[name] = RecordID(id)
        }
        for item in list {
            guard let id = item["id"]?.stringValue.flatMap({ Digest(hex: $0) }),
                let size = item["size"]?.integerValue, size >= 0,
                let objects = item["objects"]?.integerValue, objects >= 0
            else { throw wrong }
            segments.append(Segment(id: id, sizeBytes: Int(size), objects: Int(objects)))
        }
    }
}

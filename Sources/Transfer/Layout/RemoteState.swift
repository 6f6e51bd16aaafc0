import Bytes
import Objects
import Remotes
import Vocabulary

/// A `state/<n>-<hex>` file: everything that one root stands for.
struct RemoteState: Hashable, Sendable {
    /// An index segment, and what its reader may want to know before reading it.
    struct Segment: Hashable, Sendable {
        var id: Digest
        var sizeBytes: Int
        var objects: Int
        /// For which root it was made: a part of its name; 0 for one without.
        var sequence = 0

        /// Where it stands.
        func name() throws -> RemoteFileName {
            try RemoteLayout.index(id, sequence: sequence)
        }
    }

    /// All refs.
    var refs: [RefName: RecordID] = [:]
    /// The segments that together name every object; in the order they were added.
    var segments: [Segment] = []
    /// The note of the push that came last, if it left one.
    var lastPush: RefName?
    /// How many collections took something away. What was found in the index of an earlier one may
    /// be gone.
    var collections = 0
    /// Sessions whose packs are removed unless a segment names them: nothing of them is published
    /// any more.
    var fenced: Set<[UInt8]> = []
    /// Sessions of which the last collection saw packs that no segment names, with how many.
    var unfinished: [[UInt8]: Int] = [:]
    /// Listings and records in the index below which something was lost. A push looks below them too.
    var incomplete: Set<Digest> = []
    /// Whether what was lost may still be sent by somebody: until then no collection can tell what it
    /// kept. Only where something is incomplete.
    var awaitsLost = false

    /// Below these nothing is missing any more.
    mutating func mend(_ digests: Set<Digest>) {
        incomplete.subtract(digests)
        if incomplete.isEmpty { awaitsLost = false }
    }

    /// Written as the state of the root with this number, which makes each a file of its own.
    func bytes(sequence: Int) -> [UInt8] {
        let list = segments.map { segment -> JSONValue in
            [
                "id": .string(segment.id.hex), "size": JSONValue(segment.sizeBytes),
                "objects": JSONValue(segment.objects), "sequence": JSONValue(segment.sequence),
            ]
        }
        var counts: [String: JSONValue] = [:]
        for (session, count) in unfinished { counts[Hex.encode(session)] = JSONValue(count) }
        var value: [String: JSONValue] = [
            "type": "mlstore state", "version": 2, "sequence": JSONValue(sequence),
            "lastPush": lastPush.map { .string($0.description) } ?? nil,
            "refs": refTable, "index": .array(list), "collections": JSONValue(collections),
            "fenced": .array(fenced.map { Hex.encode($0) }.sorted().map { .string($0) }),
            "unfinished": .object(counts),
        ]
        if !incomplete.isEmpty {
            // Who does not know of these would take all below them to be there.
            value["version"] = 3
            value["incomplete"] = .array(incomplete.map(\.hex).sorted().map { .string($0) })
            value["awaitsLost"] = .bool(awaitsLost)
        }
        return JSONValue.object(value).canonical + [0x0a]
    }

    private var refTable: JSONValue {
        var table: [String: JSONValue] = [:]
        for (name, id) in refs { table[name.description] = .string(id.digest.hex) }
        return .object(table)
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
        guard (1...3).contains(version) else {
            throw StoreError.newerRemote(remote, file, version)
        }
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
            let sequence = version == 1 ? 0 : item["sequence"]?.integerValue ?? -1
            guard sequence >= 0 else { throw wrong }
            segments.append(
                Segment(
                    id: id, sizeBytes: Int(size), objects: Int(objects), sequence: Int(sequence)))
        }
        guard version == 1 || readCollections(value), version < 3 || readIncomplete(value) else {
            throw wrong
        }
    }

    /// What collections left; false where it does not have the right shape.
    private mutating func readCollections(_ value: JSONValue) -> Bool {
        guard let count = value["collections"]?.integerValue, count >= 0,
            let ended = value["fenced"]?.arrayValue, let open = value["unfinished"]?.objectValue
        else { return false }
        collections = Int(count)
        lastPush = value["lastPush"]?.stringValue.flatMap { RefName($0) }
        for item in ended {
            guard let session = RemoteState.session(item.stringValue) else { return false }
            fenced.insert(session)
        }
        for (name, item) in open {
            guard let session = RemoteState.session(name), let count = item.integerValue, count > 0
            else { return false }
            unfinished[session] = Int(count)
        }
        return true
    }

    private mutating func readIncomplete(_ value: JSONValue) -> Bool {
        guard let list = value["incomplete"]?.arrayValue, !list.isEmpty,
            let awaits = value["awaitsLost"]?.boolValue
        else { return false }
        awaitsLost = awaits
        for item in list {
            guard let digest = item.stringValue.flatMap({ Digest(hex: $0) }) else { return false }
            incomplete.insert(digest)
        }
        return true
    }

    private static func session(_ text: String?) -> [UInt8]? {
        guard let bytes = text.flatMap({ Hex.decode($0) }), bytes.count == PackFormat.nonceBytes
        else { return nil }
        return bytes
    }
}

import Bytes
package import Vocabulary

/// A change of one ref in a commit.
package struct RefChange: Hashable, Sendable {
    /// Which ref.
    package let name: RefName
    /// What it is before; nil when it must not exist.
    package let expected: RecordID?
    /// What it is afterwards; nil to remove it.
    package let new: RecordID?

    /// Makes the change.
    package init(name: RefName, expected: RecordID?, new: RecordID?) {
        self.name = name
        self.expected = expected
        self.new = new
    }
}

/// A pack as the journal names it.
package struct CommittedPack: Hashable, Sendable {
    /// The pack.
    package let id: PackID
    /// Bytes of its file.
    package let sizeBytes: Int
}

/// One record of the journal: what one commit added to the store.
package struct JournalEntry: Hashable, Sendable {
    /// 1 for the first commit of the store, then rising by one.
    package let sequence: Int
    /// When, by the clock of who committed; for people.
    package let time: Timestamp
    /// The note of the commit, stored as a record; nil where there was none.
    package let operation: RecordID?
    /// The packs that it added.
    package let packs: [CommittedPack]
    /// The refs that it changed.
    package let refs: [RefChange]
    /// Packs that count no more from here on: everything in them that is needed stands elsewhere.
    package let condemned: [CommittedPack]
    /// Packs that were condemned and count again, since this commit needs something in them.
    package let rescued: [CommittedPack]

    init(
        sequence: Int, time: Timestamp, operation: RecordID?, packs: [CommittedPack],
        refs: [RefChange], condemned: [CommittedPack] = [], rescued: [CommittedPack] = []
    ) {
        self.sequence = sequence
        self.time = time
        self.operation = operation
        self.packs = packs
        self.refs = refs
        self.condemned = condemned
        self.rescued = rescued
    }

    /// The payload of the record: `type` "commit", `version`, `time`, `operation` (hexadecimal or
    /// null), `packs` (each `id` and `size`), `refs` (each `name`, `old`, `new`). In version 2 also
    /// `condemned` and `rescued`, as `packs`; where both are empty the record is of version 1.
    var json: JSONValue {
        func id(_ value: RecordID?) -> JSONValue { value.map { .string($0.digest.hex) } ?? .null }
        func list(_ packs: [CommittedPack]) -> JSONValue {
            .array(
                packs.map { pack in
                    ["id": .string(pack.id.digest.hex), "size": JSONValue(pack.sizeBytes)]
                })
        }
        let refList = refs.map { change in
            JSONValue.object([
                "name": .string(change.name.description), "old": id(change.expected),
                "new": id(change.new),
            ])
        }
        var members: [String: JSONValue] = [
            "type": "commit", "version": 1, "time": .string(time.description),
            "operation": id(operation), "packs": list(packs), "refs": .array(refList),
        ]
        if !condemned.isEmpty || !rescued.isEmpty {
            members["version"] = 2
            members["condemned"] = list(condemned)
            members["rescued"] = list(rescued)
        }
        return .object(members)
    }
}

extension JournalEntry {
    /// Reads a payload whose checksum was right.
    init(sequence: Int, json: JSONValue) throws(FrameFault) {
        guard let version = json["version"]?.integerValue else { throw JournalEntry.wrong }
        guard (1...2).contains(version) else { throw .newer("journal record version \(version)") }
        guard json["type"]?.stringValue == "commit" else {
            throw .newer("another type of journal record")
        }
        guard let time = json["time"]?.stringValue.flatMap({ Timestamp($0) }) else {
            throw JournalEntry.wrong
        }
        self.init(
            sequence: sequence, time: time,
            operation: try JournalEntry.id(json["operation"]),
            packs: try JournalEntry.packs(json["packs"]),
            refs: try JournalEntry.refs(json["refs"]),
            condemned: version == 1 ? [] : try JournalEntry.packs(json["condemned"]),
            rescued: version == 1 ? [] : try JournalEntry.packs(json["rescued"]))
    }

    private static var wrong: FrameFault {
        .damaged(DecodeError(at: 0, "a journal record of another shape"))
    }

    private static func packs(_ value: JSONValue?) throws(FrameFault) -> [CommittedPack] {
        guard let items = value?.arrayValue else { throw wrong }
        var packs: [CommittedPack] = []
        for item in items {
            guard let digest = item["id"]?.stringValue.flatMap({ Digest(hex: $0) }),
                let size = item["size"]?.integerValue, size >= 0
            else { throw wrong }
            packs.append(CommittedPack(id: PackID(digest), sizeBytes: Int(size)))
        }
        return packs
    }

    private static func refs(_ value: JSONValue?) throws(FrameFault) -> [RefChange] {
        guard let items = value?.arrayValue else { throw wrong }
        var refs: [RefChange] = []
        for item in items {
            guard let name = item["name"]?.stringValue.flatMap({ RefName($0) }) else { throw wrong }
            refs.append(
                RefChange(name: name, expected: try id(item["old"]), new: try id(item["new"])))
        }
        return refs
    }

    private static func id(_ value: JSONValue?) throws(FrameFault) -> RecordID? {
        guard let value, !value.isNull else { return nil }
        guard let digest = value.stringValue.flatMap({ Digest(hex: $0) }) else { throw wrong }
        return RecordID(digest)
    }
}

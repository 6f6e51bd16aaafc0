package import Bytes
package import Objects
package import Vocabulary

/// What a replay of a run showed, as its record says: see docs/format/run-record.md.
package struct RunVerdict: Sendable, Equatable {
    /// The record.
    package let id: RecordID
    /// The ref that names it.
    package let name: RefName
    /// `bitwise`, `within tolerance`, `different`, `failed` or `unavailable`.
    package let verdict: String
    /// Who replayed it.
    package let author: String?
    /// When.
    package let replayedAt: Timestamp
    /// What of the machine the record says.
    package let machine: RunEnvironment
    /// What it proves, in words; nil where it proves nothing.
    package let proof: String?

    /// Nil for a record that is no verdict.
    init?(_ id: RecordID, _ name: RefName, _ json: JSONValue) {
        guard json["type"] == "verdict", let word = json["verdict"]?.stringValue,
            let time = json["replayedAt"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        self.id = id
        self.name = name
        // The first version called it so, and said neither who nor where.
        verdict = word == "equal" ? "bitwise" : word
        author = json["author"]?.stringValue
        replayedAt = time
        machine = RunEnvironment(json["machine"] ?? .object([:]))
        proof = json["proof"]?.stringValue
    }
}

extension RunVerdict: CustomStringConvertible {
    /// For reports.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(id.description), "verdict": .string(verdict),
            "replayedAt": .string(replayedAt.description), "machine": machine.classJSON,
        ]
        members["author"] = author.map { .string($0) }
        members["proof"] = proof.map { .string($0) }
        return .object(members)
    }

    /// `bitwise on any machine, 2026-11-24 09:00 by A. Nonymous on linux x86_64`.
    package var description: String {
        let time = String(replayedAt.description.prefix(16)).replacing("T", with: " ")
        let place = [machine.system, machine.architecture, machine.processor ?? ""]
            .filter { !$0.isEmpty }.joined(separator: " ")
        return "\(proof ?? verdict), \(time)"
            + (author.map { " by \(printableText(Array($0.utf8)))" } ?? "")
            + (place.isEmpty ? "" : " on \(place)")
    }
}

extension RunEnvironment {
    /// What tells one class of machine from another, and the program that ran on it.
    package var classJSON: JSONValue {
        var members: [String: JSONValue] = [
            "system": .string(system), "architecture": .string(architecture),
            "mlstore": .string(mlstoreVersion),
        ]
        members["processor"] = processor.map { .string($0) }
        members["acceleratorDriver"] = acceleratorDriver.map { .string($0) }
        if !accelerators.isEmpty {
            members["accelerators"] = .array(accelerators.map { .string($0) })
        }
        return .object(members)
    }
}

/// The verdicts on a run that are here, the newest first. Those whose records are elsewhere are left
/// out.
package func runVerdicts(of run: RunID, in store: ObjectStore) throws -> [RunVerdict] {
    try verdicts(below: "verdicts/" + run.digest.hex, in: store).map(\.verdict)
}

/// The newest verdict on each run.
package func newestVerdicts(in store: ObjectStore) throws -> [RunID: RunVerdict] {
    Dictionary(
        try verdicts(below: "verdicts/", in: store).map { ($0.run, $0.verdict) }
    ) { first, _ in first }
}

private func verdicts(
    below prefix: String, in store: ObjectStore
) throws -> [(run: RunID, verdict: RunVerdict)] {
    try store.refs(under: prefix).compactMap { name, id -> (run: RunID, verdict: RunVerdict)? in
        guard store.contains(.record, id.digest),
            case let json = try store.readRecord(id),
            let run = json["run"]?.stringValue.flatMap({ RunID(text: $0) }),
            let verdict = RunVerdict(id, name, json)
        else { return nil }
        return (run, verdict)
    }
    .sorted { ($1.verdict.replayedAt, $0.verdict.id) < ($0.verdict.replayedAt, $1.verdict.id) }
}

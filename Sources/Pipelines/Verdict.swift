package import Bytes
package import Learning
package import Vocabulary

/// What a replay of a locked stage showed.
package struct Verdict: Sendable {
    /// How it went.
    package enum Outcome: Sendable, Equatable {
        /// Every output has the id that the lock names.
        case equal
        /// At least one output differs.
        case different
        /// The replay did not come to its end.
        case failed(String)
        /// Inputs that are in no store here.
        case unavailable([RepoPath])

        /// The word in reports and records.
        package var name: String {
            switch self {
            case .equal: "equal"
            case .different: "different"
            case .failed: "failed"
            case .unavailable: "unavailable"
            }
        }
    }

    /// One output, compared.
    package struct Output: Sendable, Equatable {
        /// The path.
        package let path: RepoPath
        /// What the lock names.
        package let expected: ContentID
        /// What the replay gave; nil for nothing.
        package let found: ContentID?
        /// Where they first differ, if both could be read.
        package let difference: FirstDifference?
    }

    /// The stage.
    package let stage: String
    /// The run that was replayed.
    package let run: RunID
    /// How it went.
    package let outcome: Outcome
    /// The outputs in path order; empty when the replay did not come to its end.
    package let outputs: [Output]
    /// The step from which a training went another way, where both have a ledger.
    package let divergence: StepLedger.Divergence?
    /// What is not as it was when the run was recorded: the first suspects for a difference.
    package let environment: [EnvironmentDifference]
    /// When it was replayed.
    package let replayedAt: Timestamp
    /// How long the replay took.
    package let durationMilliseconds: Int64
}

/// The first place where two contents differ.
package struct FirstDifference: Sendable, Equatable {
    /// The file, where the contents are directories.
    package var file: RepoPath?
    /// The first byte that differs, counted from 0: the length of the shorter one if it is a
    /// prefix of the other. Nil where one of them is missing.
    package var byteOffset: Int?
    /// The line of that byte, counted from 1, in files of lines.
    package var line: Int?
    /// What of the file that byte belongs to: a cell of a table, an element of an array.
    package var element: String?
    /// The values that differ, for JSON and YAML.
    package var changes: [ValueChange] = []
}

extension Verdict {
    /// The record: type `verdict`.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "type": "verdict", "version": 1, "run": .string(run.description),
            "stage": .string(stage), "verdict": .string(outcome.name),
            "replayedAt": .string(replayedAt.description),
            "durationMilliseconds": .integer(durationMilliseconds),
            "outputs": .object(
                Dictionary(outputs.map { ($0.path.text ?? $0.path.description, $0.json) }) {
                    _, last in last
                }),
        ]
        if !environment.isEmpty {
            members["environment"] = .object(
                Dictionary(
                    environment.map { difference in
                        (
                            difference.subject,
                            [
                                "recorded": difference.recorded.map { .string($0) } ?? .null,
                                "present": difference.present.map { .string($0) } ?? .null,
                            ]
                        )
                    }
                ) { _, last in last })
        }
        members["training"] = divergence?.json
        switch outcome {
        case .failed(let reason): members["reason"] = .string(reason)
        case .unavailable(let paths):
            members["missing"] = .array(paths.map { .string($0.description) })
        case .equal, .different: break
        }
        return .object(members)
    }
}

extension Verdict.Output {
    /// Whether the replay gave the same bytes.
    package var isEqual: Bool { found == expected }

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "expected": .string(expected.description),
            "found": found.map { .string($0.description) } ?? .null,
        ]
        guard let difference else { return .object(members) }
        members["file"] = difference.file.map { .string($0.description) }
        members["byte"] = difference.byteOffset.map { JSONValue($0) }
        members["line"] = difference.line.map { JSONValue($0) }
        members["element"] = difference.element.map { .string($0) }
        if !difference.changes.isEmpty {
            members["values"] = .object(
                Dictionary(
                    difference.changes.map { change in
                        (
                            change.key,
                            ["expected": change.old ?? .null, "found": change.new ?? .null]
                        )
                    }
                ) { _, last in last })
        }
        return .object(members)
    }
}

extension FirstDifference: CustomStringConvertible {
    /// A few words for people: `first at byte 1234 (line 17)`, `'auc': 0.75 -> 0.76`.
    package var description: String {
        var parts: [String] = []
        if let file { parts.append("in '\(file)'") }
        if let byteOffset {
            parts.append("first at byte \(byteOffset)" + (line.map { " (line \($0))" } ?? ""))
        }
        if let element { parts.append(element) }
        func text(_ value: JSONValue?) -> String {
            value.map { String(decoding: $0.canonical, as: UTF8.self) } ?? "none"
        }
        parts += changes.prefix(5).map { "'\($0.key)': \(text($0.old)) -> \(text($0.new))" }
        if changes.count > 5 { parts.append("and \(changes.count - 5) more values") }
        return parts.joined(separator: ", ")
    }
}

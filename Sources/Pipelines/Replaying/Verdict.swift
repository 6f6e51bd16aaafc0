package import Bytes
package import Learning
package import Vocabulary
package import Workspaces

/// What a replay of a locked stage showed.
package struct Verdict: Sendable {
    /// How it went.
    package enum Outcome: Sendable, Equatable {
        /// Every output has the id that the lock names.
        case bitwise
        /// Of some outputs only the numbers differ, by no more than the stage file allows; the
        /// others have the id that the lock names.
        case withinTolerance
        /// At least one output differs.
        case different
        /// The replay did not come to its end.
        case failed(String)
        /// Inputs that are in no store here.
        case unavailable([RepoPath])

        /// The word in reports and records.
        package var name: String {
            switch self {
            case .bitwise: "bitwise"
            case .withinTolerance: "within tolerance"
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
        /// What the stage file allows the numbers to differ by.
        package let tolerance: Tolerance?
        /// Whether nothing differs but numbers, by no more than that.
        package let isWithinTolerance: Bool
        /// The largest difference of numbers, where the files hold numbers at the same places.
        package let deviation: Deviation?
    }

    /// What a replay that repeated its run shows.
    package enum Proof: String, Sendable {
        /// A built-in step gave the same bits: it does anywhere.
        case anywhere = "bitwise on any machine"
        /// A command gave the same bits on this class of machine.
        case here = "bitwise on this class of machine"
        /// The numbers are near enough on this class of machine.
        case tolerance = "within tolerance on this class of machine"
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
    /// Who replayed it, as git writes it.
    package let author: String?
    /// Where it was replayed.
    package let machine: RunEnvironment
    /// What it shows, where it repeated the run.
    package let proof: Proof?

    /// Whether the replay gave what the run gave, as far as the stage file asks for.
    package var isReproduced: Bool { outcome == .bitwise || outcome == .withinTolerance }
}

extension Verdict {
    /// The record: type `verdict`.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "type": "verdict", "version": 2, "run": .string(run.description),
            "stage": .string(stage), "verdict": .string(outcome.name),
            "replayedAt": .string(replayedAt.description),
            "durationMilliseconds": .integer(durationMilliseconds),
            "outputs": .object(
                Dictionary(outputs.map { ($0.path.text ?? $0.path.description, $0.json) }) {
                    _, last in last
                }),
        ]
        members["author"] = author.map { .string($0) }
        members["proof"] = proof.map { .string($0.rawValue) }
        members["machine"] = machine.classJSON
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
        case .bitwise, .withinTolerance, .different: break
        }
        return .object(members)
    }
}

extension Verdict.Output {
    /// Whether the replay gave the same bytes.
    package var isEqual: Bool { found == expected }

    /// What was found, in words for people.
    package var judgement: String {
        isEqual ? "bitwise equal" : isWithinTolerance ? "within tolerance" : "different"
    }

    var json: JSONValue {
        var members = difference?.members ?? [:]
        members["expected"] = .string(expected.description)
        members["found"] = found.map { .string($0.description) } ?? .null
        members["tolerance"] = tolerance?.json
        if isWithinTolerance { members["withinTolerance"] = true }
        members["largestDifference"] = deviation?.json
        return .object(members)
    }
}

package import Bytes
package import Vocabulary

/// What a training went through: after each of its steps a digest of all steps so far, and the loss.
/// Two trainings that differ do so from some step on, which their ledgers tell without the training
/// being run again. docs/format/ledger.md is its page.
///
/// Equal trainings have equal ledgers, byte for byte. At most `maximumEntries` steps are kept: of a
/// longer training those at even distances, and the last.
package struct StepLedger: Sendable, Equatable {
    /// A step.
    package struct Entry: Sendable, Equatable {
        /// Its number; 0 is what was before the first.
        package let step: Int
        /// Sixteen hexadecimal digits that say what this step and all before it came to.
        package let state: String
        /// The loss after it, where there is one.
        package let loss: Double?
    }

    /// The first steps in which two ledgers differ.
    package struct Divergence: Sendable, Equatable {
        /// What a step is: `tree`, `iteration`, `epoch`, `trial`.
        package let unit: String
        /// The first step that differs, or that one of them does not have; 0 for what was before the
        /// first.
        package let step: Int
        /// The last step before it that is known to be equal; -1 for none.
        package let lastEqual: Int
        /// The steps that the first of the trainings took.
        package let count: Int
        /// The losses after the step, of the first and of the second, where there are any.
        package let losses: (first: Double?, second: Double?)

        package static func == (left: Divergence, right: Divergence) -> Bool {
            (left.unit, left.step, left.lastEqual, left.count)
                == (right.unit, right.step, right.lastEqual, right.count)
                && left.losses == right.losses
        }
    }

    static let maximumEntries = 1024

    /// What a step is: `tree`, `iteration`, `epoch`, `trial`.
    package let unit: String
    /// The distance of the entries.
    package private(set) var stride = 1
    /// The entries in order.
    package private(set) var entries: [Entry] = []

    /// The steps of the training.
    package var steps: Int { entries.last?.step ?? 0 }

    init(unit: String) { self.unit = unit }

    /// Adds a step behind the last one.
    mutating func append(_ entry: Entry) {
        // Between two that stay, the last one is there only until another comes.
        if let last = entries.last, last.step % stride != 0 { entries.removeLast() }
        entries.append(entry)
        guard entries.count > StepLedger.maximumEntries else { return }
        stride *= 2
        entries.removeAll { $0.step % stride != 0 && $0.step != entry.step }
    }

    /// Where `other` first differs from this one; nil where it does not.
    package func divergence(from other: StepLedger) -> Divergence? {
        func divergence(at step: Int, after equal: Int, _ losses: (Double?, Double?)) -> Divergence
        {
            Divergence(
                unit: unit, step: step, lastEqual: equal, count: steps,
                losses: (losses.0, losses.1))
        }
        guard unit == other.unit else { return divergence(at: 0, after: -1, (nil, nil)) }
        let theirs = Dictionary(other.entries.map { ($0.step, $0) }) { first, _ in first }
        var equal = -1
        for entry in entries {
            // A ledger of another length may keep other steps.
            guard let twin = theirs[entry.step] else { continue }
            guard twin.state == entry.state else {
                return divergence(at: entry.step, after: equal, (entry.loss, twin.loss))
            }
            equal = entry.step
        }
        guard steps != other.steps else { return nil }
        let step = min(steps, other.steps) + 1
        return divergence(at: step, after: equal, (nil, nil))
    }
}

extension StepLedger {
    /// The record: type `ledger`.
    package var json: JSONValue {
        [
            "type": "ledger", "version": 1, "unit": .string(unit), "stride": JSONValue(stride),
            "steps": .array(entries.map { JSONValue($0.step) }),
            "states": .array(entries.map { .string($0.state) }),
            "losses": .array(entries.map { $0.loss.map { .number($0) } ?? .null }),
        ]
    }

    /// Reads a record's document; throws for another type, a newer version and lists that do not fit
    /// each other.
    package init(_ json: JSONValue) throws(DecodeError) {
        guard json["type"] == "ledger", json["version"] == 1,
            let unit = json["unit"]?.stringValue,
            let stride = json["stride"]?.integerValue.flatMap({ Int(exactly: $0) }), stride > 0
        else { throw DecodeError(at: 0, "no ledger, or one of a newer version") }
        let steps = json["steps"]?.arrayValue?.compactMap(\.integerValue) ?? []
        let states = json["states"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let losses = json["losses"]?.arrayValue ?? []
        guard steps.count == states.count, steps.count == losses.count, steps.first ?? 0 >= 0,
            zip(steps, steps.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw DecodeError(at: 0, "a ledger whose lists do not fit each other") }
        self.init(unit: unit)
        self.stride = stride
        entries = steps.indices.map {
            Entry(step: Int(steps[$0]), state: states[$0], loss: losses[$0].numberValue)
        }
    }
}

extension StepLedger.Divergence: CustomStringConvertible {
    /// For records and reports.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "unit": .string(unit), "step": JSONValue(step), "lastEqual": JSONValue(lastEqual),
            "steps": JSONValue(count),
        ]
        if let first = losses.first { members["expectedLoss"] = .number(first) }
        if let second = losses.second { members["foundLoss"] = .number(second) }
        return .object(members)
    }

    /// For people: `first differs at tree 17 of 100: loss 0.31244 then, 0.31251 now`.
    package var description: String {
        guard step > 0 else { return "differs before the first \(unit): in what it begins with" }
        let place =
            step > lastEqual + 1 && lastEqual >= 0
            ? "first differs between \(unit) \(lastEqual) and \(unit) \(step) of \(count)"
            : "first differs at \(unit) \(step) of \(count)"
        guard let first = losses.first, let second = losses.second else { return place }
        return place + ": loss \(shortestText(first)) then, \(shortestText(second)) now"
    }
}

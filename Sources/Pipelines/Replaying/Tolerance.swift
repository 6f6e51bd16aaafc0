package import Bytes
import Vocabulary

/// How far numbers of an output may be from those of another run and still count as the same.
package struct Tolerance: Sendable, Hashable {
    /// The difference that is always allowed.
    package let absolute: Double
    /// The share of the recorded number's size that is allowed besides.
    package let relative: Double

    /// Both are finite and at least 0.
    package init(absolute: Double = 0, relative: Double = 0) {
        self.absolute = absolute
        self.relative = relative
    }

    /// Whether `found` may stand for `recorded`. Numbers that are not finite only for themselves.
    package func allows(_ recorded: Double, _ found: Double) -> Bool {
        if recorded == found || recorded.isNaN && found.isNaN { return true }
        let difference = (found - recorded).magnitude
        return difference.isFinite && difference <= absolute + relative * recorded.magnitude
    }

    /// For records.
    package var json: JSONValue { ["absolute": .number(absolute), "relative": .number(relative)] }

    /// What stands under the key `tolerance` of an output: a number, which is absolute, or
    /// `{absolute: 1e-9, relative: 1e-6}`.
    init(_ node: YAMLNode, _ owner: String, in source: StageSource) throws {
        func number(_ node: YAMLNode?) throws -> Double {
            guard let node else { return 0 }
            guard let value = node.jsonValue.numberValue, value.isFinite, value >= 0 else {
                throw source.failure(
                    node.line, "'tolerance' of \(owner) is no number of at least 0",
                    advice: "write 'tolerance: {absolute: 1e-9, relative: 1e-6}'")
            }
            return value
        }
        guard node.mapping != nil else {
            self.init(absolute: try number(node))
            return
        }
        let fields = try StageFields(
            node, owner: "'tolerance' of \(owner)", known: ["absolute", "relative"], in: source)
        self.init(
            absolute: try number(fields["absolute"]), relative: try number(fields["relative"]))
    }
}

/// The largest difference between two numbers that stand at the same place.
package struct Deviation: Sendable, Equatable {
    /// Where: `row 17, column 'price'`.
    package let place: String
    /// The number of the run.
    package let recorded: Double
    /// The number of the replay.
    package let found: Double

    /// Its size.
    package var absolute: Double { (found - recorded).magnitude }
    /// Its size beside that of the recorded number; nil beside 0.
    package var relative: Double? { recorded == 0 ? nil : absolute / recorded.magnitude }
}

extension Deviation: CustomStringConvertible {
    /// For records and reports.
    package var json: JSONValue {
        ["place": .string(place), "expected": .number(recorded), "found": .number(found)]
    }

    /// For people: `largest difference 3e-9 (relative 2e-10) at row 17, column 'price'`.
    package var description: String {
        let share = relative.map { " (relative \(shortestText(Deviation.rounded($0))))" } ?? ""
        return "largest difference \(shortestText(Deviation.rounded(absolute)))\(share) at \(place)"
    }

    /// Three digits.
    private static func rounded(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return value }
        var (mantissa, exponent) = (value, 0)
        while mantissa >= 1000 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 100 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        // Read from text, so that no digits appear that nobody wrote.
        return Double("\(Int(mantissa.rounded()))e\(exponent)") ?? value
    }
}

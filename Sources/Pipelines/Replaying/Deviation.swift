package import Bytes

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

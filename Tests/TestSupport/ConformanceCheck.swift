/// One rule that every conformer of a protocol must keep, as a function on a conformer. Suites of
/// these run against each conformer by a parameterised test.
package struct ConformanceCheck<Subject>: Sendable, CustomStringConvertible {
    /// The rule, as a sentence.
    package let description: String
    /// Throws when the rule is broken.
    package let run: @Sendable (Subject) throws -> Void

    /// Makes the check.
    package init(_ rule: String, _ run: @escaping @Sendable (Subject) throws -> Void) {
        description = rule
        self.run = run
    }
}

/// A broken rule: what was expected, and where.
package struct BrokenRule: Error, CustomStringConvertible {
    /// What was expected.
    package let description: String

    /// A rule that was broken so.
    package init(description: String) { self.description = description }
}

/// Throws `BrokenRule` unless the condition holds.
package func demand(
    _ condition: Bool, _ expectation: String, line: Int = #line
) throws {
    if !condition { throw BrokenRule(description: "\(expectation) (line \(line))") }
}

package import Bytes
package import Vocabulary

/// How a failure is told: what failed, what to do, what is safe, and what was underneath.
package struct ErrorPrinter {
    /// Colour or none.
    package var ink: Ink
    /// The widest line.
    package var width: Int

    /// A printer with that ink.
    package init(ink: Ink = .plain, width: Int = 100) {
        self.ink = ink
        self.width = width
    }

    /// The lines for a person.
    package func lines(for error: StoreError) -> [String] {
        var lines = wrapped(error.message, prefix: ink.red("error:") + " ", width: width)
        for cause in ErrorPrinter.causes(of: error) {
            lines += wrapped(cause, prefix: "  because ", width: width)
        }
        if let advice = error.advice {
            lines += wrapped(advice, prefix: ink.cyan("hint:") + " ", width: width)
        }
        if let safety = error.safety {
            lines += wrapped(safety, prefix: ink.green("safe:") + " ", width: width)
        }
        return lines
    }

    /// The object for a program: `{"error": {"kind", "message", "subject", "hint", "safe",
    /// "causes"}}`; what is not known is left out.
    package func json(for error: StoreError) -> JSONValue {
        var fields: [String: JSONValue] = [
            "kind": .string(error.kind.description), "message": .string(error.message),
            "status": .integer(Int64(ExitStatus(of: error.kind).rawValue)),
        ]
        if let subject = error.subject { fields["subject"] = .string(subject) }
        if let advice = error.advice { fields["hint"] = .string(advice) }
        if let safety = error.safety { fields["safe"] = .string(safety) }
        let causes = ErrorPrinter.causes(of: error)
        if !causes.isEmpty { fields["causes"] = .array(causes.map { .string($0) }) }
        return .object(["error": .object(fields)])
    }

    /// The messages underneath, outermost first. One that a message above it already tells is
    /// left out, since repeating a fact reads as a second failure.
    static func causes(of error: StoreError) -> [String] {
        var told = error.message
        var messages: [String] = []
        var next = error.cause
        while let cause = next, messages.count < 8 {
            let message = (cause as? StoreError)?.message ?? String(describing: cause)
            if !told.contains(message) {
                messages.append(message)
                told += message
            }
            next = (cause as? StoreError)?.cause
        }
        return messages
    }
}

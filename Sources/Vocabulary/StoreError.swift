/// The one error that this program throws above the level of byte decoding.
///
/// The message says the failure first, then the thing in quotes, then why: one sentence, lower
/// case, no full stop. Made by factories named for the operation, beside the code that
/// understands the failure.
package struct StoreError: Error, Sendable {
    /// What sort of failure: what callers branch on and exit statuses come from.
    package let kind: Kind
    /// The sentence, without `error:`.
    package let message: String
    /// The path, id or name that the failure is about, for programs; also quoted in the message.
    package let subject: String?
    /// What the user can do: printed behind `hint:`.
    package let advice: String?
    /// What is safe: that nothing was written, or what may be repeated. Printed last.
    package let safety: String?
    /// What failed underneath.
    package let cause: (any Error)?

    /// Makes an error; see the type for how its texts read.
    package init(
        _ kind: Kind, _ message: String, subject: String? = nil, advice: String? = nil,
        safety: String? = nil, cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.message = message
        self.subject = subject
        self.advice = advice
        self.safety = safety
        self.cause = cause
    }

    /// The same error with advice, where it has none of its own.
    package func advised(_ advice: String) -> StoreError {
        StoreError(
            kind, message, subject: subject, advice: self.advice ?? advice, safety: safety,
            cause: cause)
    }
}

extension StoreError: CustomStringConvertible {
    /// The message alone.
    package var description: String { message }
}

/// Bytes that are not what their format says. Thrown by byte-level code, which knows only the
/// offset; whoever knows which file it was wraps it in a `StoreError`.
package struct DecodeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where in the bytes, counted from the start of what was being decoded.
    package let offset: Int
    /// What was expected or found, in a few words.
    package let reason: String

    /// Makes the error.
    package init(at offset: Int, _ reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// `<reason> at byte <offset>`.
    package var description: String { "\(reason) at byte \(offset)" }
}

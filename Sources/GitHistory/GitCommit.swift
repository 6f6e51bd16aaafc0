/// The id of a commit of git: 40 hexadecimal digits (64 in a SHA-256 repository).
package struct GitCommit: Hashable, Sendable, CustomStringConvertible {
    /// The digits, lower case.
    package let hex: String

    /// The id, or nil when the text is not one.
    package init?(hex: some StringProtocol) {
        guard hex.utf8.count == 40 || hex.utf8.count == 64,
            hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.hex = String(hex)
    }

    /// The first ten digits: for people.
    package var short: String { String(hex.prefix(10)) }

    /// The digits.
    package var description: String { hex }
}

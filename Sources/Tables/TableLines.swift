/// What the lines of a delimited text are, its fields being separated by that delimiter.
package struct TableLines: Sendable, Hashable {
    /// The byte between fields.
    package let delimiter: UInt8
    /// Whether every line end behind the header ends a row: none stands inside quotes.
    package let areRows: Bool

    /// Makes it of both.
    package init(delimiter: UInt8, areRows: Bool) {
        self.delimiter = delimiter
        self.areRows = areRows
    }
}

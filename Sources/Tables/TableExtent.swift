/// How large a table is.
package struct TableExtent: Hashable, Sendable {
    /// Rows without a header.
    package let rows: Int
    /// How many columns a reader would find.
    package let columns: Int

    /// A size.
    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }
}

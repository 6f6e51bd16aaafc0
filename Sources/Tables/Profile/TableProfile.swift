import Vocabulary

/// The summary of a table's columns, built row by row and mergeable: the profile of a table is the
/// merge of the profiles of its parts, exactly, whatever the parts and their order.
///
/// Memory: for each column at most 4,096 values of 64 bytes, fewer in tables of more than 128 columns,
/// and some ten kilobytes.
package struct TableProfile: Sendable {
    /// The names of the columns, in file order.
    package let columnNames: [String]
    /// Rows counted.
    package internal(set) var rowCount = 0
    var tallies: [ColumnTally]
    /// The types of the columns, where the file states them.
    private var statedTypes: [ColumnType]?

    /// The most different values of a column that are counted exactly, in a table of so many columns:
    /// even, so that half of it is a number.
    package static func valueLimit(columns: Int) -> Int {
        min(4096, max(16, (1 << 19) / max(1, columns))) & ~1
    }

    /// The profile of no rows. `valueLimit` (even) is there for tests: profiles of different limits do
    /// not merge.
    package init(columnNames: [String], valueLimit: Int? = nil) {
        self.columnNames = columnNames
        let limit = valueLimit ?? TableProfile.valueLimit(columns: columnNames.count)
        tallies = columnNames.map { _ in ColumnTally(valueLimit: limit) }
    }

    /// The profile of a whole table: one pass, on this thread.
    package init(of source: TableSource) throws {
        var profile: TableProfile?
        let header = try source.forEachBatch { batch in
            if profile == nil { profile = TableProfile(columnNames: batch.header.columnNames) }
            profile?.observe(batch)
        }
        self = profile ?? TableProfile(columnNames: header.columnNames)
        settle()
    }

    /// Counts rows of `batch`, which has the profile's columns; nil: all of them.
    package mutating func observe(_ batch: RowBatch, rows: Range<Int>? = nil) {
        precondition(batch.columnCount == tallies.count)
        statedTypes = batch.header.types
        let rows = rows ?? 0..<batch.rowCount
        for column in tallies.indices {
            tallies[column].observe(batch, column: column, rows: rows)
        }
        rowCount += rows.count
    }

    /// Takes account of all that was counted: needed once after the last rows.
    package mutating func settle() {
        for column in tallies.indices { tallies[column].settle() }
    }

    /// Counts the rows of another part of the same table; both are settled. Throws `.malformed` where
    /// it has other columns.
    package mutating func merge(_ other: TableProfile) throws {
        guard columnNames == other.columnNames else {
            throw StoreError(
                .malformed, "cannot merge profiles of tables that have different columns")
        }
        for column in tallies.indices { tallies[column].merge(other.tallies[column]) }
        rowCount += other.rowCount
        statedTypes = statedTypes ?? other.statedTypes
    }

    /// What is to be told of each column, in file order.
    package func columns() -> [ColumnProfile] {
        tallies.indices.map { column in
            ColumnProfile(
                name: columnNames[column], tallies[column], rowCount: rowCount,
                type: statedTypes?[column] ?? tallies[column].type)
        }
    }
}

extension TableProfile {
    /// The profile of a piece of a delimited table: whole rows, behind each other, without the header
    /// unless `holdsHeader`. Throws where the bytes are not that, or end inside a row.
    ///
    /// So pieces that each end with a line and are read without an error are read just as in one go: a
    /// piece that ends between rows lets the next one begin there.
    package init(
        ofPiece header: TableHeader, holdsHeader: Bool,
        _ read: (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        var profile = TableProfile(columnNames: header.columnNames)
        var reader = RowReader(delimiter: header.delimiter)
        func observe(_ batch: RowBatch) { profile.observe(batch) }
        if !holdsHeader {
            // Unsafe: the array lives for the call.
            unsafe try (header.rawRow + [0x0a]).withUnsafeBytes {
                unsafe try reader.consume($0, observe)
            }
        }
        unsafe try read { unsafe try reader.consume($0, observe) }
        try reader.finish(observe)
        guard reader.header?.columnNames == header.columnNames else {
            throw TableError(line: nil, "has other columns than before")
        }
        profile.settle()
        self = profile
    }
}

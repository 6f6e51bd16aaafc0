import Vocabulary

/// The summary of a table's columns, built row by row and mergeable: the profile of a table is the
/// merge of the profiles of its parts, exactly, whatever the parts and their order.
///
/// Memory: for each column at most 4,096 values of 64 bytes, fewer in tables of more than 128 columns, as many
/// as 2,048 bins of 16 bytes up to four times over, fewer in tables of more than 1,024, and some kilobytes.
package struct TableProfile: Sendable {
    /// The names of the columns, in file order.
    package let columnNames: [String]
    /// Rows counted.
    package internal(set) var rowCount = 0
    var tallies: [ColumnTally]
    /// Pairs of columns whose correlation is told.
    package private(set) var pairs: [ColumnPair]
    var pairTallies: [PairTally] = []
    /// The types of the columns, where the file states them.
    private var statedTypes: [ColumnType]?

    /// The most different values of a column that are counted exactly, in a table of so many columns:
    /// even, so that half of it is a number.
    package static func valueLimit(columns: Int) -> Int {
        min(4096, max(16, (1 << 19) / max(1, columns))) & ~1
    }

    /// The most bins for the numbers of a column, where they are not counted, in a table of so many columns:
    /// of very many one less than a power of two, which leaves a table of twice as many places half empty.
    package static func mostBins(columns: Int) -> Int {
        guard columns > 1 << 10 else { return ValueSketch.usualBins }
        let share = max(32, (1 << 21) / columns)
        return 1 << (Int.bitWidth - 1 - share.leadingZeroBitCount) - 1
    }

    /// The profile of no rows. `valueLimit` (even) is there for tests: profiles of different limits do
    /// not merge.
    package init(columnNames: [String], valueLimit: Int? = nil) {
        self.init(columnNames: columnNames, valueLimit: valueLimit, Guess())
    }

    private init(columnNames: [String], valueLimit: Int? = nil, _ guess: Guess) {
        self.columnNames = columnNames
        pairs = []
        let limit = valueLimit ?? TableProfile.valueLimit(columns: columnNames.count)
        tallies = columnNames.indices.map { column in
            ColumnTally(
                valueLimit: limit, mostBins: TableProfile.mostBins(columns: columnNames.count),
                expectsMore: column < guess.areMany.count && guess.areMany[column])
        }
    }

    /// Which columns have far more different values than are counted, going by another part of the
    /// table: counting them all at first would be for nothing. A wrong guess costs a second reading.
    package struct Guess: Sendable {
        fileprivate var areMany: [Bool] = []

        /// No guess.
        package init() {}
    }

    /// What this part says of others.
    package var guess: Guess {
        var guess = Guess()
        guess.areMany = tallies.map { tally in
            let (count, isExact) = tally.values.estimate()
            return !isExact && count > 2 * tally.values.limit
        }
        return guess
    }

    /// The profile of no rows, with pairs of columns. Throws `.badUsage` for one that is not there.
    package init(columnNames: [String], pairs: [ColumnPair]) throws {
        try self.init(columnNames: columnNames, pairs: pairs, Guess())
    }

    private init(columnNames: [String], pairs: [ColumnPair], _ guess: Guess) throws {
        self.init(columnNames: columnNames, guess)
        self.pairs = pairs
        pairTallies = try TableProfile.tallies(of: pairs, in: columnNames)
    }

    /// The profile of a whole table: one pass, on this thread.
    package init(of source: TableSource, pairs: [ColumnPair] = []) throws {
        var profile: TableProfile?
        let header = try source.forEachBatch { batch in
            if profile == nil {
                profile = try TableProfile(columnNames: batch.header.columnNames, pairs: pairs)
            }
            profile?.observe(batch)
        }
        self = try profile ?? TableProfile(columnNames: header.columnNames, pairs: pairs)
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
        for pair in pairTallies.indices { pairTallies[pair].observe(batch, rows: rows) }
        rowCount += rows.count
    }

    /// Takes account of all that was counted: needed once after the last rows.
    package mutating func settle() {
        for column in tallies.indices { tallies[column].settle() }
    }

    /// Counts the rows of another part of the same table; both are settled. Throws `.malformed` where
    /// it has other columns.
    package mutating func merge(_ other: TableProfile) throws {
        guard columnNames == other.columnNames, pairs == other.pairs else {
            throw StoreError(
                .malformed, "cannot merge profiles of tables that have different columns")
        }
        for column in tallies.indices { tallies[column].merge(other.tallies[column]) }
        for pair in pairTallies.indices { pairTallies[pair].merge(other.pairTallies[pair]) }
        rowCount += other.rowCount
        statedTypes = statedTypes ?? other.statedTypes
    }

    /// What is to be told of each column, in file order; `hashCounts` only where they are asked for.
    package func columns(countingHashes: Bool = false) -> [ColumnProfile] {
        tallies.indices.map { column in
            ColumnProfile(
                name: columnNames[column], tallies[column], rowCount: rowCount,
                type: statedTypes?[column] ?? tallies[column].type, countingHashes: countingHashes)
        }
    }
}

extension TableProfile {
    /// The profile of a piece of a delimited table: whole rows, behind each other, without the header
    /// unless `holdsHeader`. Throws where the bytes are not that, or end inside a row.
    ///
    /// So pieces that each end with a line and are read without an error are read just as in one go: a
    /// piece that ends between rows lets the next one begin there.
    ///
    /// The same whatever is guessed. `read` may be called twice.
    package init(
        ofPiece header: TableHeader, holdsHeader: Bool, pairs: [ColumnPair] = [],
        guess: Guess = Guess(),
        _ read: (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        var profile = try TableProfile(columnNames: header.columnNames, pairs: pairs, guess)
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
        guard profile.tallies.allSatisfy(\.isGuessRight) else {
            self = try unsafe TableProfile(
                ofPiece: header, holdsHeader: holdsHeader, pairs: pairs, read)
            return
        }
        profile.settle()
        self = profile
    }
}

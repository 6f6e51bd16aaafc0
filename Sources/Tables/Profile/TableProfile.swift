import Vocabulary

/// The summary of a table's columns, built row by row and mergeable: the profile of a table is the
/// merge of the profiles of its parts, exactly, whatever the parts and their order.
///
/// Memory: for each column at most 4,096 values of 64 bytes, fewer in tables of more than 128 columns, as many
/// as 2,048 bins of 16 bytes up to four times over, fewer in tables of more than 1,024, and some kilobytes; of
/// what is packed about a tenth of that. Of tables of very many columns some are counted at a time.
package struct TableProfile: Sendable {
    /// The names of the columns, in file order.
    package let columnNames: [String]
    /// Rows counted.
    package internal(set) var rowCount = 0
    /// What was counted of the first columns.
    var packed = PackedTallies()
    /// What is counted of the columns behind these.
    var tallies: [ColumnTally] = []
    /// Pairs of columns whose correlation is told.
    package private(set) var pairs: [ColumnPair] = []
    var pairTallies: [PairTally] = []
    /// How much is kept of a column.
    let limits: Limits
    /// Where the columns stand among those of the table.
    private let places: [Int]
    /// How many columns the table has.
    private let width: Int
    /// The types of the columns, where the file states them.
    private var statedTypes: [ColumnType]?

    /// The profile of no rows. `valueLimit` (even) is there for tests: profiles of different limits do
    /// not merge.
    package init(columnNames: [String], valueLimit: Int? = nil) {
        self.init(columnNames: columnNames, valueLimit: valueLimit, Guess())
    }

    private init(columnNames: [String], valueLimit: Int? = nil, _ guess: Guess) {
        var limits = Limits(columns: columnNames.count)
        limits.values = valueLimit ?? limits.values
        self.init(limits, columnNames, Array(columnNames.indices), among: columnNames.count)
        addTallies(columnNames.count, guess)
    }

    /// The profile of no rows of some columns of a table, those at `places`: just as in the profile of all.
    package init(columnNames: [String], places: [Int]) {
        self.init(
            Limits(columns: columnNames.count), places.map { columnNames[$0] }, places,
            among: columnNames.count)
        addTallies(places.count)
    }

    /// Nothing is counted.
    private init(_ limits: Limits, _ names: [String], _ places: [Int], among width: Int) {
        columnNames = names
        self.limits = limits
        self.places = places
        self.width = width
    }

    /// Begins to count further columns.
    private mutating func addTallies(_ count: Int, _ guess: Guess = Guess()) {
        for column in tallies.count..<(tallies.count + count) {
            tallies.append(
                ColumnTally(
                    valueLimit: limits.values, mostBins: limits.bins,
                    expectsMore: column < guess.areMany.count && guess.areMany[column]))
        }
    }

    /// Which columns have far more different values than are counted, going by another part of the
    /// table: counting them all at first would be for nothing. A wrong guess costs a second reading.
    package struct Guess: Sendable {
        fileprivate var areMany: [Bool] = []

        /// No guess.
        package init() {}
    }

    /// What this part, of which nothing is packed, says of others.
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

    /// The profile of a whole table, on this thread: one pass, and of very many columns one for each `atOnce`
    /// of them, which is there for tests.
    package init(
        of source: TableSource, pairs: [ColumnPair] = [], atOnce: Int = Limits.mostColumnsAtOnce
    ) throws {
        func begin(_ names: [String]) throws -> TableProfile {
            guard names.count > atOnce else {
                return try TableProfile(columnNames: names, pairs: pairs)
            }
            var profile = TableProfile(
                Limits(columns: names.count), names, Array(names.indices), among: names.count)
            profile.pairs = pairs
            profile.pairTallies = try TableProfile.tallies(of: pairs, in: names)
            profile.addTallies(atOnce)
            return profile
        }
        var profile: TableProfile?
        let header = try source.forEachBatch { batch in
            if profile == nil { profile = try begin(batch.header.columnNames) }
            profile?.observe(batch)
        }
        self = try profile ?? begin(header.columnNames)
        settle()
        while packed.count + tallies.count < columnNames.count {
            pack()
            addTallies(min(atOnce, columnNames.count - packed.count))
            try observeAgain(source)
        }
        if packed.count > 0 { pack() }
    }

    /// Counts columns of which nothing is counted yet.
    private mutating func observeAgain(_ source: TableSource) throws {
        var rows = 0
        let header = try source.forEachBatch { batch in
            guard batch.columnCount == width else { throw TableProfile.changed(source.name) }
            observeColumns(batch, rows: 0..<batch.rowCount)
            rows += batch.rowCount
        }
        guard rows == rowCount, header.columnNames == columnNames else {
            throw TableProfile.changed(source.name)
        }
        settle()
    }

    private static func changed(_ name: String) -> StoreError {
        StoreError(
            .changedMeanwhile,
            "cannot profile '\(printable(Array(name.utf8)))': it changed while it was read",
            subject: name, advice: "run the command again", safety: "nothing was changed")
    }

    /// Counts rows of `batch`, which has the profile's columns; nil: all of them. Nothing is packed yet.
    package mutating func observe(_ batch: RowBatch, rows: Range<Int>? = nil) {
        let rows = rows ?? 0..<batch.rowCount
        if let types = batch.header.types { statedTypes = places.map { types[$0] } }
        observeColumns(batch, rows: rows)
        for pair in pairTallies.indices { pairTallies[pair].observe(batch, rows: rows) }
        rowCount += rows.count
    }

    private mutating func observeColumns(_ batch: RowBatch, rows: Range<Int>) {
        precondition(batch.columnCount == width)
        for column in tallies.indices {
            tallies[column].observe(batch, column: places[packed.count + column], rows: rows)
        }
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
        var merged = PackedTallies()
        for column in 0..<packed.count {
            var tally = tally(column)
            tally.merge(other.tally(column))
            merged.append(tally)
        }
        merged.finish()
        for column in tallies.indices {
            tallies[column].merge(other.tally(packed.count + column))
        }
        packed = merged
        for pair in pairTallies.indices { pairTallies[pair].merge(other.pairTallies[pair]) }
        rowCount += other.rowCount
        statedTypes = statedTypes ?? other.statedTypes
    }

    /// What is to be told of a column; `hashCounts` only where they are asked for.
    package func column(_ place: Int, countingHashes: Bool = false) -> ColumnProfile {
        let tally = tally(place)
        return ColumnProfile(
            name: columnNames[place], tally, rowCount: rowCount,
            type: statedTypes?[place] ?? tally.type, countingHashes: countingHashes)
    }

    /// What is to be told of a column of all rows of some profiles of one table.
    package static func column(
        _ place: Int, merging profiles: some Collection<TableProfile>, countingHashes: Bool = false
    ) -> ColumnProfile? {
        guard let first = profiles.first else { return nil }
        var tally = first.tally(place)
        for other in profiles.dropFirst() { tally.merge(other.tally(place)) }
        return ColumnProfile(
            name: first.columnNames[place], tally,
            rowCount: profiles.reduce(0) { $0 + $1.rowCount },
            type: first.statedTypes?[place] ?? tally.type, countingHashes: countingHashes)
    }

    /// What is to be told of each column, in file order. Of very many columns that takes much memory:
    /// `column` tells of one.
    package func columns(countingHashes: Bool = false) -> [ColumnProfile] {
        columnNames.indices.map { column($0, countingHashes: countingHashes) }
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

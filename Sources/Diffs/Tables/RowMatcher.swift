import Bytes
import Tables

/// Numbers of rows that differ.
struct RowCounts: Equatable {
    /// Only in the new version.
    var added = 0
    /// Only in the old version.
    var removed = 0
    /// In both, with another value in a column that both have.
    var changed = 0
}

/// Matches the rows of two versions by key, in passes that each look at a part of the keys.
///
/// A pass reads the old version, then the new one, then the old one again if anything in it
/// changed or went. Memory is the table of the pass and the cells of its changed rows; where there
/// are too many of those, they are taken in rounds that read both versions again.
struct RowMatcher {
    let pair: TablePair
    private(set) var counts = RowCounts()
    /// By common column.
    private(set) var changedCells: [Int]
    private(set) var examples: ExampleCollector

    private var table: RowTable
    private let passCount: Int
    private let roundSize: Int
    /// Hashes of the cells, in the new version, of the changed rows of this round.
    private var cells: [UInt64] = []
    private var changedInPass = 0

    /// Why matching by a key cannot go on.
    enum Fault: Error, Equatable {
        /// The key is not unique in the old version, or (`inNew`) in the new one.
        case duplicateKey(inNew: Bool)
        /// There were more rows in a part than expected: more passes are needed.
        case tableFull
    }

    init(_ pair: TablePair, _ options: TableDiffOptions, passFactor: Int) {
        self.pair = pair
        let width = max(1, pair.common.count)
        changedCells = Array(repeating: 0, count: pair.common.count)
        examples = ExampleCollector(limit: options.exampleLimit)
        // Two thirds for the table, a third for cells.
        let rowsThatFit = max(16, options.memoryBudget / 3 * 2 / RowTable.bytesPerRow)
        let total = pair.old.rowCount + pair.new.rowCount
        passCount = max(1, (total + rowsThatFit - 1) / rowsThatFit) * passFactor
        // Parts by hash differ a little in size.
        table = RowTable(
            rowLimit: passCount == 1 ? total : min(total, rowsThatFit + rowsThatFit / 8))
        roundSize = max(16, options.memoryBudget / 3 / (8 * width))
    }

    /// Matches all counts.
    mutating func run() throws {
        for pass in 0..<passCount {
            if pass > 0 { table.removeAll() }
            changedInPass = 0
            cells = []
            try readOld(pass)
            try readNew(pass)
            try compareCells(pass)
            if pair.isTolerant { try collectChanged(pass) }
        }
    }

    private func isIn(_ pass: Int, _ key: Hash128) -> Bool {
        passCount == 1 || key.low % UInt64(passCount) == UInt64(pass)
    }

    private mutating func readOld(_ pass: Int) throws {
        var hasher = pair.oldHasher
        var count = 0
        try pair.forEachBatch(.old) { batch in
            for row in 0..<batch.rowCount {
                let key = hasher.keyHash(batch, row)
                guard isIn(pass, key) else { continue }
                guard let found = table.place(of: key) else { throw Fault.tableFull }
                guard found.isFree else { throw Fault.duplicateKey(inNew: false) }
                table.insert(
                    key, row: hasher.rowHash(batch, row), mark: RowTable.oldOnly, at: found.place)
                count += 1
            }
        }
        counts.removed += count
    }

    private mutating func readNew(_ pass: Int) throws {
        var hasher = pair.newHasher
        try pair.forEachBatch(.new) { batch in
            for row in 0..<batch.rowCount {
                let key = hasher.keyHash(batch, row)
                guard isIn(pass, key) else { continue }
                guard let found = table.place(of: key) else { throw Fault.tableFull }
                let hash = hasher.rowHash(batch, row)
                if found.isFree {
                    table.insert(key, row: nil, mark: RowTable.newOnly, at: found.place)
                    counts.added += 1
                    examples.offer(.added, batch, row, pair)
                } else {
                    guard table.mark(at: found.place) == RowTable.oldOnly else {
                        throw Fault.duplicateKey(inNew: true)
                    }
                    counts.removed -= 1
                    noteMatch(
                        found.place, isEqual: table.hasRow(hash, at: found.place), batch, row, key)
                }
            }
        }
    }

    private mutating func noteMatch(
        _ place: Int, isEqual: Bool, _ batch: RowBatch, _ row: Int, _ key: Hash128
    ) {
        guard !isEqual else { return table.setMark(RowTable.equal, at: place) }
        table.setMark(UInt32(truncatingIfNeeded: changedInPass), at: place)
        if changedInPass < roundSize { appendCells(batch, row) }
        changedInPass += 1
        counts.changed += 1
        // Numbers may turn out to be near enough.
        if !pair.isTolerant { examples.offerChanged(key, batch, row, pair) }
    }

    private mutating func appendCells(_ batch: RowBatch, _ row: Int) {
        for column in pair.common.indices {
            cells.append(pair.newHasher.cellHash(batch, row, column))
        }
    }

    /// Counts the changed cells of the pass, in rounds of rows whose cells fit in memory.
    private mutating func compareCells(_ pass: Int) throws {
        guard changedInPass > 0 || examples.limit > 0 && counts.removed > 0 else { return }
        try compareWithOld(pass, 0)
        var start = roundSize
        while start < changedInPass {
            try rereadNew(pass, start)
            try compareWithOld(pass, start)
            start += roundSize
        }
    }

    private mutating func rereadNew(_ pass: Int, _ start: Int) throws {
        var hasher = pair.newHasher
        let width = pair.common.count
        cells = Array(repeating: 0, count: min(roundSize, changedInPass - start) * width)
        try pair.forEachBatch(.new) { batch in
            for row in 0..<batch.rowCount {
                guard let index = changedIndex(hasher.keyHash(batch, row), pass, start) else {
                    continue
                }
                for column in 0..<width {
                    cells[index * width + column] = hasher.cellHash(batch, row, column)
                }
            }
        }
    }

    private mutating func compareWithOld(_ pass: Int, _ start: Int) throws {
        var hasher = pair.oldHasher
        let width = pair.common.count
        try pair.forEachBatch(.old) { batch in
            for row in 0..<batch.rowCount {
                let key = hasher.keyHash(batch, row)
                if start == 0, isIn(pass, key), let place = table.place(of: key)?.place,
                    table.mark(at: place) == RowTable.oldOnly
                {
                    examples.offer(.removed, batch, row, pair)
                }
                guard let index = changedIndex(key, pass, start) else { continue }
                var differs = false
                for column in 0..<width {
                    let cell = hasher.cellHash(batch, row, column)
                    guard !pair.areEqual(column, cell, cells[index * width + column]) else {
                        continue
                    }
                    changedCells[column] += 1
                    differs = true
                }
                if differs {
                    examples.completeChanged(key, batch, row, pair)
                } else if let place = table.place(of: key)?.place {
                    table.setMark(RowTable.equal, at: place)
                    counts.changed -= 1
                }
            }
        }
    }

    /// Takes the changed rows that are shown once it is known which ones did.
    private mutating func collectChanged(_ pass: Int) throws {
        guard examples.limit > 0, changedInPass > 0 else { return }
        var newHasher = pair.newHasher
        try pair.forEachBatch(.new) { batch in
            for row in 0..<batch.rowCount {
                let key = newHasher.keyHash(batch, row)
                if hasChanged(key, pass) { examples.offerChanged(key, batch, row, pair) }
            }
        }
        var oldHasher = pair.oldHasher
        try pair.forEachBatch(.old) { batch in
            for row in 0..<batch.rowCount {
                let key = oldHasher.keyHash(batch, row)
                if hasChanged(key, pass) { examples.completeChanged(key, batch, row, pair) }
            }
        }
    }

    private func hasChanged(_ key: Hash128, _ pass: Int) -> Bool {
        guard isIn(pass, key), let found = table.place(of: key), !found.isFree else { return false }
        return table.mark(at: found.place) < RowTable.firstState
    }

    /// The number, within the round, of the changed row with that key.
    private func changedIndex(_ key: Hash128, _ pass: Int, _ start: Int) -> Int? {
        guard isIn(pass, key), let found = table.place(of: key), !found.isFree else { return nil }
        let mark = table.mark(at: found.place)
        guard mark < RowTable.firstState else { return nil }
        let index = Int(mark) - start
        return index >= 0 && index < roundSize ? index : nil
    }
}

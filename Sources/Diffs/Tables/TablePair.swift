import Tables
import Vocabulary

/// Two versions of a table and how their columns correspond.
struct TablePair {
    let oldSource: TableSource
    let newSource: TableSource
    let old: TableSummary
    let new: TableSummary
    /// The columns that both have, in the order of the new version.
    let common: [String]
    /// The key's columns, as positions in `common`; empty when rows are matched as a whole.
    let keyIndexes: [Int]
    let oldHasher: RowHasher
    let newHasher: RowHasher
    /// For each of `common`, how far numbers may be apart; nil where texts are compared.
    let tolerances: [Tolerance?]

    /// A pair without a key, whose files have those delimiters.
    init(
        _ old: (source: TableSource, summary: TableSummary),
        _ new: (source: TableSource, summary: TableSummary), haveSameDelimiter: Bool
    ) {
        (oldSource, newSource) = (old.source, new.source)
        (self.old, self.new) = (old.summary, new.summary)
        let oldNames = old.summary.columns.map(\.name)
        let newNames = new.summary.columns.map(\.name)
        let places = Dictionary(
            zip(oldNames, oldNames.indices), uniquingKeysWith: { first, _ in first })
        let shared = newNames.indices.filter { places[newNames[$0]] != nil }
        common = shared.map { newNames[$0] }
        keyIndexes = []
        tolerances = common.map { _ in nil }
        let isRaw = haveSameDelimiter && oldNames == newNames
        oldHasher = RowHasher(
            columns: common.compactMap { places[$0] }, key: [], isRawComparable: isRaw)
        newHasher = RowHasher(columns: shared, key: [], isRawComparable: isRaw)
    }

    /// One of the two versions.
    enum Side { case old, new }

    /// How that version's rows are hashed.
    func hasher(_ side: Side) -> RowHasher { side == .old ? oldHasher : newHasher }

    /// How many rows that version has.
    func rowCount(_ side: Side) -> Int { side == .old ? old.rowCount : new.rowCount }

    /// Reads that version's rows; throws `.changedMeanwhile` if it is not the table that it was
    /// when its columns were looked at.
    func forEachBatch(_ side: Side, _ body: (RowBatch) throws -> Void) throws {
        let source = side == .old ? oldSource : newSource
        let names = (side == .old ? old : new).columns.map(\.name)
        try source.forEachBatch { batch in
            // Rows are read by the positions of columns: they must be where they were.
            guard batch.header.columnNames == names else {
                throw StoreError(
                    .changedMeanwhile, "cannot compare '\(source.name)': it changed meanwhile",
                    subject: source.name, advice: "try again when nothing writes to it",
                    safety: "nothing was written")
            }
            try body(batch)
        }
    }

    /// Whether some columns are compared as numbers.
    var isTolerant: Bool { tolerances.contains { $0 != nil } }

    /// Whether two cells of a common column, as `RowHasher.cellHash` tells them, count as equal.
    func areEqual(_ column: Int, _ old: UInt64, _ new: UInt64) -> Bool {
        guard let tolerance = tolerances[column] else { return old == new }
        return NumberCell.areEqual(old, new, tolerance)
    }

    /// The same pair, with rows matched by these columns, and compared as the options say. Throws `.badUsage`
    /// for a tolerance of a column that holds no numbers.
    func keyed(
        by indexes: [Int], _ options: TableDiffOptions = TableDiffOptions()
    ) throws -> TablePair {
        let kept = common.indices.filter { index in
            options.columns?.contains(common[index]) ?? true || indexes.contains(index)
        }
        let tolerances = try kept.map { index in
            indexes.contains(index) ? nil : try tolerance(of: common[index], options)
        }
        return TablePair(
            self, kept, indexes.compactMap { kept.firstIndex(of: $0) }, tolerances)
    }

    private func tolerance(
        of column: String, _ options: TableDiffOptions
    ) throws -> Tolerance? {
        let own = options.columnTolerances[column]
        guard let tolerance = own ?? options.tolerance else { return nil }
        let types = [old, new].map { side in
            side.columns.first { $0.name == column }?.type ?? .string
        }
        if types.allSatisfy({ $0 == .int || $0 == .float }) { return tolerance }
        guard own != nil, old.rowCount > 0, new.rowCount > 0 else { return nil }
        throw StoreError(
            .badUsage,
            "column '\(printable(Array(column.utf8)))' of '\(newSource.name)' holds no numbers that could be near each other",
            subject: column, safety: "nothing was changed")
    }

    private init(
        _ pair: TablePair, _ kept: [Int], _ key: [Int], _ tolerances: [Tolerance?]
    ) {
        (oldSource, newSource, old, new) = (pair.oldSource, pair.newSource, pair.old, pair.new)
        common = kept.map { pair.common[$0] }
        keyIndexes = key
        self.tolerances = tolerances
        let isRaw = kept.count == pair.common.count
        let areNumbers = tolerances.contains { $0 != nil } ? tolerances.map { $0 != nil } : []
        func hasher(_ hasher: RowHasher) -> RowHasher {
            let columns = kept.map { hasher.columns[$0] }
            return RowHasher(
                columns: columns, key: key.map { columns[$0] },
                isRawComparable: isRaw && hasher.isRawComparable
            ).comparingNumbers(areNumbers)
        }
        oldHasher = hasher(pair.oldHasher)
        newHasher = hasher(pair.newHasher)
    }
}

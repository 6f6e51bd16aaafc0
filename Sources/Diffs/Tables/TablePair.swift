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

    /// The same pair, with rows matched by these columns.
    func keyed(by indexes: [Int]) -> TablePair { TablePair(self, indexes) }

    private init(_ pair: TablePair, _ indexes: [Int]) {
        (oldSource, newSource, old, new) = (pair.oldSource, pair.newSource, pair.old, pair.new)
        common = pair.common
        keyIndexes = indexes
        oldHasher = RowHasher(
            columns: pair.oldHasher.columns, key: indexes.map { pair.oldHasher.columns[$0] },
            isRawComparable: pair.oldHasher.isRawComparable)
        newHasher = RowHasher(
            columns: pair.newHasher.columns, key: indexes.map { pair.newHasher.columns[$0] },
            isRawComparable: pair.newHasher.isRawComparable)
    }
}

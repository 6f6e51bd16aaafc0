import Bytes
import Tables

/// Looks for rows that repeat an earlier one in some columns.
///
/// Memory is bounded: of a table with too many rows, several readings each look at a part of all hashes.
struct RepetitionSearch: Sendable {
    let place: Int
    let columns: [Int]
    /// Whether a missing value breaks the rule; else such rows are left out.
    let needsValues: Bool
    private var seen: Set<Hash128> = []
    private var hasher: RowHasher
    /// Whether there was more than fits: the search must be done again in parts.
    private(set) var isOverfull = false
    private let limit: Int
    private let part: UInt64
    private let parts: UInt64

    /// A search among those hashes that are `part` modulo `parts`.
    init(
        place: Int, columns: [Int], needsValues: Bool, limit: Int, part: Int = 0, parts: Int = 1
    ) {
        self.place = place
        self.columns = columns
        self.needsValues = needsValues
        hasher = RowHasher(columns: columns, key: columns, isRawComparable: false)
        self.limit = limit
        self.part = UInt64(part)
        self.parts = UInt64(parts)
    }

    /// What a row is to the search.
    enum Finding { case other, first, repeated, missing, skipped }

    /// Looks at a row.
    mutating func observe(_ batch: RowBatch, _ row: Int) -> Finding {
        if isOverfull { return .skipped }
        if columns.contains(where: { batch.isNull(row: row, column: $0) }) {
            return part > 0 ? .other : needsValues ? .missing : .skipped
        }
        let hash = hasher.keyHash(batch, row)
        guard hash.high % parts == part else { return .other }
        guard seen.insert(hash).inserted else { return .repeated }
        if seen.count > limit {
            isOverfull = true
            seen = []
            return .skipped
        }
        return .first
    }
}

import Bytes
import Tables

/// Looks for rows that repeat an earlier one in some columns.
///
/// Memory is bounded: of a table with too many rows, several readings each look at a part of all hashes.
struct RepetitionSearch {
    let place: Int
    let columns: [Int]
    /// Whether a missing value breaks the rule; else such rows are left out.
    let needsValues: Bool
    private var seen: Set<Hash128> = []
    private var scratch: [UInt8] = []
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
        self.limit = limit
        self.part = UInt64(part)
        self.parts = UInt64(parts)
    }

    /// What a row is to the search.
    enum Finding { case other, first, repeated, missing, skipped }

    /// Looks at a row.
    mutating func observe(_ batch: RowBatch, _ row: Int) -> Finding {
        if isOverfull { return .skipped }
        scratch.removeAll(keepingCapacity: true)
        for column in columns {
            if batch.isNull(row: row, column: column) {
                return part > 0 ? .other : needsValues ? .missing : .skipped
            }
            // A byte that no text contains, so that different rows give different bytes.
            if !scratch.isEmpty || column != columns[0] { scratch.append(0xff) }
            unsafe batch.withValue(row: row, column: column) {
                unsafe scratch.append(contentsOf: $0)
            }
        }
        let hash = xxh3Wide(scratch)
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

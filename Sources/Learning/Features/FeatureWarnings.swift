internal import Bytes
internal import Tables
internal import Vocabulary

/// What is odd about the rows that a `features` step reads and writes, and no reason to refuse them:
/// infinite values, and columns that tell the target.
struct FeatureWarnings {
    /// The columns of the table that hold decimals, and how many of their values are infinite.
    private var infinite: [(name: String, column: Int, count: Int)]
    private var leaks: LeakSearch?

    init(_ summary: TableSummary) {
        infinite = summary.columns.enumerated().compactMap { index, column in
            column.type == .float ? (column.name, index, 0) : nil
        }
    }

    /// Looks for columns of the result that tell its column `target`.
    mutating func look(for target: Int, of schema: RowSchema) {
        leaks = LeakSearch(schema.columns.map(\.name), target: target)
    }

    /// A row of the table.
    mutating func read(_ row: Row) {
        for index in infinite.indices {
            guard case .raw(let bytes) = row[infinite[index].column],
                // Infinities are written with an `i` or a large exponent.
                bytes.contains(where: { [0x49, 0x69, 0x45, 0x65].contains($0) })
            else { continue }
            // Unsafe: a view of the array, for the call.
            let value = unsafe bytes.withUnsafeBufferPointer { unsafe FieldSyntax.float($0) }
            if value?.isInfinite == true { infinite[index].count += 1 }
        }
    }

    /// A row of the result.
    mutating func write(_ row: Row) { leaks?.add(row) }

    /// In words.
    var lines: [String] {
        infinite.filter { $0.count > 0 }.map { name, _, count in
            "warning: column '\(name)' has \(groupedDigits(count)) infinite value"
                + (count == 1 ? ", which counts as missing" : "s, which count as missing")
        } + (leaks?.lines ?? [])
    }
}

/// Finds columns from whose values alone the target can be told, in all rows. Of a column that cannot,
/// nothing is kept from the first row on that shows it.
private struct LeakSearch {
    private struct Candidate {
        let column: Int
        /// Whether it has been the same as the target in every row.
        var isEqual = true
        /// The target of each of its values; nil where some have two, or there are too many.
        var targets: [[UInt8]: [UInt8]]? = [:]
    }

    private static let mostValues = 4096
    /// Of fewer rows nothing can be said.
    private static let fewestRows = 20

    private let names: [String]
    private let target: Int
    private var candidates: [Candidate]
    private var rows = 0
    private var first: [UInt8]?
    private var isConstant = true

    init(_ names: [String], target: Int) {
        self.names = names
        self.target = target
        candidates = names.indices.filter { $0 != target }.map { Candidate(column: $0) }
    }

    mutating func add(_ row: Row) {
        let value = row[target].bytes
        // Rows without a target are not learnt from.
        guard !value.isEmpty else { return }
        rows += 1
        if first == nil { first = value }
        if first != value { isConstant = false }
        guard !candidates.isEmpty else { return }
        for index in candidates.indices {
            let cell = row[candidates[index].column].bytes
            if cell != value { candidates[index].isEqual = false }
            guard candidates[index].targets != nil else { continue }
            if let known = candidates[index].targets?[cell] {
                if known != value { candidates[index].targets = nil }
            } else {
                candidates[index].targets?[cell] = value
                let count = candidates[index].targets?.count ?? 0
                if count > LeakSearch.mostValues { candidates[index].targets = nil }
            }
        }
        candidates.removeAll { !$0.isEqual && $0.targets == nil }
    }

    /// A column that differs in each row tells everything, and says nothing.
    var lines: [String] {
        guard rows >= LeakSearch.fewestRows, !isConstant else { return [] }
        return candidates.compactMap { candidate in
            let name = names[candidate.column]
            if candidate.isEqual {
                return "warning: column '\(name)' equals the target '\(names[target])' in every "
                    + "row: is it known before the target?"
            }
            guard let values = candidate.targets?.count, 2 * values <= rows else { return nil }
            return "warning: column '\(name)' tells the target '\(names[target])' of every row: "
                + "is it known before the target?"
        }
    }
}

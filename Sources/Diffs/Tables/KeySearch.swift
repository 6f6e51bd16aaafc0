import Bytes
import Tables
import Vocabulary

/// Finds the columns that name a row: those that were asked for, else one column, else the first
/// few together, whose values no two rows of a version share.
struct KeySearch {
    let old: TableSource
    let new: TableSource
    /// The columns that both versions have, in the new order.
    let common: [String]
    /// Those of them that may name a row by themselves: measured numbers do not.
    let naming: Set<String>
    let passes: Int

    /// How many columns from the left are tried together.
    private static let longestPrefix = 6
    /// How many rows are looked at before a candidate is tried on all.
    private static let sampleRows = 20_000

    func matching(_ asked: [String]?) throws -> RowMatching {
        if let asked { return try matching(asked: asked) }
        guard !common.isEmpty else { return .multiset("the versions have no column in common") }
        for candidate in try candidates() where try isUnique(candidate) {
            return .key(candidate, isInferred: true)
        }
        return .multiset("no column, nor the first few together, is unique")
    }

    private func matching(asked key: [String]) throws -> RowMatching {
        for column in key where !common.contains(column) {
            throw StoreError(
                .badUsage,
                "cannot match rows of '\(new.name)' by '\(column)': not a column of both"
                    + " versions", subject: column,
                advice: nearest(column, in: common).map { "did you mean '\($0)'?" })
        }
        guard try isUnique(key) else {
            return .multiset("rows are not unique in \(key.joined(separator: ", "))")
        }
        return .key(key, isInferred: false)
    }

    /// Single columns, then prefixes, that are unique among the first rows of both versions.
    private func candidates() throws -> [[String]] {
        var result = common.filter { naming.contains($0) }.map { [$0] }
        for count in 2...KeySearch.longestPrefix where count < common.count {
            result.append(Array(common.prefix(count)))
        }
        for source in [new, old] {
            var seen = result.map { _ in Set<Hash128>() }
            var isAlive = result.map { _ in true }
            var buffer: [UInt8] = []
            do {
                try RowHashing(source: source).forEachBatch(common) { batch, positions in
                    for row in 0..<batch.rowCount {
                        guard batch.firstRow + row < KeySearch.sampleRows else { throw Enough() }
                        for index in result.indices where isAlive[index] {
                            let places = places(of: result[index], positions)
                            let hash = RowHashing.hash(batch, row, places, &buffer)
                            isAlive[index] = seen[index].insert(hash).inserted
                        }
                    }
                }
            } catch is Enough {}
            result = zip(result, isAlive).filter { $0.1 }.map { $0.0 }
        }
        return result
    }

    private struct Enough: Error {}

    private func places(of columns: [String], _ positions: [Int]) -> ArraySlice<Int> {
        columns.compactMap { name in common.firstIndex(of: name).map { positions[$0] } }[...]
    }

    private func isUnique(_ key: [String]) throws -> Bool {
        for source in [new, old] {
            for pass in 0..<passes {
                let rows = try RowHashing(source: source)
                    .rows(key: key, content: key, pass: pass, of: passes)
                for (first, second) in zip(rows, rows.dropFirst()) where first.key == second.key {
                    return false
                }
            }
        }
        return true
    }
}

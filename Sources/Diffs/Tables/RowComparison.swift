import Bytes
import Tables
import Vocabulary

/// Compares the rows of two versions, pass by pass: a pass holds the rows whose hash falls into it,
/// so that rows that belong together meet.
struct RowComparison {
    let old: TableSource
    let new: TableSource
    /// The columns that both versions have, in the new order.
    let common: [String]
    let passes: Int
    let limit: Int

    /// Rows with equal keys are one row; where the rest differs, it changed.
    func byKey(_ key: [String], into diff: inout TableDiff) throws {
        var columnCounts = [Int](repeating: 0, count: common.count)
        var added: [Int] = []
        var removed: [Int] = []
        var changed: [(old: Int, new: Int)] = []
        for pass in 0..<passes {
            let before = try RowHashing(source: old)
                .rows(key: key, content: common, pass: pass, of: passes)
            let after = try RowHashing(source: new)
                .rows(key: key, content: common, pass: pass, of: passes)
            let matched = match(before, after)
            diff.addedCount += matched.added.count
            diff.removedCount += matched.removed.count
            diff.changedCount += matched.changed.count
            keepFirst(matched.added, in: &added)
            keepFirst(matched.removed, in: &removed)
            try count(matched.changed, into: &columnCounts)
            changed = Array((changed + matched.changed).sorted { $0.new < $1.new }.prefix(limit))
        }
        diff.changedColumns = zip(common, columnCounts).filter { $0.1 > 0 }.map { ($0.0, $0.1) }
        diff.addedExamples = try examples(of: added, in: new, named: key)
        diff.removedExamples = try examples(of: removed, in: old, named: key)
        diff.changedExamples = try examples(of: changed, named: key)
    }

    /// Equal rows cancel each other out, as often as they occur.
    func asMultiset(into diff: inout TableDiff) throws {
        var added: [Int] = []
        var removed: [Int] = []
        for pass in 0..<passes {
            let before = try RowHashing(source: old)
                .rows(key: common, content: common, pass: pass, of: passes)
            let after = try RowHashing(source: new)
                .rows(key: common, content: common, pass: pass, of: passes)
            let matched = match(before, after)
            diff.addedCount += matched.added.count
            diff.removedCount += matched.removed.count
            keepFirst(matched.added, in: &added)
            keepFirst(matched.removed, in: &removed)
        }
        let name = Array(common.prefix(4))
        diff.addedExamples = try examples(of: added, in: new, named: name)
        diff.removedExamples = try examples(of: removed, in: old, named: name)
    }

    private struct Matched {
        var added: [Int] = []
        var removed: [Int] = []
        var changed: [(old: Int, new: Int)] = []
    }

    /// Merges two lists in the order of their keys.
    private func match(_ before: [HashedRow], _ after: [HashedRow]) -> Matched {
        var result = Matched()
        var left = 0
        var right = 0
        while left < before.count || right < after.count {
            if right == after.count || left < before.count && before[left].key < after[right].key {
                result.removed.append(before[left].number)
                left += 1
            } else if left == before.count || after[right].key < before[left].key {
                result.added.append(after[right].number)
                right += 1
            } else {
                if before[left].content != after[right].content {
                    result.changed.append((before[left].number, after[right].number))
                }
                left += 1
                right += 1
            }
        }
        return result
    }

    private func keepFirst(_ numbers: [Int], in kept: inout [Int]) {
        kept = Array((kept + numbers).sorted().prefix(limit))
    }

    // MARK: - Changed cells

    /// Counts in how many of the pairs each column differs: the hashes of the old cells are kept,
    /// those of the new ones compared with them.
    private func count(_ changed: [(old: Int, new: Int)], into counts: inout [Int]) throws {
        guard !changed.isEmpty else { return }
        let byOld = changed.indices.sorted { changed[$0].old < changed[$1].old }
        let byNew = changed.indices.sorted { changed[$0].new < changed[$1].new }
        var cells = [UInt64](repeating: 0, count: changed.count * common.count)
        let width = common.count
        try forEachRow(of: byOld.map { changed[$0].old }, in: old) { order, batch, row, positions in
            let base = byOld[order] * width
            for column in 0..<width {
                cells[base + column] = cellHash(batch, row, positions[column])
            }
        }
        try forEachRow(of: byNew.map { changed[$0].new }, in: new) { order, batch, row, positions in
            let base = byNew[order] * width
            for column in 0..<width
            where cells[base + column] != cellHash(batch, row, positions[column]) {
                counts[column] += 1
            }
        }
    }

    private func cellHash(_ batch: RowBatch, _ row: Int, _ column: Int) -> UInt64 {
        unsafe batch.withValue(row: row, column: column) {
            unsafe xxh3(buffer: UnsafeRawBufferPointer($0))
        }
    }

    /// Calls `body` for the rows of rising `numbers`, each with its place in the list.
    private func forEachRow(
        of numbers: [Int], in source: TableSource,
        _ body: (_ order: Int, RowBatch, _ row: Int, _ positions: [Int]) throws -> Void
    ) throws {
        guard !numbers.isEmpty else { return }
        var next = 0
        do {
            try RowHashing(source: source).forEachBatch(common) { batch, positions in
                while next < numbers.count, numbers[next] < batch.firstRow + batch.rowCount {
                    try body(next, batch, numbers[next] - batch.firstRow, positions)
                    next += 1
                }
                if next == numbers.count { throw AllFound() }
            }
        } catch is AllFound {}
    }

    private struct AllFound: Error {}

    // MARK: - Examples

    private func values(
        of numbers: [Int], in source: TableSource
    ) throws -> [[String]] {
        var result = [[String]](repeating: [], count: numbers.count)
        try forEachRow(of: numbers, in: source) { order, batch, row, positions in
            result[order] = positions.map { batch.text(row: row, column: $0) }
        }
        return result
    }

    private func examples(
        of numbers: [Int], in source: TableSource, named key: [String]
    ) throws -> [RowExample] {
        try values(of: numbers, in: source).map { row in
            RowExample(name: name(of: row, key), cells: [])
        }
    }

    private func examples(
        of pairs: [(old: Int, new: Int)], named key: [String]
    ) throws -> [RowExample] {
        let byOld = pairs.indices.sorted { pairs[$0].old < pairs[$1].old }
        let sorted = try values(of: byOld.map { pairs[$0].old }, in: old)
        var before = [[String]](repeating: [], count: pairs.count)
        for (order, index) in byOld.enumerated() { before[index] = sorted[order] }
        let after = try values(of: pairs.map(\.new), in: new)
        return pairs.indices.map { index in
            let cells = common.indices.compactMap { column -> RowExample.Cell? in
                let (was, now) = (before[index][column], after[index][column])
                guard was != now else { return nil }
                return RowExample.Cell(column: common[column], old: was, new: now)
            }
            return RowExample(name: name(of: after[index], key), cells: cells)
        }
    }

    private func name(of row: [String], _ key: [String]) -> [(column: String, value: String)] {
        key.compactMap { column in
            common.firstIndex(of: column).map { (column, row[$0]) }
        }
    }
}

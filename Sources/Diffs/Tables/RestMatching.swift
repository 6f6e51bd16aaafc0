import Bytes
import Tables
import Vocabulary

/// Rows of two versions without an equal partner, to be matched where their numbers are near enough and
/// all else is equal. Memory: `bytesPerRow`.
///
/// Rows that agree in all but the numbers are matched in the order of the first of these: each new row to the
/// first old one that is left and near enough in all of them. With one column of numbers that leaves the
/// fewest rows; with several it may leave a few more, the same ones each time.
struct RestMatching {
    private struct Row {
        let group: Hash128
        let number: Int
    }

    private struct Side {
        var rows: [Row] = []
        var cells: [UInt64] = []
    }

    private let tolerances: [Tolerance]
    private var old = Side()
    private var new = Side()

    /// The most old rows that are tried for a new one.
    private static let mostTries = 64

    init(_ tolerances: [Tolerance]) { self.tolerances = tolerances }

    /// Bytes that a row takes, with its place in the order.
    static func bytesPerRow(_ columns: Int) -> Int { 40 + 8 * columns }

    /// Adds a row: what all but its numbers are, its place in the file, its numbers.
    mutating func append(
        _ side: TablePair.Side, group: Hash128, number: Int, cells: [UInt64]
    ) {
        let row = Row(group: group, number: number)
        if side == .old {
            old.rows.append(row)
            old.cells += cells
        } else {
            new.rows.append(row)
            new.cells += cells
        }
    }

    /// The places in the file of the rows that stay without a partner, ascending.
    func unmatched() -> (old: [Int], new: [Int]) {
        let (before, after) = (ordered(old), ordered(new))
        var isTaken = Array(repeating: false, count: before.count)
        var left: [Int] = []
        var low = 0
        for place in after {
            while low < before.count, isTaken[low] || isBehind(before[low], place) { low += 1 }
            if let partner = partner(of: place, among: before, from: low, isTaken) {
                isTaken[partner] = true
            } else {
                left.append(new.rows[place].number)
            }
        }
        let rest = before.indices.filter { !isTaken[$0] }.map { old.rows[before[$0]].number }
        return (rest.sorted(), left.sorted())
    }

    private func ordered(_ side: Side) -> [Int] {
        let width = tolerances.count
        return side.rows.indices.sorted { one, other in
            let (left, right) = (side.rows[one], side.rows[other])
            if left.group != right.group { return RestMatching.isLess(left.group, right.group) }
            let (first, second) = (side.cells[one * width], side.cells[other * width])
            if NumberCell.isLess(first, second) { return true }
            return !NumberCell.isLess(second, first) && left.number < right.number
        }
    }

    private static func isLess(_ left: Hash128, _ right: Hash128) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    private func first(_ side: Side, _ place: Int) -> UInt64 {
        side.cells[place * tolerances.count]
    }

    /// Whether the old row can be no partner of this new row nor of those that follow.
    private func isBehind(_ place: Int, _ newPlace: Int) -> Bool {
        let (before, after) = (old.rows[place].group, new.rows[newPlace].group)
        guard before == after else { return RestMatching.isLess(before, after) }
        let (one, other) = (first(old, place), first(new, newPlace))
        return NumberCell.isLess(one, other) && !NumberCell.areEqual(one, other, tolerances[0])
    }

    private func partner(
        of newPlace: Int, among before: [Int], from low: Int, _ isTaken: [Bool]
    ) -> Int? {
        var tries = 0
        var index = low
        while index < before.count, tries < RestMatching.mostTries {
            defer { index += 1 }
            let place = before[index]
            guard old.rows[place].group == new.rows[newPlace].group else { return nil }
            let isNear = NumberCell.areEqual(
                first(old, place), first(new, newPlace), tolerances[0])
            guard isNear || NumberCell.isLess(first(old, place), first(new, newPlace)) else {
                return nil
            }
            guard !isTaken[index] else { continue }
            tries += 1
            if isNear, areNear(place, newPlace) { return index }
        }
        return nil
    }

    private func areNear(_ oldPlace: Int, _ newPlace: Int) -> Bool {
        let width = tolerances.count
        return (0..<width).allSatisfy { column in
            NumberCell.areEqual(
                old.cells[oldPlace * width + column], new.cells[newPlace * width + column],
                tolerances[column])
        }
    }
}

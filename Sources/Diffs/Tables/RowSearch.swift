import Bytes

/// Looks, from two places at which rows of two versions differ, for the nearest rows that are equal.
///
/// Near ones are found by comparing rows, a few on either side; failing that, all rows in reach by their
/// hashes.
struct RowSearch {
    private let old: RowText
    private let new: RowText
    private var oldRows: Rows
    private var newRows: Rows

    /// How many rows of either side are compared with each other.
    private static let nearRows = 12
    /// How many rows of either side are in reach.
    private static let mostRows = 4096

    /// Where rows of one version begin, and the last one ends.
    private struct Rows {
        var starts: [Int]
        let limit: Int

        var count: Int { starts.count - 1 }

        func range(_ row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }

        /// Whether there are more rows than that, having looked for them.
        mutating func reaches(_ row: Int, _ text: RowText) throws -> Bool {
            while row >= count {
                guard let last = starts.last, last < limit,
                    let end = try text.endOfRow(from: last, to: limit)
                else { return false }
                starts.append(end)
            }
            return true
        }
    }

    init(_ old: RowText, _ oldRange: Range<Int>, _ new: RowText, _ newRange: Range<Int>) {
        self.old = old
        self.new = new
        oldRows = Rows(starts: [oldRange.lowerBound], limit: oldRange.upperBound)
        newRows = Rows(starts: [newRange.lowerBound], limit: newRange.upperBound)
    }

    /// Where the nearest equal rows begin; where none are, the ends of what was looked at.
    mutating func nearest() throws -> (old: Int, new: Int) {
        for distance in 1...(2 * RowSearch.nearRows) {
            for (before, after) in RowSearch.choices(distance) where try areEqual(before, after) {
                return (oldRows.starts[before], newRows.starts[after])
            }
        }
        return try nearestByHash()
    }

    /// Numbers of rows that add up to `distance`: those that are most alike first.
    private static func choices(_ distance: Int) -> [(Int, Int)] {
        let half = distance / 2
        var choices: [(Int, Int)] = []
        for step in 0...half {
            let (low, high) = (half - step, distance - half + step)
            guard high <= nearRows else { break }
            choices.append((low, high))
            if low != high { choices.append((high, low)) }
        }
        return choices
    }

    private mutating func areEqual(_ before: Int, _ after: Int) throws -> Bool {
        guard try oldRows.reaches(before, old), try newRows.reaches(after, new) else {
            return false
        }
        return old.isEqual(oldRows.range(before), new, newRows.range(after))
    }

    private mutating func nearestByHash() throws -> (old: Int, new: Int) {
        _ = try oldRows.reaches(RowSearch.mostRows, old)
        _ = try newRows.reaches(RowSearch.mostRows, new)
        var places: [UInt64: Int] = [:]
        places.reserveCapacity(oldRows.count)
        for row in 0..<oldRows.count {
            let hash = hash(old, oldRows.range(row))
            if places[hash] == nil { places[hash] = row }
        }
        var best = (old: oldRows.count, new: newRows.count)
        for row in 0..<newRows.count where row < best.old + best.new {
            guard let place = places[hash(new, newRows.range(row))],
                place + row < best.old + best.new,
                old.isEqual(oldRows.range(place), new, newRows.range(row))
            else { continue }
            best = (place, row)
        }
        return (oldRows.starts[best.old], newRows.starts[best.new])
    }

    private func hash(_ text: RowText, _ range: Range<Int>) -> UInt64 {
        // Unsafe: a view, hashed within the call.
        unsafe xxh3(buffer: UnsafeRawBufferPointer(text.bytes(range)))
    }
}

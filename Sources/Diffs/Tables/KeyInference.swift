import Bytes
import Tables

/// Finds columns that tell the rows of both versions apart.
///
/// Looks at a sample of rows, spread over each version; what it proposes is proved or refuted when
/// all rows are matched. A column can be part of a key when it has no nulls and the same type in
/// both versions, and is neither a float nor a truth value: keys name things, they do not measure.
struct KeyInference {
    private let pair: TablePair
    /// Positions in the common columns that may be part of a key.
    private let eligible: [Int]
    private let scores: [Int]
    /// For each version, for each eligible column that was looked at, the hashes of the sampled cells.
    private var samples: [[[UInt64]]] = []
    /// A column that is called as one that names rows and does: of the others nothing was looked at.
    private var namedKey: Int?

    private static let maximumColumns = 24
    private static let blockRows = 1024
    private static let maximumBlocks = 64

    private static let names = [
        "id", "key", "code", "uuid", "guid", "index", "no", "number", "column_1",
    ]

    /// Reads the samples: one pass over each version, or two.
    init(_ pair: TablePair) throws {
        self.pair = pair
        let old = Dictionary(
            pair.old.columns.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let new = Dictionary(
            pair.new.columns.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        eligible = Array(
            pair.common.indices.filter { index in
                guard let before = old[pair.common[index]], let after = new[pair.common[index]]
                else { return false }
                return before.type == after.type && !before.isNullable && !after.isNullable
                    && before.type != .float && before.type != .bool
            }.prefix(KeyInference.maximumColumns))
        scores = eligible.map { index in
            new[pair.common[index]].map(KeyInference.score) ?? 1
        }
        guard let first = eligible.indices.min(by: { (scores[$0], $0) < (scores[$1], $1) }) else {
            return
        }
        if KeyInference.isNamed(pair.common[eligible[first]]) {
            samples = [try sample(.old, [first]), try sample(.new, [first])]
            if isUnique([first]) { namedKey = first }
        }
        guard namedKey == nil else { return }
        let all = Array(eligible.indices)
        samples = [try sample(.old, all), try sample(.new, all)]
    }

    /// Keys to try, as positions in the common columns, the best first; empty when there is none.
    ///
    /// The fewest columns that are unique together, up to three; among those, columns that name
    /// rather than count, then columns further left. Failing that the shortest unique prefix of
    /// the eligible columns, without those of it that are not needed.
    func candidates() -> [[Int]] {
        guard !eligible.isEmpty else { return [] }
        let all = Array(eligible.indices)
        if let namedKey {
            // With a column that names rows all of them do.
            return (all.count > 1 ? [[namedKey], all] : [all]).map { $0.map { eligible[$0] } }
        }
        let found = smallKey() ?? shrunkPrefix()
        let keys = [found, found == all ? nil : isUnique(all) ? all : nil].compactMap(\.self)
        return keys.map { $0.map { eligible[$0] } }
    }

    private func smallKey() -> [Int]? {
        for size in 1...min(3, eligible.count) {
            let combinations = KeyInference.combinations(
                of: min(eligible.count, size == 3 ? 16 : eligible.count), size: size)
            let scored = combinations.enumerated().map { order, columns in
                (score: columns.reduce(0) { $0 + scores[$1] }, order: order, columns: columns)
            }
            let ordered = scored.sorted { ($0.score, $0.order) < ($1.score, $1.order) }
            if let best = ordered.first(where: { isUnique($0.columns) }) { return best.columns }
        }
        return nil
    }

    private func shrunkPrefix() -> [Int]? {
        guard eligible.count > 3,
            let length = (4...eligible.count).first(where: { isUnique(Array(0..<$0)) })
        else { return nil }
        var needed = Array(0..<length)
        for column in needed.sorted(by: { (scores[$0], $0) > (scores[$1], $1) }) {
            let without = needed.filter { $0 != column }
            if isUnique(without) { needed = without }
        }
        return needed
    }

    /// All choices of `size` of the first `count` numbers, in order.
    private static func combinations(of count: Int, size: Int) -> [[Int]] {
        var result: [[Int]] = [[]]
        for _ in 0..<size {
            result = result.flatMap { chosen in
                ((chosen.last ?? -1) + 1..<max(count, (chosen.last ?? -1) + 1)).map {
                    chosen + [$0]
                }
            }
        }
        return result
    }

    /// 0 for columns that name things by their type or name, 1 for other integers.
    private static func score(_ column: ColumnSummary) -> Int {
        isNamed(column.name) || column.type != .int ? 0 : 1
    }

    private static func isNamed(_ name: String) -> Bool {
        let name = name.lowercased()
        return names.contains { name == $0 || name.hasSuffix("_" + $0) }
    }

    /// The hashes of some of the eligible columns; of the others nothing.
    private func sample(_ side: TablePair.Side, _ places: [Int]) throws -> [[UInt64]] {
        var hashes: [[UInt64]] = Array(repeating: [], count: eligible.count)
        let hasher = pair.hasher(side)
        let blocks = (pair.rowCount(side) + KeyInference.blockRows - 1) / KeyInference.blockRows
        let stride = max(1, (blocks + KeyInference.maximumBlocks - 1) / KeyInference.maximumBlocks)
        try pair.forEachBatch(side) { batch in
            for row in 0..<batch.rowCount
            where (batch.firstRow + row) / KeyInference.blockRows % stride == 0 {
                for place in places {
                    hashes[place].append(hasher.cellHash(batch, row, eligible[place]))
                }
            }
        }
        return hashes
    }

    /// Whether no two sampled rows of either version agree in all these columns.
    private func isUnique(_ columns: [Int]) -> Bool {
        samples.allSatisfy { sample in
            guard let rows = columns.first.map({ sample[$0].count }) else { return false }
            var seen = DistinctHashes(capacity: rows)
            for row in 0..<rows {
                var hash: UInt64 = 0
                for column in columns {
                    hash = (hash ^ sample[column][row]) &* 0x9e37_79b9_7f4a_7c15
                    hash ^= hash >> 32
                }
                if !seen.insert(hash) { return false }
            }
            return true
        }
    }
}

/// A set of hashes that only has to say whether one comes again.
private struct DistinctHashes {
    private var places: [UInt64]
    private var hasZero = false

    init(capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        places = Array(repeating: 0, count: size)
    }

    /// Whether the hash is new.
    mutating func insert(_ hash: UInt64) -> Bool {
        guard hash != 0 else {
            defer { hasZero = true }
            return !hasZero
        }
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != 0 {
            if places[place] == hash { return false }
            place = (place + 1) & (places.count - 1)
        }
        places[place] = hash
        return true
    }
}

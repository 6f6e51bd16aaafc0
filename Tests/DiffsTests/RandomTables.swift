import Diffs
import Tables

/// A generator that gives the same numbers for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A table as plain lists.
struct PlainTable {
    var names: [String]
    var rows: [[String]]

    /// A file with these rows, with quotes where they must be and, by chance, elsewhere.
    func source(_ name: String, delimiter: String, _ numbers: inout SeededNumbers) -> TableSource {
        var text = names.joined(separator: delimiter) + "\n"
        for row in rows {
            text += row.map { quoted($0, &numbers) }.joined(separator: delimiter) + "\n"
        }
        return TableSource(name: name, format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    private func quoted(_ value: String, _ numbers: inout SeededNumbers) -> String {
        let needsQuotes = value.contains { "\",;\n\r".contains($0) }
        guard needsQuotes || Int.random(in: 0..<6, using: &numbers) == 0 else { return value }
        let parts = value.split(separator: "\"", omittingEmptySubsequences: false)
        return "\"" + parts.joined(separator: "\"\"") + "\""
    }

    /// The row's value in a column that is there.
    func value(_ row: [String], _ name: String) -> String {
        names.firstIndex(of: name).map { row[$0] } ?? ""
    }
}

/// Numbers of rows that differ.
struct PlainCounts: Equatable {
    var added = 0
    var removed = 0
    var changed = 0
}

/// A pair of versions made by everything that people do to tables.
struct RandomPair {
    var old: PlainTable
    var new: PlainTable

    private static let pool = [
        "1", "2", "NA", "", "NaN", "nan", "x", "x,y", "a\"b", "line\nbreak", "1.0", "-1", "ü", ";",
    ]

    init(_ numbers: inout SeededNumbers, hasKey: Bool) {
        let width = Int.random(in: 1...4, using: &numbers)
        let names = (hasKey ? ["id"] : ["c"]) + (0..<width).map { "v\($0)" }
        func cell() -> String { RandomPair.pool.randomElement(using: &numbers) ?? "" }
        let rows = (0..<Int.random(in: 0...120, using: &numbers)).map { row in
            [hasKey ? "k\(row)" : cell()] + (0..<width).map { _ in cell() }
        }
        old = PlainTable(names: names, rows: rows)
        new = old
        for row in new.rows.indices where Int.random(in: 0..<4, using: &numbers) == 0 {
            let column = Int.random(in: 1...width, using: &numbers)
            new.rows[row][column] = cell()
        }
        new.rows.removeAll { _ in Int.random(in: 0..<6, using: &numbers) == 0 }
        for row in 0..<Int.random(in: 0...9, using: &numbers) {
            let place = Int.random(in: 0...new.rows.count, using: &numbers)
            let first = hasKey ? "n\(row)" : cell()
            new.rows.insert([first] + (0..<width).map { _ in cell() }, at: place)
        }
        if Bool.random(using: &numbers) { new.rows.shuffle(using: &numbers) }
        reshape(&numbers)
    }

    private mutating func reshape(_ numbers: inout SeededNumbers) {
        if Int.random(in: 0..<3, using: &numbers) == 0 {
            new.names.append("extra")
            for row in new.rows.indices { new.rows[row].append("e") }
        }
        if Int.random(in: 0..<3, using: &numbers) == 0 {
            let order = Array(new.names.indices).shuffled(using: &numbers)
            new.names = order.map { [names = new.names] in names[$0] }
            new.rows = new.rows.map { row in order.map { row[$0] } }
        }
        if Int.random(in: 0..<4, using: &numbers) == 0, old.names.count > 2 {
            old.names.removeLast()
            for row in old.rows.indices { old.rows[row].removeLast() }
        }
    }

    var common: [String] { new.names.filter { old.names.contains($0) } }

    /// The answer by dictionary.
    func naive(key: String) -> (rows: PlainCounts, changed: [String: Int]) {
        let before = Dictionary(uniqueKeysWithValues: old.rows.map { (old.value($0, key), $0) })
        var counts = PlainCounts()
        var changed: [String: Int] = [:]
        for row in new.rows {
            guard let was = before[new.value(row, key)] else {
                counts.added += 1
                continue
            }
            let columns = common.filter { old.value(was, $0) != new.value(row, $0) }
            if !columns.isEmpty { counts.changed += 1 }
            for column in columns { changed[column, default: 0] += 1 }
        }
        counts.removed = old.rows.count - (new.rows.count - counts.added)
        return (counts, changed)
    }

    /// The answer as bags of rows.
    func naiveBag() -> PlainCounts {
        var balance: [[String]: Int] = [:]
        for row in old.rows { balance[common.map { old.value(row, $0) }, default: 0] += 1 }
        for row in new.rows { balance[common.map { new.value(row, $0) }, default: 0] -= 1 }
        var counts = PlainCounts()
        for difference in balance.values {
            counts.removed += max(0, difference)
            counts.added += max(0, -difference)
        }
        return counts
    }
}

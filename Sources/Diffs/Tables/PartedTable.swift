import Bytes
import Tables
import Vocabulary

/// A version of a table whose file has parts that can be read by themselves: the row groups of Parquet.
struct PartedTable {
    let source: TableSource
    let bytes: ByteAccess
    let parts: [TablePart]

    /// Nil where the file has no such parts.
    init?(_ source: TableSource, _ bytes: @autoclosure () throws -> ByteAccess) throws {
        parts = try source.parts()
        guard !parts.isEmpty else { return nil }
        self.source = source
        self.bytes = try bytes()
    }

    /// The bytes of a part: by the chunks that they are made of, or by their hash.
    private enum Content: Hashable {
        case chunks([ByteAccess.Part])
        case hash(Hash128)
    }

    /// What tells a part from others.
    private struct Key: Hashable {
        let rowCount: Int
        let layout: UInt64
        let content: Content
    }

    /// The parts that only one of two versions has, and those that both have, by their places in either;
    /// chunks tell where both versions are made of some, else the bytes are read and hashed.
    static func places(
        _ old: PartedTable, _ new: PartedTable
    ) throws -> (old: [Int], new: [Int], shared: [Int]) {
        let hasChunks = old.bytes.isChunked && new.bytes.isChunked
        var rest: [Key: [Int]] = [:]
        for place in old.parts.indices.reversed() {
            rest[try old.key(place, hasChunks), default: []].append(place)
        }
        var shared: [Int] = []
        let onlyNew = try new.parts.indices.filter { place in
            guard let partner = rest[try new.key(place, hasChunks)]?.popLast() else { return true }
            shared.append(partner)
            return false
        }
        return (rest.values.flatMap { $0 }.sorted(), onlyNew, shared.sorted())
    }

    private func key(_ place: Int, _ hasChunks: Bool) throws -> Key {
        let part = parts[place]
        if hasChunks, let chunks = bytes.makeup(of: part.range) {
            return Key(rowCount: part.rowCount, layout: part.layout, content: .chunks(chunks))
        }
        var sums: [UInt8] = []
        for start in stride(from: part.range.lowerBound, to: part.range.upperBound, by: 1 << 20) {
            let piece = try bytes.read(start..<min(start + 1 << 20, part.range.upperBound))
            let sum = xxh3Wide(piece)
            for word in [sum.high, sum.low] {
                sums += (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            }
        }
        return Key(rowCount: part.rowCount, layout: part.layout, content: .hash(xxh3Wide(sums)))
    }

    /// How many rows the parts have.
    private func rowCount(_ places: [Int]) -> Int {
        places.reduce(0) { $0 + parts[$1].rowCount }
    }

    /// The parts as a table, whose columns are known.
    func side(
        _ places: [Int], _ columns: [ColumnSummary]
    ) -> (source: TableSource, summary: TableSummary) {
        (
            source.selecting(places),
            TableSummary(rowCount: rowCount(places), columns: columns)
        )
    }
}

/// The rows of the parts that differ without an equal partner, beside some that both have: what stands in
/// the same order is taken out as text. Nil where that does not help, or parts are too long for it.
private func differingRows(
    _ old: PartedTable, _ new: PartedTable, _ places: (old: [Int], new: [Int]),
    _ header: TableHeader, threads: Int, _ options: TableDiffOptions
) throws -> RowSieve.Rest? {
    // A row of one column that has no value would be no line.
    guard header.columnNames.count > 1 else { return nil }
    let bytes = places.old.reduce(0) { $0 + old.parts[$1].range.count }
    do {
        var rows = AlignedRows(
            .parts(old, places.old.reversed()), .parts(new, places.new.reversed()),
            sizeBytes: bytes, delimiter: header.delimiter, threads: threads, options)
        guard let left = try rows.run() else { return nil }
        var sieve = try RowSieve(
            left, header, name: new.source.name, CSVFormat.of(header), options)
        var rest = try sieve.run()
        rest.equalRows += left.equalRows
        return rest
    } catch is ChangedRegions.Doubt { return nil }
}

/// Compares two versions by the parts that only one of them has. Nil where they share none and most rows
/// differ, or have other columns: then all of both must be read.
///
/// The answer is that of `diffTables`, but for one thing: a key that was found is unique among the rows
/// that differ, in some that do not, and in one of the parts that are shared where most rows differ.
func diffPartedTables(
    _ old: PartedTable, _ new: PartedTable, threads: Int, _ options: TableDiffOptions
) throws -> TableDiff? {
    let places = try PartedTable.places(old, new)
    let headers = try [old, new].map { try $0.source.header() }
    guard headers[0] == headers[1] else { return nil }
    let rest = try differingRows(
        old, new, (places.old, places.new), headers[0], threads: threads, options)
    guard rest != nil || !places.shared.isEmpty else { return nil }
    // What is shared is read once, for the values that are missing.
    let common = try old.source.selecting(places.shared).summary()
    func summary(_ table: PartedTable, _ own: [Int]) throws -> TableSummary {
        let rest = try table.source.selecting(own).summary()
        return TableSummary(
            rowCount: common.rowCount + rest.rowCount,
            columns: zip(common.columns, rest.columns).map {
                ColumnSummary(
                    name: $0.name, type: $0.type, isNullable: $0.isNullable || $1.isNullable)
            })
    }
    let before = try summary(old, places.old)
    let after = try summary(new, places.new)
    // Any row that was not read as it was written shows here.
    if let rest, after.rowCount - before.rowCount == rest.newCount - rest.oldCount {
        let text = CSVFormat.of(headers[0])
        func rows(_ table: PartedTable) -> TableSource {
            TableSource(name: table.source.name, format: text, bytes: [])
        }
        let sample = options.key == nil ? rest.equalRows : []
        return try diffRest(rest, sample, (rows(old), before), (rows(new), after), options)
    }
    guard !places.shared.isEmpty else { return nil }
    let pair = TablePair(
        old.side(places.old, before.columns), new.side(places.new, after.columns),
        haveSameDelimiter: true)
    let keys: [[Int]]
    if let asked = options.key {
        keys = [try pair.key(asked)]
    } else {
        let sample = places.shared.prefix(1)
        let sampled = TablePair(
            old.side(places.old + sample, before.columns), new.side(places.new, after.columns),
            haveSameDelimiter: true)
        keys =
            pair.old.rowCount + pair.new.rowCount > 0 ? try KeyInference(sampled).candidates() : []
    }
    var diff = try diffRows(pair, keys, options)
    diff.old = before
    diff.new = after
    return diff
}

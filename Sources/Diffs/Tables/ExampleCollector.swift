import Bytes
import Tables

/// Keeps the first few rows of each kind, by their place in the file: the same ones in however
/// many passes they come.
struct ExampleCollector {
    /// What happened to a row.
    enum Kind { case added, removed, changed }

    /// The most rows of each kind.
    let limit: Int

    private struct Entry {
        var rowNumber: Int
        var name: RowExample.Name
        /// Of a changed row: its key, and the values and their hashes in the new version.
        var key: Hash128?
        var values: [String] = []
        var hashes: [UInt64] = []
        var cells: [RowExample.Cell] = []
    }

    private var added: [Entry] = []
    private var removed: [Entry] = []
    private var changed: [Entry] = []
    /// Values are cut to this many bytes, at a character.
    private static let maximumValueBytes = 200
    /// How many columns name a row that has no key, at most: of rows that differ somewhere only, fewer
    /// would look the same.
    private static let namingColumns = 32

    init(limit: Int) { self.limit = limit }

    /// Whether a row with that number would be among the first ones.
    func wants(_ kind: Kind, rowNumber: Int) -> Bool {
        guard limit > 0 else { return false }
        let list = entries(kind)
        return list.count < limit || list[list.count - 1].rowNumber > rowNumber
    }

    /// Takes an added row of the new version or a removed one of the old, if it is wanted.
    mutating func offer(_ kind: Kind, _ batch: RowBatch, _ row: Int, _ pair: TablePair) {
        let number = batch.firstRow + row
        guard wants(kind, rowNumber: number) else { return }
        let hasher = kind == .removed ? pair.oldHasher : pair.newHasher
        insert(Entry(rowNumber: number, name: name(batch, row, hasher, pair)), kind)
    }

    /// Takes a changed row as it is in the new version, if it is wanted.
    mutating func offerChanged(_ key: Hash128, _ batch: RowBatch, _ row: Int, _ pair: TablePair) {
        let number = batch.firstRow + row
        guard wants(.changed, rowNumber: number) else { return }
        let hasher = pair.newHasher
        var entry = Entry(rowNumber: number, name: name(batch, row, hasher, pair), key: key)
        entry.values = hasher.columns.map { ExampleCollector.value(batch, row, $0) }
        entry.hashes = pair.common.indices.map { hasher.cellHash(batch, row, $0) }
        insert(entry, .changed)
    }

    /// Adds to a changed row what it was in the old version.
    mutating func completeChanged(
        _ key: Hash128, _ batch: RowBatch, _ row: Int, _ pair: TablePair
    ) {
        guard let place = changed.firstIndex(where: { $0.key == key }),
            changed[place].cells.isEmpty
        else { return }
        let entry = changed[place]
        let hasher = pair.oldHasher
        let columns = pair.common.indices.filter {
            !pair.areEqual($0, hasher.cellHash(batch, row, $0), entry.hashes[$0])
        }
        changed[place].cells = columns.map { index in
            RowExample.Cell(
                column: pair.common[index],
                old: ExampleCollector.value(batch, row, hasher.columns[index]),
                new: entry.values[index])
        }
    }

    /// The rows that were kept, in file order.
    func examples(_ kind: Kind) -> [RowExample] {
        entries(kind).map { RowExample($0.name, cells: $0.cells) }
    }

    private func entries(_ kind: Kind) -> [Entry] {
        switch kind {
        case .added: added
        case .removed: removed
        case .changed: changed
        }
    }

    private mutating func insert(_ entry: Entry, _ kind: Kind) {
        var list = entries(kind)
        let place = list.firstIndex { $0.rowNumber > entry.rowNumber } ?? list.count
        list.insert(entry, at: place)
        if list.count > limit { list.removeLast() }
        switch kind {
        case .added: added = list
        case .removed: removed = list
        case .changed: changed = list
        }
    }

    private func name(
        _ batch: RowBatch, _ row: Int, _ hasher: RowHasher, _ pair: TablePair
    ) -> RowExample.Name {
        let hasKey = !pair.keyIndexes.isEmpty
        let first = Array(pair.common.indices.prefix(ExampleCollector.namingColumns))
        let cells = (hasKey ? pair.keyIndexes : first).map { index in
            (pair.common[index], ExampleCollector.value(batch, row, hasher.columns[index]))
        }
        return (cells, !hasKey && cells.count < pair.common.count)
    }

    private static func value(_ batch: RowBatch, _ row: Int, _ column: Int) -> String {
        let bytes = batch.value(row: row, column: column)
        guard bytes.count > maximumValueBytes else { return String(decoding: bytes, as: UTF8.self) }
        var end = maximumValueBytes
        while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }
}

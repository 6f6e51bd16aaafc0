import Bytes
import Tables
import Vocabulary

/// A row of one version, known by hashes.
struct HashedRow {
    /// The hash of the key's values; of all common values where there is no key.
    let key: Hash128
    /// The hash of the values of all columns that both versions have.
    let content: Hash128
    /// The row's number in its version, from 0.
    let number: Int
}

/// Reads a version and hashes chosen columns of its rows, found by name.
struct RowHashing {
    let source: TableSource

    /// Calls `body` with each batch and the positions of `columns` in it.
    func forEachBatch(
        _ columns: [String], _ body: (RowBatch, [Int]) throws -> Void
    ) throws {
        var positions: [Int]?
        try source.forEachBatch { batch in
            let found = positions ?? RowHashing.positions(of: columns, in: batch.header)
            positions = found
            try body(batch, found)
        }
    }

    /// The rows whose key falls into `pass` of `passes`, in the order of their keys.
    func rows(key: [String], content: [String], pass: Int, of passes: Int) throws -> [HashedRow] {
        var rows: [HashedRow] = []
        var buffer: [UInt8] = []
        try forEachBatch(key + content) { batch, positions in
            let keyPositions = positions.prefix(key.count)
            let contentPositions = positions.dropFirst(key.count)
            for row in 0..<batch.rowCount {
                let hash = RowHashing.hash(batch, row, keyPositions, &buffer)
                guard passes == 1 || Int(hash.high % UInt64(passes)) == pass else { continue }
                let whole =
                    key == content ? hash : RowHashing.hash(batch, row, contentPositions, &buffer)
                rows.append(HashedRow(key: hash, content: whole, number: batch.firstRow + row))
            }
        }
        rows.sort { ($0.key, $0.number) < ($1.key, $1.number) }
        return rows
    }

    /// The hash of some values of a row: each with its length before it, so that no two lists of
    /// values make the same bytes.
    static func hash(
        _ batch: RowBatch, _ row: Int, _ positions: ArraySlice<Int>, _ buffer: inout [UInt8]
    ) -> Hash128 {
        buffer.removeAll(keepingCapacity: true)
        for position in positions {
            unsafe batch.withValue(row: row, column: position) { value in
                var count = UInt32(truncatingIfNeeded: value.count)
                for _ in 0..<4 {
                    buffer.append(UInt8(truncatingIfNeeded: count))
                    count >>= 8
                }
                unsafe buffer.append(contentsOf: value)
            }
        }
        return xxh3Wide(buffer)
    }

    static func positions(of columns: [String], in header: TableHeader) -> [Int] {
        let places = Dictionary(
            header.columnNames.enumerated().map { ($0.element, $0.offset) }
        ) { first, _ in first }
        return columns.map { places[$0] ?? 0 }
    }
}

import Bytes
import Tables

/// The columns that both versions have, and how the rows of one of them are hashed.
///
/// A cell's value is its text without quotes. A row is hashed over its values in the order of the
/// new version, joined so that different rows give different bytes; so equal rows have equal
/// hashes, whatever quotes, delimiters and column order their files use.
struct RowHasher {
    /// Positions in this version of the common columns, in the order of the new version.
    let columns: [Int]
    /// Positions in this version of the key's columns.
    let key: [Int]
    /// Whether both versions have the same columns in the same order behind the same delimiter:
    /// then a row without quotes is hashed as it stands in the file.
    let isRawComparable: Bool
    /// Which of `columns` are compared as numbers; empty for none.
    private(set) var areNumbers: [Bool] = []
    private var scratch: [UInt8] = []

    /// A byte that is nowhere in UTF-8.
    private static let noText: UInt8 = 0xff

    init(columns: [Int], key: [Int], isRawComparable: Bool) {
        self.columns = columns
        self.key = key
        self.isRawComparable = isRawComparable
    }

    /// The same, but that some columns are compared as numbers.
    func comparingNumbers(_ areNumbers: [Bool]) -> RowHasher {
        var hasher = self
        hasher.areNumbers = areNumbers
        return hasher
    }

    /// The hash of the row's key; of the whole row when there is no key.
    mutating func keyHash(_ batch: RowBatch, _ row: Int) -> Hash128 {
        key.isEmpty ? rowHash(batch, row) : hash(batch, row, key, separator: RowHasher.noText)
    }

    /// The hash of the row's values in the common columns.
    ///
    /// Values are joined by the delimiter when none of them contains it, and by a byte that no text
    /// contains when one does. The first form is the raw row where it has no quotes.
    mutating func rowHash(_ batch: RowBatch, _ row: Int) -> Hash128 {
        if isRawComparable {
            // Unsafe: a view of the batch, hashed before it is gone.
            let raw = unsafe batch.rawRow(row)
            if unsafe !raw.contains(0x22) {
                return unsafe xxh3Wide(buffer: UnsafeRawBufferPointer(raw))
            }
        }
        let separator = isRawComparable ? batch.header.delimiter : RowHasher.noText
        let hash = hash(batch, row, columns, separator: separator)
        let isAmbiguous =
            separator != RowHasher.noText
            && scratch.count { $0 == separator } >= columns.count
        return isAmbiguous ? self.hash(batch, row, columns, separator: RowHasher.noText) : hash
    }

    /// The hash of one value; of a column that is compared as numbers the number.
    func cellHash(_ batch: RowBatch, _ row: Int, _ column: Int) -> UInt64 {
        if !areNumbers.isEmpty, areNumbers[column] {
            // Unsafe: a view of the batch, parsed before it is gone.
            let field = unsafe batch.trimmedField(row: row, column: columns[column])
            return unsafe FieldSyntax.float(field)?.bitPattern ?? NumberCell.missing
        }
        return unsafe batch.withComparedValue(row: row, column: columns[column]) {
            unsafe xxh3(buffer: UnsafeRawBufferPointer($0))
        }
    }

    private mutating func hash(
        _ batch: RowBatch, _ row: Int, _ columns: [Int], separator: UInt8
    ) -> Hash128 {
        scratch.removeAll(keepingCapacity: true)
        for (index, column) in columns.enumerated() {
            if index > 0 { scratch.append(separator) }
            unsafe batch.withComparedValue(row: row, column: column) {
                unsafe scratch.append(contentsOf: $0)
            }
        }
        return xxh3Wide(scratch)
    }
}

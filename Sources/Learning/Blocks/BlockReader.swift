internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// What sums are made of a block of rows.
struct BlockForm: Sendable {
    let header: TableHeader
    /// Readers of the features, then of the target.
    let columns: [ColumnReader]
    let hasTarget: Bool
    let maximumColumns: Int
    let level: InstructionLevel

    /// Everything that the sums of some rows depend on, besides the rows.
    var key: Digest {
        var writer = ByteWriter()
        writer.append(length: ProductSums.version)
        writer.append(uint8: header.delimiter)
        writer.append(length: header.rawRow.count)
        writer.append(header.rawRow)
        writer.append(uint8: hasTarget ? 1 : 0)
        writer.append(length: columns.count)
        for column in columns {
            writer.append(length: column.position)
            writer.append(uint8: column.kind == .number ? 1 : 0)
        }
        return taggedDigest("sums form", writer.bytes)
    }

    /// Sums that were kept; nil for what is not of this form.
    func sums(_ bytes: [UInt8]) -> ProductSums? {
        guard let sums = ProductSums(decoding: bytes),
            sums.numbers.count == columns.count(where: { $0.kind == .number }),
            sums.categories.count == columns.count(where: { $0.kind == .category }),
            sums.places.order - (hasTarget ? 1 : 0) <= maximumColumns
        else { return nil }
        return sums
    }

    /// The sums of the rows of both.
    func adding(_ left: ProductSums, _ right: ProductSums) throws -> ProductSums {
        try left.adding(right, maximumColumns: maximumColumns, hasTarget: hasTarget)
    }
}

/// Reads the bytes of a block and sums its rows, so many at a time. Memory: these rows.
struct BlockReader {
    private let form: BlockForm
    private var reader: RowReader
    private var columns: [ColumnReader]
    private var filled = 0
    private var sum: ProductSums?

    /// Few blocks have more rows. The sums depend on it.
    private static let rowsTogether = 16_384

    /// A reader at the start of a block, which has rows only unless it is the first.
    init(_ form: BlockForm, holdsHeader: Bool) {
        self.form = form
        reader = CSVFormat.of(form.header).makeReader()
        columns = form.columns
        heading = holdsHeader ? [] : form.header.rawRow + [0x0a]
    }

    private var heading: [UInt8]

    mutating func consume(_ bytes: ArraySlice<UInt8>) throws {
        let heading = self.heading
        self.heading = []
        for part in [heading[...], bytes] {
            // Unsafe: the bytes live for the call.
            unsafe try part.withUnsafeBytes { bytes in
                var reader = self.reader
                defer { self.reader = reader }
                unsafe try reader.consume(bytes) { try append($0) }
            }
        }
    }

    /// The sums of all rows.
    mutating func finish() throws -> ProductSums {
        var reader = self.reader
        try reader.finish { try append($0) }
        if filled > 0 || sum == nil { try addRows() }
        guard let sum else { throw StoreError(.internalFault, "a block has no sums") }
        return sum
    }

    private mutating func append(_ batch: RowBatch) throws {
        guard batch.columnCount == form.header.columnNames.count else {
            throw StoreError.tableChanged(form.columns.first?.table ?? "")
        }
        var row = 0
        while row < batch.rowCount {
            let end = min(batch.rowCount, row + BlockReader.rowsTogether - filled)
            for index in columns.indices { try columns[index].read(batch, rows: row..<end) }
            filled += end - row
            row = end
            if filled == BlockReader.rowsTogether { try addRows() }
        }
    }

    private mutating func addRows() throws {
        filled = 0
        var features = columns.indices.map { columns[$0].take() }
        var target: [Double]?
        if form.hasTarget, case .numbers(let numbers)? = features.popLast() { target = numbers }
        let rows = try ProductSums(
            features, target: target, maximumColumns: form.maximumColumns, form.level)
        sum = try sum.map { try form.adding($0, rows) } ?? rows
    }
}

internal import Tables
internal import Vocabulary

/// A column in memory, as models see it.
enum ColumnValues: Sendable, Equatable {
    /// One number a row, NaN where there is none. Truth values are 0 and 1.
    case numbers([Double])
    /// One code a row, an index into the distinct texts sorted by bytes, or `missing`.
    case categories(codes: [UInt32], names: [String])

    /// The code of a missing value.
    static let missing = UInt32.max

    /// How many distinct texts a column of categories may have.
    static let maximumCategories = 100_000

    /// How many rows there are.
    var count: Int {
        switch self {
        case .numbers(let values): values.count
        case .categories(let codes, _): codes.count
        }
    }

    /// How a column is to be read.
    enum Kind: Sendable, Equatable {
        case number
        case category
    }
}

extension TableInput {
    /// The columns named, in that order, read in one pass.
    ///
    /// Throws `malformed` for a missing column, for a value that is not of the kind asked for, for
    /// infinities, and for more than `ColumnValues.maximumCategories` categories.
    func columns(_ wanted: [(name: String, kind: ColumnValues.Kind)]) throws -> [ColumnValues] {
        let header = try header()
        var readers = try readers(wanted, header)
        try forEachBatch(header) { batch in
            for index in readers.indices { try readers[index].read(batch) }
        }
        return readers.indices.map { readers[$0].take() }
    }

    /// Readers of the columns named, in that order, for steps that go through a table in pieces.
    func readers(
        _ wanted: [(name: String, kind: ColumnValues.Kind)], _ header: Header
    ) throws -> [ColumnReader] {
        try wanted.map { column in
            ColumnReader(
                name: column.name, kind: column.kind, table: source.name,
                position: try header.position(of: column.name, in: source.name))
        }
    }
}

/// Gathers one column.
struct ColumnReader: Sendable {
    let name: String
    let kind: ColumnValues.Kind
    let table: String
    let position: Int

    private var numbers: [Double] = []
    private var codes: [UInt32] = []
    private var codeOfText: [[UInt8]: UInt32] = [:]

    init(name: String, kind: ColumnValues.Kind, table: String, position: Int) {
        self.name = name
        self.kind = kind
        self.table = table
        self.position = position
    }

    mutating func read(_ batch: RowBatch) throws {
        try read(batch, rows: 0..<batch.rowCount)
    }

    /// Reads some rows of a batch.
    mutating func read(_ batch: RowBatch, rows: Range<Int>) throws {
        switch kind {
        case .number: for row in rows { numbers.append(try number(batch, row)) }
        case .category: for row in rows { codes.append(try code(batch, row)) }
        }
    }

    private func number(_ batch: RowBatch, _ row: Int) throws -> Double {
        // Unsafe: a view of the batch, used before it is gone.
        let field = unsafe batch.trimmedField(row: row, column: position)
        if unsafe FieldSyntax.isNull(field) { return .nan }
        if let value = unsafe FieldSyntax.float(field) {
            guard value.isFinite else { throw StoreError.infiniteValue(name, table: table) }
            return value
        }
        if let flag = unsafe FieldSyntax.bool(field) { return flag ? 1 : 0 }
        throw StoreError.notANumber(name, table: table, row: batch.firstRow + row)
    }

    private mutating func code(_ batch: RowBatch, _ row: Int) throws -> UInt32 {
        if batch.isNull(row: row, column: position) { return ColumnValues.missing }
        let text = batch.value(row: row, column: position)
        if let code = codeOfText[text] { return code }
        guard codeOfText.count < ColumnValues.maximumCategories else {
            throw StoreError.tooManyCategories(name, table: table)
        }
        let code = UInt32(codeOfText.count)
        codeOfText[text] = code
        return code
    }

    /// What was read and not taken yet, codes renumbered so that they rise with the bytes of the
    /// texts.
    mutating func take() -> ColumnValues {
        defer {
            numbers = []
            codes = []
            codeOfText = [:]
        }
        if kind == .number { return .numbers(numbers) }
        let texts = codeOfText.keys.sorted { $0.precedes($1) }
        var newCodes = [UInt32](repeating: 0, count: texts.count)
        for (new, text) in texts.enumerated() {
            if let old = codeOfText[text] { newCodes[Int(old)] = UInt32(new) }
        }
        return .categories(
            codes: codes.map { $0 == ColumnValues.missing ? $0 : newCodes[Int($0)] },
            names: texts.map { String(decoding: $0, as: UTF8.self) })
    }
}

extension StoreError {
    static func infiniteValue(_ column: String, table: String) -> StoreError {
        StoreError(
            .malformed, "column '\(column)' of '\(table)' has an infinite value", subject: column,
            advice: "leave the cell empty where the value is not known, or bound it")
    }

    static func notANumber(_ column: String, table: String, row: Int) -> StoreError {
        StoreError(
            .malformed,
            "column '\(column)' of '\(table)' should hold numbers, but row \(row + 1) holds text",
            subject: column,
            advice: "correct the cell, or leave it empty where the value is not known")
    }

    static func tooManyCategories(_ column: String, table: String) -> StoreError {
        StoreError(
            .malformed,
            "column '\(column)' of '\(table)' has more than \(ColumnValues.maximumCategories) "
                + "categories", subject: column,
            advice: "leave '\(column)' out of 'features': it is probably an id or free text")
    }
}

import Bytes

/// NumPy's arrays in files: with one dimension or two, or with fields that have names. A column of a plain
/// array is called `column_N`; an array in a field is JSON text, and structures in it are dotted names.
///
/// Of one that is added only the header is read: most arrays are no tables, and none says so by its name.
package struct NPYFormat: TableFormat {
    package let name = "npy"
    package let suffixes = [".npy"]
    package let mayBePacked = false
    package let isCounted = false

    /// The only one there is.
    package static let npy = NPYFormat()

    /// Whether the rows have fields with names. Throws `.malformed` for what is no table.
    package static func isStructured(_ source: TableSource) throws -> Bool {
        do {
            return try NPYHeader(source.ranges()).isStructured
        } catch let error as TableError {
            throw error.named(source.name)
        }
    }

    package func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader {
        let ranges = try source.ranges()
        let header = try NPYHeader(ranges)
        var rows = RowBuilder(
            columns: header.fields.map(\.name), types: header.fields.map(\.columnType))
        var text = NPYText()
        for part in blocks(header, source.selection) {
            if let limit, rows.rowCount >= limit { break }
            let wanted = limit.map { min(part.count, $0 - rows.rowCount) } ?? part.count
            let block = try NPYBlock(
                header, part.lowerBound..<(part.lowerBound + wanted), ranges)
            for row in 0..<wanted {
                try block.append(row, to: &rows, &text)
                try rows.endRow(body)
            }
        }
        try rows.flush(body)
        return rows.header
    }

    /// Blocks of rows by their places, where rows stand together; text and numbers of rows in equal bytes
    /// are equal.
    package func parts(of source: TableSource) throws -> [TablePart] {
        let header = try NPYHeader(source.ranges())
        guard !header.isByColumn else { return [] }
        return blocks(header, nil).map { rows in
            TablePart(
                rowCount: rows.count,
                range: header.start + rows.lowerBound * header.rowBytes..<header.start
                    + rows.upperBound * header.rowBytes,
                layout: 0)
        }
    }

    package func statedExtent(of source: TableSource) throws -> TableExtent? {
        let header = try NPYHeader(source.ranges())
        return TableExtent(rows: header.rowCount, columns: header.fields.count)
    }

    package func summary(of source: TableSource) throws -> TableSummary {
        let ranges = try source.ranges()
        let header = try NPYHeader(ranges)
        let blocks = blocks(header, source.selection)
        var areNullable = header.fields.map { _ in false }
        // Only these can be missing.
        let open = header.fields.indices.filter { header.fields[$0].mayBeMissing }
        for rows in blocks where open.contains(where: { !areNullable[$0] }) {
            let block = try NPYBlock(header, rows, ranges)
            for index in open where !areNullable[index] {
                areNullable[index] = (0..<rows.count).contains { block.isMissing($0, index) }
            }
        }
        return TableSummary(
            rowCount: blocks.reduce(0) { $0 + $1.count },
            columns: zip(header.fields, areNullable).map {
                ColumnSummary(name: $0.name, type: $0.columnType, isNullable: $1)
            })
    }

    private func blocks(_ header: NPYHeader, _ selection: [Int]?) -> [Range<Int>] {
        let all = NPYBlock.ranges(of: header.rowCount, rowBytes: header.rowBytes)
        return selection.map { $0.filter(all.indices.contains).map { all[$0] } } ?? all
    }
}

/// Some rows of an array.
struct NPYBlock {
    private let header: NPYHeader
    private let bytes: [UInt8]
    /// Where each field of the first row begins, and how far it is to the next row's.
    private let starts: [Int]
    private let strides: [Int]

    /// How many bytes of rows are read together, and are a part.
    private static let sizeBytes = 1 << 20

    /// The rows of each block of so many rows.
    static func ranges(of rowCount: Int, rowBytes: Int) -> [Range<Int>] {
        let step = max(1, sizeBytes / max(1, rowBytes))
        return stride(from: 0, to: rowCount, by: step).map { $0..<min($0 + step, rowCount) }
    }

    init(_ header: NPYHeader, _ rows: Range<Int>, _ ranges: TableRanges) throws {
        self.header = header
        guard header.isByColumn else {
            let start = header.start + rows.lowerBound * header.rowBytes
            bytes = try ranges.read(start..<start + rows.count * header.rowBytes)
            starts = header.fields.map(\.offset)
            strides = header.fields.map { _ in header.rowBytes }
            return
        }
        var bytes: [UInt8] = []
        var starts: [Int] = []
        for field in header.fields {
            starts.append(bytes.count)
            let start = header.start + field.offset + rows.lowerBound * field.width
            bytes += try ranges.read(start..<start + rows.count * field.width)
        }
        self.bytes = bytes
        self.starts = starts
        strides = header.fields.map(\.width)
    }

    /// The bits of a number of a field, as the file's order of bytes has them.
    private func bits(_ place: Int, _ field: NPYHeader.Field) -> UInt64 {
        var bits: UInt64 = 0
        for index in 0..<field.width {
            let byte = bytes[place + (field.isBigEndian ? index : field.width - 1 - index)]
            bits = bits << 8 | UInt64(byte)
        }
        return bits
    }

    private func place(_ row: Int, _ index: Int) -> Int { starts[index] + row * strides[index] }

    /// Whether a field of one value has none.
    func isMissing(_ row: Int, _ index: Int) -> Bool {
        let field = header.fields[index]
        return isMissing(at: place(row, index), field)
    }

    private func isMissing(at place: Int, _ field: NPYHeader.Field) -> Bool {
        switch field.kind {
        case .float(let width): NPYText.number(bits(place, field), bytes: width).isNaN
        // What NumPy calls not-a-time.
        case .day, .moment, .duration: bits(place, field) == 1 << 63
        case .bool, .int, .text: false
        }
    }

    /// Appends all fields of a row; `text` is for their texts.
    func append(_ row: Int, to rows: inout RowBuilder, _ text: inout NPYText) throws {
        for index in header.fields.indices {
            text.clear()
            if try append(row, index, to: &text) {
                // Unsafe: a view of the text, copied within the call.
                unsafe text.bytes.withUnsafeBufferPointer { unsafe rows.append($0) }
            } else {
                rows.appendNull()
            }
        }
    }

    /// Appends the field's text; false where there is no value.
    private func append(_ row: Int, _ index: Int, to text: inout NPYText) throws(TableError) -> Bool
    {
        let field = header.fields[index]
        let place = place(row, index)
        guard !field.shape.isEmpty else {
            if isMissing(at: place, field) { return false }
            try appendValue(at: place, field, to: &text)
            return true
        }
        var next = place
        try appendArray(field, field.shape[...], &next, to: &text)
        return true
    }

    private func appendArray(
        _ field: NPYHeader.Field, _ shape: ArraySlice<Int>, _ place: inout Int,
        to text: inout NPYText
    ) throws(TableError) {
        guard let count = shape.first else {
            try appendElement(at: place, field, to: &text)
            place += field.width
            return
        }
        text.put("[")
        for number in 0..<count {
            if number > 0 { text.put(",") }
            try appendArray(field, shape.dropFirst(), &place, to: &text)
        }
        text.put("]")
    }

    private func appendElement(
        at place: Int, _ field: NPYHeader.Field, to text: inout NPYText
    ) throws(TableError) {
        if isMissing(at: place, field) { return text.put("null") }
        var isBare = false
        switch field.kind {
        case .bool, .int, .duration: isBare = true
        case .float(let width):
            isBare = NPYText.number(bits(place, field), bytes: width).isFinite
        case .text, .day, .moment: break
        }
        if isBare { return try appendValue(at: place, field, to: &text) }
        var inner = NPYText()
        try appendValue(at: place, field, to: &inner)
        let quoted = JSONValue.string(String(decoding: inner.bytes, as: UTF8.self)).canonical
        text.put(String(decoding: quoted, as: UTF8.self))
    }

    private func appendValue(
        at place: Int, _ field: NPYHeader.Field, to text: inout NPYText
    ) throws(TableError) {
        switch field.kind {
        case .bool: text.put(bytes[place] != 0 ? "true" : "false")
        case .int(let width, let isSigned): text.put(bits(place, field), width, isSigned)
        case .duration: text.put(bits(place, field), 8, true)
        case .float(let width):
            let value = NPYText.number(bits(place, field), bytes: width)
            text.put(width == 8 ? shortestText(value) : shortestText(Float(value)))
        case .text(_, let isWide):
            let value = bytes[place..<(place + field.width)]
            try text.put(
                isWide ? NPYText.narrowed(value, field.isBigEndian) : Array(value), field.name)
        case .day: text.put(day: Int64(bitPattern: bits(place, field)))
        case .moment(let units):
            text.put(moment: Int64(bitPattern: bits(place, field)), units)
        }
    }
}

/// Writes values as the texts that stand for them in tables.
struct NPYText {
    private(set) var bytes: [UInt8] = []

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// An integer of so many bytes.
    mutating func put(_ bits: UInt64, _ width: Int, _ isSigned: Bool) {
        guard isSigned else { return put("\(bits)") }
        let unused = UInt64(64 - 8 * width)
        put("\(Int64(bitPattern: bits << unused) >> Int64(unused))")
    }

    mutating func put(day: Int64) { bytes.append(day: day) }

    mutating func put(moment: Int64, _ units: Int64) { bytes.append(moment: moment, units: units) }

    /// A padded text; throws for bytes that are none.
    mutating func put(_ value: [UInt8]?, _ column: String) throws(TableError) {
        var value = value ?? [0xff]
        while value.last == 0 { value.removeLast() }
        guard !value.contains(0), String(validating: value, as: UTF8.self) != nil else {
            throw TableError(
                line: nil, "column '\(column)' has a text that is not UTF-8")
        }
        bytes += value
    }

    /// UTF-32 as UTF-8; nil where it is damaged.
    static func narrowed(_ wide: ArraySlice<UInt8>, _ isBigEndian: Bool) -> [UInt8]? {
        var text = ""
        for start in stride(from: wide.startIndex, to: wide.endIndex, by: 4) {
            let code = (0..<4).reduce(UInt32(0)) {
                $0 << 8 | UInt32(wide[start + (isBigEndian ? $1 : 3 - $1)])
            }
            guard let scalar = Unicode.Scalar(code) else { return nil }
            text.unicodeScalars.append(scalar)
        }
        return Array(text.utf8)
    }

    /// The number that the bits of a float of 2, 4 or 8 bytes stand for.
    static func number(_ bits: UInt64, bytes: Int) -> Double {
        switch bytes {
        case 8: return Double(bitPattern: bits)
        case 4: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        default: return ArrowText.half(UInt16(truncatingIfNeeded: bits))
        }
    }
}

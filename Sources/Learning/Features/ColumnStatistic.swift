internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// What an operation is to learn of a column.
enum ColumnQuestion: Sendable, Hashable {
    /// Mean, spread and extremes of numbers.
    case moments
    /// The middle one of numbers.
    case median
    /// How often there is which value.
    case frequencies
    /// Which texts there are.
    case categories

    /// More different values are not counted.
    var mostValues: Int {
        switch self {
        case .moments: 0
        case .median: ColumnStatistic.mostKeptNumbers
        case .frequencies: ColumnValues.maximumCategories
        case .categories: OneHotOperation.maximumCategories
        }
    }
}

/// What was learnt of one column of some rows. That of all rows is what those of their parts come to, with
/// the same bits however these were cut: counts, extremes, and sums without rounding.
struct ColumnStatistic: Sendable, Equatable {
    /// Which column, and what of it.
    struct Form: Sendable, Hashable {
        let position: Int
        /// What is no value of that type is missing.
        let type: ColumnType
        let question: ColumnQuestion
        /// Whether a median is of numbers that are all held, however many differ: it cannot be kept.
        let holdsNumbers: Bool

        /// The same with all numbers held.
        var holdingNumbers: Form {
            Form(
                position: position, type: type, question: question,
                holdsNumbers: question == .median)
        }
    }

    let form: Form
    /// Rows without a value.
    private(set) var missing = 0
    /// Whether there are more different values than can be counted: then nothing else is known.
    private(set) var isOverfull = false
    /// Of `moments`.
    private(set) var moments = ExactMoments()
    /// Of `frequencies` and `categories`: the values and how often there are.
    private(set) var texts: [[UInt8]: Int] = [:]
    /// Of `median`: how often there are which numbers, by their bits.
    private var numbers: [UInt64: Int] = [:]
    /// Of `median`, where all are held.
    private var held: [Double] = []

    /// Of more different numbers a median is not kept.
    static let mostKeptNumbers = 4096
    /// More rows are damage; so many of a million parts can still be added up.
    private static let mostRows = 1 << 40

    /// That of no rows.
    init(_ form: Form) { self.form = form }

    /// Adds a row.
    mutating func add(_ row: Row) {
        let cell = row[form.position]
        add(cell, cell.typed(form.type), times: 1)
    }

    /// Gives rows without a value that of `cell`.
    mutating func fillMissing(_ cell: Cell) {
        let times = missing
        guard times > 0 else { return }
        missing = 0
        add(cell, cell.typed(form.type), times: times)
    }

    private mutating func add(_ cell: Cell, _ typed: Cell, times: Int) {
        guard typed != .null else {
            missing += times
            return
        }
        guard !isOverfull else { return }
        switch form.question {
        case .moments: moments.add(typed.number ?? 0, times: times)
        case .median where form.holdsNumbers:
            held.append(contentsOf: repeatElement(typed.number ?? 0, count: times))
        case .median: numbers[(typed.number ?? 0).bitPattern, default: 0] += times
        case .frequencies, .categories: texts[cell.bytes, default: 0] += times
        }
        limit()
    }

    private mutating func limit() {
        let most = form.question.mostValues
        if max(texts.count, numbers.count) > most { overfill() }
    }

    private mutating func overfill() {
        let missing = missing
        self = ColumnStatistic(form)
        self.missing = missing
        isOverfull = true
    }

    /// Adds what was learnt of other rows.
    mutating func merge(_ other: ColumnStatistic) {
        precondition(form == other.form, "statistics of other columns")
        missing += other.missing
        guard !isOverfull, !other.isOverfull else { return overfill() }
        moments.merge(other.moments)
        texts.merge(other.texts, uniquingKeysWith: +)
        numbers.merge(other.numbers, uniquingKeysWith: +)
        held += other.held
        limit()
    }
}

// MARK: - The middle

extension ColumnStatistic {
    /// Of `median`: linear between the two numbers in the middle, or the one; nil without numbers.
    var median: Double? {
        if form.holdsNumbers { return quantile(ofSorted: sortedTotally(held), at: 0.5) }
        let count = numbers.values.reduce(0, +)
        guard count > 0 else { return nil }
        var end = 0
        var middle: [Double] = []
        for number in sortedTotally(numbers.keys.map { Double(bitPattern: $0) }) {
            let places = end..<(end + (numbers[number.bitPattern] ?? 0))
            end = places.upperBound
            if places.contains((count - 1) / 2) { middle.append(number) }
            if count % 2 == 0, places.contains(count / 2) { middle.append(number) }
        }
        return quantile(ofSorted: middle, at: 0.5)
    }
}

// MARK: - As bytes

extension ColumnStatistic {
    /// Counts the ways in which they were ever made.
    static let version = 1

    /// Those of several columns as bytes, in one way only.
    static func encode(_ statistics: [ColumnStatistic]) -> [UInt8] {
        var writer = ByteWriter()
        for statistic in statistics { statistic.encode(to: &writer) }
        return writer.bytes
    }

    private func encode(to writer: inout ByteWriter) {
        precondition(!form.holdsNumbers, "numbers that are all held are not kept")
        writer.append(length: missing)
        writer.append(uint8: isOverfull ? 1 : 0)
        moments.encode(to: &writer)
        writer.append(length: texts.count)
        for text in texts.keys.sorted(by: { $0.precedes($1) }) {
            writer.append(length: text.count)
            writer.append(text)
            writer.append(length: texts[text] ?? 0)
        }
        writer.append(length: numbers.count)
        for bits in numbers.keys.sorted() {
            writer.append(uint64: bits)
            writer.append(length: numbers[bits] ?? 0)
        }
    }

    /// Reads what `encode` wrote of columns of these forms; throws for anything else.
    static func decode(_ bytes: [UInt8], _ forms: [Form]) throws(DecodeError) -> [ColumnStatistic] {
        var cursor = ByteCursor()
        let span = bytes.span
        var statistics: [ColumnStatistic] = []
        for form in forms {
            statistics.append(try ColumnStatistic(form, decoding: &cursor, span))
        }
        guard cursor.isAtEnd(of: span) else { throw DecodeError(at: cursor.offset, "more bytes") }
        guard encode(statistics) == bytes else {
            throw DecodeError(at: 0, "not in the one way in which statistics are kept")
        }
        return statistics
    }

    private init(
        _ form: Form, decoding cursor: inout ByteCursor, _ span: Span<UInt8>
    ) throws(DecodeError) {
        self.init(form)
        missing = try cursor.length(span, maximum: ColumnStatistic.mostRows)
        let flag = try cursor.uint8(span)
        guard flag <= 1 else { throw DecodeError(at: cursor.offset, "no flag") }
        isOverfull = flag == 1
        moments = try ExactMoments(
            decoding: &cursor, span, maximumCount: ColumnStatistic.mostRows)
        var counted = 0
        for _ in 0..<(try cursor.length(span, maximum: form.question.mostValues)) {
            let length = try cursor.length(span, maximum: span.count)
            let text = try cursor.bytes(length, span)
            let count = try cursor.length(span, maximum: ColumnStatistic.mostRows - counted)
            texts[text] = count
            counted += count
        }
        for _ in 0..<(try cursor.length(span, maximum: form.question.mostValues)) {
            let bits = try cursor.uint64(span)
            guard Double(bitPattern: bits).isFinite else {
                throw DecodeError(at: cursor.offset, "no number")
            }
            let count = try cursor.length(span, maximum: ColumnStatistic.mostRows - counted)
            numbers[bits] = count
            counted += count
        }
    }
}

import Bytes

/// What is counted of a column while its rows go by: parts that only add, so that tallies of parts of
/// a table merge to the tally of all of it, whatever the parts and their order.
///
/// No part depends on the column's type, which is known at the end only.
struct ColumnTally: Sendable {
    /// Fields without a value.
    var missing = 0
    /// Values by what they are.
    var kinds = KindCounts()
    var numbers = NumberTally()
    /// Numbers in bins: of those that `values` has no whole text of.
    var sketch: ValueSketch
    /// Days and moments in bins, in seconds since 1970: of those that `values` has no text of.
    var times: ValueSketch
    /// Rows by their values' hashes, once not all values are counted.
    var buckets = TextBuckets()
    /// The earliest and latest day, and moment.
    var dates: TimeRange?
    var moments: TimeRange?
    /// Texts by what they look like, in the order of `TextShape.allCases`.
    var shapes = Array(repeating: 0, count: TextShape.allCases.count)
    /// Letters (Unicode scalars) of the values.
    var lengths = LengthTally()
    /// The values.
    var values: DistinctValues

    /// A tally of nothing; up to `valueLimit` different values are counted exactly, beyond that numbers in
    /// `mostBins` bins. Where more are
    /// expected they are sampled from the first one on, and `isGuessRight` must be asked in the end.
    init(valueLimit: Int, mostBins: Int, expectsMore: Bool = false) {
        sketch = ValueSketch(mostBins: mostBins)
        times = ValueSketch(mostBins: mostBins)
        values = DistinctValues(limit: valueLimit, expectsMore: expectsMore)
    }

    /// Whether there were as many values as was expected: otherwise the tally is of no use.
    var isGuessRight: Bool { values.isGuessRight }

    /// Values.
    var present: Int { kinds.total }

    /// The type, by the rules of `ColumnInference`.
    var type: ColumnType { kinds.type }

    // Unsafe in what follows: fields are views of the batch, used before it is gone.

    /// Counts the column's fields in `rows` of `batch`.
    mutating func observe(_ batch: RowBatch, column: Int, rows: Range<Int>) {
        var row = rows.lowerBound
        while row < rows.upperBound, values.exact != nil {
            row = observeCounting(batch, column, row..<rows.upperBound)
            if values.isOverfull { spill() }
        }
        while row < rows.upperBound {
            if batch.isNull(row: row, column: column) {
                missing &+= 1
            } else {
                unsafe batch.withValue(row: row, column: column) { field in
                    let hash = unsafe xxh3Wide(buffer: UnsafeRawBufferPointer(field))
                    values.observeSampled(hash)
                    buckets.add(hash, times: 1)
                    unsafe noteAndBin(field)
                }
            }
            row &+= 1
        }
    }

    /// Counts fields while all values are counted. Returns the row behind them.
    private mutating func observeCounting(
        _ batch: RowBatch, _ column: Int, _ rows: Range<Int>
    ) -> Int {
        let limit = values.limit
        guard var table = values.takeTable() else { return rows.lowerBound }
        defer { values.putBack(table) }
        for row in rows {
            if table.count > limit { return row }
            if batch.isNull(row: row, column: column) {
                missing &+= 1
                continue
            }
            unsafe batch.withValue(row: row, column: column) { field in
                guard unsafe !table.observe(field) else { return }
                unsafe noteAndBin(field)
            }
        }
        return rows.upperBound
    }

    /// Takes account of what waits: needed before tallies are merged, written or told.
    mutating func settle() {
        if var table = values.takeTable() {
            unsafe table.settle { text, times in _ = unsafe note(text, times: times) }
            values.putBack(table)
        }
        numbers.settle()
    }

    /// Goes on with a sample of the values.
    private mutating func spill() {
        settle()
        guard let table = values.spill() else { return }
        table.forEachNumber { sketch.observe($0, times: $1) }
        table.forEachTime { times.observe($0, times: $1) }
        for index in 0..<table.count { buckets.add(table.hash(index), times: table.countOf(index)) }
    }

    /// Counts a value that no table has the text of.
    @inline(__always)
    private mutating func noteAndBin(_ field: UnsafeBufferPointer<UInt8>) {
        switch unsafe note(field, times: 1) {
        case .number(let number): sketch.observe(number, times: 1)
        case .time(let seconds): times.observe(seconds, times: 1)
        case .other: break
        }
    }

    /// The bins of all days and moments.
    func fullTimes() -> ValueSketch {
        var sketch = times
        values.exact?.forEachTime { sketch.observe($0, times: $1) }
        return sketch
    }

    /// Rows by their values' hashes.
    func fullBuckets() -> TextBuckets {
        guard let table = values.exact else { return buckets }
        var buckets = TextBuckets()
        for index in 0..<table.count { buckets.add(table.hash(index), times: table.countOf(index)) }
        return buckets
    }

    /// The bins of all finite numbers.
    func fullSketch() -> ValueSketch {
        var sketch = self.sketch
        values.exact?.forEachNumber { sketch.observe($0, times: $1) }
        return sketch
    }

    /// What a value means where values are compared as numbers.
    private enum Meaning {
        /// A finite number.
        case number(Double)
        /// A day or moment, in seconds since 1970.
        case time(Double)
        case other
    }

    /// Counts a value in all parts but `values`, `buckets` and the bins.
    @inline(__always)
    private mutating func note(_ field: UnsafeBufferPointer<UInt8>, times: Int) -> Meaning {
        unsafe lengths.observe(field, times: times)
        if let integer = unsafe FieldSyntax.int(field) {
            kinds.ints &+= times
            numbers.observe(integer, times: times)
            return .number(Double(integer))
        }
        if let number = unsafe FieldSyntax.float(field) {
            kinds.floats &+= times
            numbers.observe(number, times: times)
            return number.isFinite ? .number(number) : .other
        }
        return unsafe noteText(field, times: times)
    }

    private mutating func noteText(
        _ field: UnsafeBufferPointer<UInt8>, times: Int
    ) -> Meaning {
        if unsafe FieldSyntax.bool(field) != nil {
            kinds.bools += times
        } else if let day = unsafe FieldSyntax.date(field) {
            kinds.dates += times
            unsafe TimeRange.extend(&dates, to: day, field)
            return .time(seconds(day: day))
        } else if let moment = unsafe FieldSyntax.timestamp(field) {
            kinds.timestamps += times
            unsafe TimeRange.extend(&moments, to: moment, field)
            return .time(seconds(moment: moment))
        } else {
            kinds.strings += times
            if let shape = unsafe TextShape(field) { shapes[shape.place] += times }
        }
        return .other
    }

    /// Counts what another tally of the same limit counted; of neither anything waits.
    mutating func merge(_ other: ColumnTally) {
        missing += other.missing
        kinds.merge(other.kinds)
        numbers.merge(other.numbers)
        dates = TimeRange.merged(dates, other.dates)
        moments = TimeRange.merged(moments, other.moments)
        for index in shapes.indices { shapes[index] += other.shapes[index] }
        lengths.merge(other.lengths)
        var other = other
        if other.values.exact == nil { spill() }
        if values.exact == nil { other.spill() }
        sketch.merge(other.sketch)
        times.merge(other.times)
        buckets.merge(other.buckets)
        if let table = other.values.exact {
            values.merge(table)
            if values.isOverfull { spill() }
        } else {
            values.mergeSample(other.values)
        }
    }
}

/// A day, counted from 1970, in seconds.
func seconds(day: Int64) -> Double { Double(day) * 86400 }

/// Microseconds since 1970 in seconds.
func seconds(moment: Int64) -> Double { Double(moment) / 1e6 }

/// Values by what they are; an integer is no float here.
struct KindCounts: Hashable, Sendable {
    var bools = 0
    var ints = 0
    var floats = 0
    var dates = 0
    var timestamps = 0
    var strings = 0

    static let parts: [(ColumnType, any WritableKeyPath<KindCounts, Int> & Sendable)] = [
        (.bool, \.bools), (.int, \.ints), (.float, \.floats), (.date, \.dates),
        (.timestamp, \.timestamps), (.string, \.strings),
    ]

    var total: Int { bools + ints + floats + dates + timestamps + strings }

    var type: ColumnType {
        let found = KindCounts.parts.filter { self[keyPath: $0.1] > 0 }.map(\.0)
        if found == [.int, .float] { return .float }
        return found.count == 1 ? found[0] : .string
    }

    mutating func merge(_ other: KindCounts) {
        for (_, part) in KindCounts.parts { self[keyPath: part] += other[keyPath: part] }
    }
}

/// A day or moment as it stands in the table.
struct TimePoint: Hashable, Sendable, Comparable {
    let time: Int64
    let text: String

    static func < (left: TimePoint, right: TimePoint) -> Bool {
        left.time != right.time
            ? left.time < right.time : left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// The earliest and the latest.
struct TimeRange: Hashable, Sendable {
    let first: TimePoint
    let last: TimePoint

    init(first: TimePoint, last: TimePoint) { (self.first, self.last) = (first, last) }

    /// Makes `range` hold a time.
    // Unsafe: reads the view it is given.
    static func extend(
        _ range: inout TimeRange?, to time: Int64, _ text: UnsafeBufferPointer<UInt8>
    ) {
        // Equal times may differ by their text.
        if let range, time > range.first.time, time < range.last.time { return }
        let point = TimePoint(time: time, text: unsafe String(decoding: text, as: UTF8.self))
        range = merged(range, TimeRange(first: point, last: point))
    }

    static func merged(_ left: TimeRange?, _ right: TimeRange?) -> TimeRange? {
        guard let left, let right else { return left ?? right }
        return TimeRange(first: min(left.first, right.first), last: max(left.last, right.last))
    }
}

/// Lengths of texts in Unicode scalars.
struct LengthTally: Hashable, Sendable {
    var shortest = Int.max
    var longest = 0
    var total = 0

    // Unsafe: reads the view it is given.
    @inline(__always)
    mutating func observe(_ text: UnsafeBufferPointer<UInt8>, times: Int) {
        let length = unsafe text.count &- LengthTally.continued(text)
        shortest = min(shortest, length)
        longest = max(longest, length)
        total &+= length &* times
    }

    /// How many bytes go on with a scalar that began before them; eight are looked at together.
    @inline(__always)
    private static func continued(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        let bytes = UnsafeRawBufferPointer(text)
        let count = bytes.count
        guard count >= 8 else {
            var found = 0
            for index in 0..<count where unsafe bytes[index] & 0xc0 == 0x80 { found &+= 1 }
            return found
        }
        var found = 0
        var index = 0
        while index &+ 8 <= count {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            found &+= continued(word)
            index &+= 8
        }
        guard index < count else { return found }
        // The last eight, of which those counted before are shifted out.
        let last = unsafe UInt64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self))
        return found &+ continued(last &>> UInt64(8 &* (index &+ 8 &- count)))
    }

    /// Of these the top two bits are 10.
    @inline(__always)
    private static func continued(_ word: UInt64) -> Int {
        (word & ~(word &<< 1) & 0x8080_8080_8080_8080).nonzeroBitCount
    }

    mutating func merge(_ other: LengthTally) {
        shortest = min(shortest, other.shortest)
        longest = max(longest, other.longest)
        total += other.total
    }
}

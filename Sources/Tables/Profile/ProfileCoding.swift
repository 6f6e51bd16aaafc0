import Bytes
package import Vocabulary

/// Profiles as bytes, for caches: equal profiles have equal bytes, whatever way they were made.
extension TableProfile {
    /// Counts the ways in which profiles were ever written or computed.
    package static let version = 2

    /// The bytes of a settled profile, without the names of the columns.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(length: columnNames.count)
        writer.append(length: rowCount)
        for block in packed.blocks { writer.append(block) }
        for tally in tallies { tally.encode(to: &writer) }
        for tally in pairTallies {
            writer.append(length: tally.count)
            for sum in PairTally.sums { tally[keyPath: sum].encode(to: &writer) }
        }
        return writer.bytes
    }

    /// The profile of a table with those columns, and pairs of them, from its bytes.
    package init(
        decoding bytes: [UInt8], columnNames: [String], pairs: [ColumnPair] = []
    ) throws(DecodeError) {
        guard let empty = try? TableProfile(columnNames: columnNames, pairs: pairs) else {
            throw DecodeError(at: 0, "pairs of other columns")
        }
        self = empty
        var cursor = ByteCursor()
        let span = bytes.span
        guard try cursor.length(span, maximum: .max) == columnNames.count else {
            throw DecodeError(at: 0, "other number of columns")
        }
        rowCount = try cursor.length(span, maximum: .max)
        for column in tallies.indices { try tallies[column].decode(&cursor, span) }
        for pair in pairTallies.indices {
            pairTallies[pair].count = try cursor.length(span, maximum: .max >> 8)
            for sum in PairTally.sums {
                pairTallies[pair][keyPath: sum] = try ExactSum(decoding: &cursor, span)
            }
        }
        guard cursor.isAtEnd(of: span) else { throw DecodeError(at: cursor.offset, "more bytes") }
    }
}

extension ColumnTally {
    func encode(to writer: inout ByteWriter) {
        writer.append(length: missing)
        for (_, part) in KindCounts.parts { writer.append(length: kinds[keyPath: part]) }
        for count in shapes { writer.append(length: count) }
        writer.append(length: lengths.total == 0 && present == 0 ? 0 : lengths.shortest)
        writer.append(length: lengths.longest)
        writer.append(length: lengths.total)
        numbers.encode(to: &writer)
        for range in [dates, moments] { TimeRange.encode(range, to: &writer) }
        sketch.encode(to: &writer)
        times.encode(to: &writer)
        values.encode(to: &writer)
        writer.append(length: buckets.counts.count)
        for count in buckets.counts { writer.append(length: count) }
    }

    mutating func decode(_ cursor: inout ByteCursor, _ span: Span<UInt8>) throws(DecodeError) {
        missing = try cursor.length(span, maximum: .max)
        for (_, part) in KindCounts.parts {
            kinds[keyPath: part] = try cursor.length(span, maximum: .max >> 8)
        }
        for index in shapes.indices { shapes[index] = try cursor.length(span, maximum: .max) }
        lengths.shortest = try cursor.length(span, maximum: .max)
        lengths.longest = try cursor.length(span, maximum: .max)
        lengths.total = try cursor.length(span, maximum: .max)
        if present == 0 { lengths = LengthTally() }
        try numbers.decode(&cursor, span)
        dates = try TimeRange.decode(&cursor, span)
        moments = try TimeRange.decode(&cursor, span)
        try sketch.decode(&cursor, span)
        try times.decode(&cursor, span)
        values = try DistinctValues(decoding: &cursor, span, limit: values.limit)
        let count = try cursor.length(span, maximum: TextBuckets.count)
        guard count > 0 else { return }
        var counts: [Int] = []
        for _ in 0..<count { counts.append(try cursor.length(span, maximum: .max >> 16)) }
        guard values.exact == nil, let read = TextBuckets(counts: counts) else {
            throw DecodeError(at: cursor.offset, "no counts of texts")
        }
        buckets = read
    }
}

extension ValueSketch {
    fileprivate func encode(to writer: inout ByteWriter) {
        let bins = sortedBins()
        writer.append(length: bits)
        writer.append(length: bins.count)
        var last = Int(Int32.min)
        for (bin, count) in bins {
            writer.append(length: Int(bin) - last)
            writer.append(length: count)
            last = Int(bin)
        }
    }

    fileprivate mutating func decode(
        _ cursor: inout ByteCursor, _ span: Span<UInt8>
    ) throws(DecodeError) {
        let bits = try cursor.length(span, maximum: ValueSketch.mostBits)
        guard bits >= leastBits else {
            throw DecodeError(at: cursor.offset, "few bits")
        }
        self = ValueSketch(mostBins: mostBins, bits: bits)
        let bins = try cursor.length(span, maximum: span.count)
        var last = Int(Int32.min)
        for _ in 0..<bins {
            last += try cursor.length(span, maximum: 1 << 32)
            let count = try cursor.length(span, maximum: .max >> 8)
            guard count > 0, let bin = Int32(exactly: last), bin > .min else {
                throw DecodeError(at: cursor.offset, "no bin")
            }
            add(bin: bin, count: count)
            // Bins of a known number of bits; with more than there may be these are not what was written.
            guard self.bits == bits else { throw DecodeError(at: cursor.offset, "many bins") }
        }
    }
}

extension NumberTally {
    fileprivate func encode(to writer: inout ByteWriter) {
        writer.append(length: count)
        writer.append(length: infinities)
        guard count > 0 else { return }
        writer.append(length: zeros)
        writer.append(length: negatives)
        for number in [low, high] { writer.append(uint64: number.bitPattern) }
        for number in [lowInteger, highInteger] {
            writer.append(uint64: UInt64(bitPattern: number))
        }
        for sum in [sum, squares] { sum.encode(to: &writer) }
    }

    fileprivate mutating func decode(
        _ cursor: inout ByteCursor, _ span: Span<UInt8>
    ) throws(DecodeError) {
        count = try cursor.length(span, maximum: .max)
        infinities = try cursor.length(span, maximum: .max)
        guard count > 0 else { return }
        zeros = try cursor.length(span, maximum: .max)
        negatives = try cursor.length(span, maximum: .max)
        low = Double(bitPattern: try cursor.uint64(span))
        high = Double(bitPattern: try cursor.uint64(span))
        lowInteger = Int64(bitPattern: try cursor.uint64(span))
        highInteger = Int64(bitPattern: try cursor.uint64(span))
        sum = try ExactSum(decoding: &cursor, span)
        squares = try ExactSum(decoding: &cursor, span)
    }
}

extension ExactSum {
    func encode(to writer: inout ByteWriter) {
        let (lowest, digits) = canonicalDigits()
        writer.append(length: lowest)
        writer.append(length: digits.count)
        for digit in digits { writer.append(uint64: UInt64(bitPattern: digit)) }
    }

    init(
        decoding cursor: inout ByteCursor, _ span: Span<UInt8>
    ) throws(DecodeError) {
        let lowest = try cursor.length(span, maximum: 1000)
        let count = try cursor.length(span, maximum: 1000)
        var digits: [Int64] = []
        for _ in 0..<count { digits.append(Int64(bitPattern: try cursor.uint64(span))) }
        guard let sum = ExactSum(lowest: lowest, digits: digits) else {
            throw DecodeError(at: cursor.offset, "no sum")
        }
        self = sum
    }
}

extension TimeRange {
    fileprivate static func encode(_ range: TimeRange?, to writer: inout ByteWriter) {
        writer.append(uint8: range == nil ? 0 : 1)
        guard let range else { return }
        for point in [range.first, range.last] {
            writer.append(uint64: UInt64(bitPattern: point.time))
            writer.append(length: point.text.utf8.count)
            writer.append(text: point.text)
        }
    }

    fileprivate static func decode(
        _ cursor: inout ByteCursor, _ span: Span<UInt8>
    ) throws(DecodeError) -> TimeRange? {
        let flag = try cursor.uint8(span)
        guard flag <= 1 else { throw DecodeError(at: cursor.offset, "no flag") }
        if flag == 0 { return nil }
        let first = try point(&cursor, span)
        return TimeRange(first: first, last: try point(&cursor, span))
    }

    private static func point(
        _ cursor: inout ByteCursor, _ span: Span<UInt8>
    ) throws(DecodeError) -> TimePoint {
        let time = Int64(bitPattern: try cursor.uint64(span))
        let count = try cursor.length(span, maximum: 64)
        return TimePoint(
            time: time, text: String(decoding: try cursor.bytes(count, span), as: UTF8.self))
    }
}

extension DistinctValues {
    fileprivate func encode(to writer: inout ByteWriter) {
        guard let exact else {
            let hashes = sampled()
            writer.append(length: 1 + hashes.count)
            for hash in hashes { writer.append(uint64: hash) }
            return
        }
        writer.append(length: 0)
        writer.append(length: exact.count)
        for index in exact.order() {
            // The hash of a value that is whole is that of its text.
            let text = exact.text(index)
            writer.append(length: 2 * text.count + (exact.isCut(index) ? 1 : 0))
            if exact.isCut(index) {
                writer.append(uint64: exact.hash(index).high)
                writer.append(uint64: exact.hash(index).low)
            }
            writer.append(Array(text))
            writer.append(length: exact.countOf(index))
        }
    }

    fileprivate init(
        decoding cursor: inout ByteCursor, _ span: Span<UInt8>, limit: Int
    ) throws(DecodeError) {
        let samples = try cursor.length(span, maximum: 1 + limit)
        guard samples == 0 else {
            var hashes: [UInt64] = []
            for _ in 1..<samples { hashes.append(try cursor.uint64(span)) }
            self.init(limit: limit, exact: nil, sample: hashes)
            return
        }
        var table = ValueTable(expecting: limit)
        for _ in 0..<(try cursor.length(span, maximum: limit)) {
            let size = try cursor.length(span, maximum: 2 * DistinctValues.textBytes + 1)
            var hash: Hash128?
            if size & 1 == 1 {
                let high = try cursor.uint64(span)
                hash = Hash128(high: high, low: try cursor.uint64(span))
            }
            let text = try cursor.bytes(size / 2, span)
            table.add(
                hash ?? xxh3Wide(text), text[...], isCut: hash != nil,
                count: try cursor.length(span, maximum: .max))
        }
        self.init(limit: limit, exact: table, sample: [])
    }
}

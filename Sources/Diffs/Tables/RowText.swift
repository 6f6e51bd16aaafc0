import Tables

/// Bytes of a delimited text that begin between rows, where only the ends of rows matter.
// Safe to hold, unsafe to read from: a view that whoever made it keeps valid.
@safe struct RowText {
    private let base: UnsafePointer<UInt8>
    let count: Int
    /// Whether the table ends here: then its last row needs no line end.
    private let isFinal: Bool
    private let delimiter: UInt8
    /// Whether there may be quotes.
    private let hasQuotes: Bool

    init(
        base: UnsafePointer<UInt8>, count: Int, isFinal: Bool, delimiter: UInt8, hasQuotes: Bool
    ) {
        unsafe self.base = unsafe base
        self.count = count
        self.isFinal = isFinal
        self.delimiter = delimiter
        self.hasQuotes = hasQuotes
    }

    func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// How many bytes from there on are equal in both.
    func commonBytes(from start: Int, with other: RowText, from place: Int) -> Int {
        let limit = min(count - start, other.count - place)
        let left = unsafe UnsafeRawPointer(base + start)
        let right = unsafe UnsafeRawPointer(other.base + place)
        var index = 0
        // Unsafe, here and below: reads 0..<limit of both.
        while index &+ 32 <= limit {
            var difference: UInt64 = 0
            for step in 0..<4 {
                let offset = index &+ step &* 8
                let word = unsafe left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let other = unsafe right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                difference |= word ^ other
            }
            if difference != 0 { break }
            index &+= 32
        }
        while index < limit,
            unsafe left.load(fromByteOffset: index, as: UInt8.self)
                == right.load(fromByteOffset: index, as: UInt8.self)
        {
            index &+= 1
        }
        return index
    }

    /// Whether two ranges of equal length hold the same bytes.
    func isEqual(_ range: Range<Int>, _ other: RowText, _ place: Range<Int>) -> Bool {
        guard range.count == place.count else { return false }
        let left = unsafe RowText(
            base: base, count: range.upperBound, isFinal: false, delimiter: 0, hasQuotes: false)
        return left.commonBytes(from: range.lowerBound, with: other, from: place.lowerBound)
            >= range.count
    }

    /// Behind the last line end at `limit` or before that ends a row; `start` is where one begins. Throws
    /// `Doubt` for quotes that no reader would take.
    func endOfRows(from start: Int, to limit: Int) throws -> Int {
        guard hasQuotes else {
            var end = limit
            while end > start, unsafe base[end &- 1] != 0x0a { end &-= 1 }
            return end
        }
        var end = start
        while end < limit, let next = try endOfRow(from: end, to: limit),
            unsafe base[next - 1] == 0x0a
        {
            end = next
        }
        return end
    }

    /// Behind the row that begins at `start`, with its line end; nil where it does not end at `limit` or
    /// before.
    func endOfRow(from start: Int, to limit: Int) throws -> Int? {
        guard hasQuotes else {
            if let end = lineEnd(from: start, to: limit) { return end }
            return isFinal && limit == count ? limit : nil
        }
        var place = start
        var isFieldStart = true
        while place < limit {
            let byte = unsafe base[place]
            if byte == 0x22, isFieldStart {
                guard let end = try endOfQuotes(from: place + 1, to: limit) else { return nil }
                place = end
                isFieldStart = false
                continue
            }
            place += 1
            if byte == 0x0a { return place }
            isFieldStart = byte == delimiter
        }
        return isFinal && limit == count ? limit : nil
    }

    private func lineEnd(from start: Int, to limit: Int) -> Int? {
        var place = start
        while place < limit {
            if unsafe base[place] == 0x0a { return place &+ 1 }
            place &+= 1
        }
        return nil
    }

    /// Behind the quote that closes a field.
    private func endOfQuotes(from start: Int, to limit: Int) throws -> Int? {
        var place = start
        while place < limit {
            guard unsafe base[place] == 0x22 else {
                place += 1
                continue
            }
            if place + 1 < count, unsafe base[place + 1] == 0x22 {
                place += 2
                continue
            }
            // What follows must be there to tell.
            guard place + 1 < count else { return isFinal ? place + 1 : nil }
            guard endsField(place + 1) else { throw ChangedRegions.Doubt() }
            return place + 1
        }
        if isFinal, limit == count { throw ChangedRegions.Doubt() }
        return nil
    }

    private func endsField(_ place: Int) -> Bool {
        let byte = unsafe base[place]
        if byte == delimiter || byte == 0x0a { return true }
        guard byte == 0x0d else { return false }
        return unsafe place + 1 == count || base[place + 1] == 0x0a
    }
}

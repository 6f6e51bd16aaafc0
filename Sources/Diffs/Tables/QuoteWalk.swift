/// Goes along the bytes of a delimited text and knows whether it stands inside quotes, as the reader of
/// rows does.
struct QuoteWalk {
    private enum Place {
        /// At the start of a field, where a quote opens it.
        case fieldStart
        /// In a field without quotes, where a quote is text.
        case plain
        case inside
        /// Behind a quote inside quotes, which closes the field unless another one follows.
        case behindQuote
        /// Behind that and a carriage return, which only a line end may follow.
        case behindReturn
    }

    private static let quote: UInt8 = 0x22
    private static let lineEnd: UInt8 = 0x0a

    private let delimiter: UInt8
    private var place: Place
    /// Whether a line end stood inside quotes.
    private(set) var hasQuotedLineEnds = false

    /// A walk from where a row begins, or from somewhere inside quotes.
    init(delimiter: UInt8, isInside: Bool) {
        self.delimiter = delimiter
        place = isInside ? .inside : .fieldStart
    }

    /// Whether a line end or a delimiter outside quotes was the last byte, or a row begins there.
    var isBetweenFields: Bool { place == .fieldStart }

    /// Goes on. False where that cannot be: behind the quote that closes a field stands something else
    /// than its end. Then the walk is of no further use.
    mutating func walk(_ bytes: ArraySlice<UInt8>) -> Bool {
        // Unsafe: read within its count only.
        unsafe bytes.withUnsafeBufferPointer { unsafe walk($0) }
    }

    private mutating func walk(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            switch place {
            case .fieldStart:
                guard unsafe bytes[index] == QuoteWalk.quote else {
                    place = .plain
                    continue
                }
                place = .inside
                index += 1
            case .plain:
                unsafe index = crossPlain(bytes, index)
            case .inside:
                unsafe index = crossQuoted(bytes, index)
            case .behindQuote, .behindReturn:
                guard unsafe leaveQuotes(bytes[index]) else { return false }
                index += 1
            }
        }
        return true
    }

    /// To the next quote that opens a field, or the end.
    private mutating func crossPlain(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var index = start
        while let next = unsafe QuoteWalk.first(QuoteWalk.quote, in: bytes, from: index) {
            // The first byte of a walk in a plain field does not start one.
            if next > start, unsafe isSeparator(bytes[next - 1]) {
                place = .inside
                return next + 1
            }
            index = next + 1
        }
        if let last = unsafe bytes.last, isSeparator(last) { place = .fieldStart }
        return bytes.count
    }

    /// Behind the next quote, or to the end.
    private mutating func crossQuoted(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        let found = unsafe QuoteWalk.first(QuoteWalk.quote, in: bytes, from: start)
        let end = found ?? bytes.count
        if !hasQuotedLineEnds,
            let line = unsafe QuoteWalk.first(QuoteWalk.lineEnd, in: bytes, from: start),
            line < end
        {
            hasQuotedLineEnds = true
        }
        guard found != nil else { return end }
        place = .behindQuote
        return end + 1
    }

    private mutating func leaveQuotes(_ byte: UInt8) -> Bool {
        if place == .behindQuote {
            if byte == QuoteWalk.quote {
                place = .inside
                return true
            }
            if byte == 0x0d {
                place = .behindReturn
                return true
            }
        }
        guard byte == QuoteWalk.lineEnd || byte == delimiter && place == .behindQuote else {
            return false
        }
        place = .fieldStart
        return true
    }

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == QuoteWalk.lineEnd
    }

    /// Where the byte stands first, from there on: eight bytes at a time.
    private static func first(
        _ byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Int? {
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        let ones: UInt64 = 0x0101_0101_0101_0101
        let raw = UnsafeRawBufferPointer(bytes)
        var index = start
        // Unsafe: whole words within the count, then single bytes.
        while index &+ 8 <= raw.count {
            let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ pattern
            if (word &- ones) & ~word & 0x8080_8080_8080_8080 != 0 { break }
            index &+= 8
        }
        while index < raw.count {
            if unsafe raw[index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// Whether there is any quote.
    static func hasQuotes(_ bytes: [UInt8]) -> Bool {
        // Unsafe: read within its count only.
        unsafe bytes.withUnsafeBufferPointer { unsafe first(quote, in: $0, from: 0) != nil }
    }
}

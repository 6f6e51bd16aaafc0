/// Finds where the fields of a CSV end.
///
/// A window starts at the start of a row. Every row has `width` fields, so the ends of the complete
/// rows are a dense matrix: field (r, c) ends at `ends[r * width + c]`, on the delimiter or line
/// feed itself, and starts one behind the end before it. A blank line would break that, so it
/// stops the window, and the next one starts behind it.
struct FieldIndexer {
    let delimiter: UInt8
    let width: Int
    /// The ends, of which the outcome says how many count.
    private(set) var ends: [UInt32] = []

    /// Why indexing stopped before the window's end.
    enum Stop: Equatable {
        case blankLine(next: Int)
        case ragged(rowStart: Int)
        case zeroByte(at: Int)
        case textAfterQuote(at: Int)
        case unclosedQuote(at: Int)
    }

    /// What a window holds.
    struct Outcome {
        /// Complete rows.
        var rowCount = 0
        /// The offset behind the last complete row and its line end.
        var endOffset = 0
        /// Line feeds inside quotes in complete rows.
        var quotedNewlines = 0
        /// Whether any byte is outside ASCII.
        var hasHighBytes = false
        /// Whether the window ends inside quotes.
        var endsInQuotes = false
        var stop: Stop?
    }

    init(delimiter: UInt8, width: Int) {
        self.delimiter = delimiter
        self.width = width
    }

    /// Indexes the `count` bytes at `base`. When they are the file's last ones (`isFinal`), a last
    /// row without a line end is complete.
    // Unsafe: reads bytes 0..<count of `base` only; `ends` is grown before it is written to.
    mutating func index(_ base: UnsafePointer<UInt8>, count: Int, isFinal: Bool) -> Outcome {
        var walk = unsafe Walk(base: base, count: count, delimiter: delimiter, width: width)
        repeat {
            if unsafe ends.count < walk.endCount + 4096 {
                ends.append(contentsOf: repeatElement(0, count: Swift.max(16_384, ends.count)))
            }
            unsafe ends.withUnsafeMutableBufferPointer { unsafe walk.run(into: $0) }
        } while unsafe !walk.isDone
        if isFinal, unsafe walk.stop == nil {
            unsafe ends.withUnsafeMutableBufferPointer { unsafe walk.closeLastRow(into: $0) }
        }
        return unsafe outcome(of: walk)
    }

    private func outcome(of walk: borrowing Walk) -> Outcome {
        var result = Outcome()
        result.rowCount = unsafe walk.rowCount
        result.quotedNewlines = unsafe walk.completeQuotedNewlines
        result.hasHighBytes = unsafe walk.union & BlockMask.high != 0
        result.endsInQuotes = unsafe walk.inQuotes
        result.stop = unsafe walk.stop
        if result.rowCount > 0 {
            result.endOffset = unsafe min(Int(ends[result.rowCount * width - 1]) + 1, walk.count)
        }
        return result
    }
}

/// One pass over a window.
// Unsafe: holds the window's address, which `FieldIndexer.index` keeps valid.
@unsafe private struct Walk {
    let base: UnsafePointer<UInt8>
    let count: Int
    let delimiter: UInt8
    let width: Int

    var position = 0
    /// Ends found, those of the incomplete row included.
    var endCount = 0
    /// What `endCount` must be at the next line end.
    var rowGoal: Int
    var union: UInt64 = 0
    var inQuotes = false
    var quoteStart = 0
    /// Line feeds inside quotes, and those of them in complete rows.
    var quotedNewlines = 0
    var completeQuotedNewlines = 0
    /// The second quote of a doubled one, which means nothing more.
    var ignored = -1
    var stop: FieldIndexer.Stop?

    init(base: UnsafePointer<UInt8>, count: Int, delimiter: UInt8, width: Int) {
        unsafe self.base = unsafe base
        unsafe self.count = count
        unsafe self.delimiter = delimiter
        unsafe self.width = width
        unsafe rowGoal = width
    }

    var isDone: Bool { unsafe position >= count || stop != nil }
    var rowCount: Int { unsafe rowGoal / width - 1 }

    /// Goes on until the window or the room in `ends` is at its end.
    mutating func run(into ends: UnsafeMutableBufferPointer<UInt32>) {
        let pattern = unsafe UInt64(delimiter) &* 0x0101_0101_0101_0101
        while unsafe position &+ 64 <= count, unsafe endCount &+ 65 <= ends.count {
            unsafe block(at: UnsafeRawPointer(base + position), pattern, into: ends)
            if unsafe stop != nil { return }
            unsafe position &+= 64
        }
        if unsafe position < count, unsafe count &- position < 64,
            unsafe endCount &+ 65 <= ends.count
        {
            unsafe lastBlock(pattern, into: ends)
        }
    }

    /// The window's last bytes, padded to a block with spaces.
    private mutating func lastBlock(
        _ pattern: UInt64, into ends: UnsafeMutableBufferPointer<UInt32>
    ) {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { padded in
            unsafe padded.initialize(repeating: 0x20)
            for index in unsafe 0..<(count - position) {
                unsafe padded[index] = unsafe base[position + index]
            }
            guard let start = padded.baseAddress else { return }
            unsafe block(at: UnsafeRawPointer(start), pattern, into: ends)
            if unsafe stop == nil { unsafe position = unsafe count }
        }
    }

    /// One block of 64 bytes, whose first stands at `position` of the window.
    @inline(__always)
    private mutating func block(
        at bytes: UnsafeRawPointer, _ pattern: UInt64, into ends: UnsafeMutableBufferPointer<UInt32>
    ) {
        let mask = unsafe BlockMask(at: bytes, delimiter: pattern)
        unsafe union |= mask.union
        if unsafe mask.quotes != 0 || mask.zeros != 0 || inQuotes {
            return unsafe unusualBlock(mask, at: bytes, into: ends)
        }
        let all = mask.delimiters | mask.newlines
        let before = unsafe endCount
        var rest = all
        var next = before
        while rest != 0 {
            unsafe ends[next] = unsafe UInt32(
                truncatingIfNeeded: position &+ rest.trailingZeroBitCount)
            next &+= 1
            rest &= rest &- 1
        }
        unsafe endCount = next
        var newlines = mask.newlines
        if newlines != 0 { unsafe completeQuotedNewlines = unsafe quotedNewlines }
        while newlines != 0 {
            let upTo = newlines ^ (newlines &- 1)
            let rank = before &+ (all & upTo).nonzeroBitCount
            guard unsafe rank == rowGoal else { return unsafe irregularRow(rank, ends) }
            unsafe rowGoal &+= width
            newlines &= newlines &- 1
        }
    }

    /// A block with quotes, inside quotes, or with a NUL.
    @inline(never)
    private mutating func unusualBlock(
        _ mask: BlockMask, at bytes: UnsafeRawPointer,
        into ends: UnsafeMutableBufferPointer<UInt32>
    ) {
        if mask.zeros != 0 {
            var index = 0
            while index < 63, unsafe bytes.load(fromByteOffset: index, as: UInt8.self) != 0 {
                index += 1
            }
            unsafe stop = unsafe .zeroByte(at: position + index)
            return
        }
        let quotes = unsafe BlockMask.quotePositions(at: bytes)
        var rest = mask.delimiters | mask.newlines | quotes
        while rest != 0, unsafe stop == nil {
            let bit = rest & (~rest &+ 1)
            let place = unsafe position + rest.trailingZeroBitCount
            rest &= rest &- 1
            if quotes & bit != 0 {
                unsafe quote(at: place, ends)
            } else if unsafe !inQuotes {
                unsafe ends[endCount] = UInt32(truncatingIfNeeded: place)
                unsafe endCount += 1
                if mask.newlines & bit != 0 { unsafe endRow(ends) }
            } else if mask.newlines & bit != 0 {
                unsafe quotedNewlines += 1
            }
        }
    }

    private mutating func endRow(_ ends: UnsafeMutableBufferPointer<UInt32>) {
        if unsafe endCount == rowGoal {
            unsafe rowGoal += width
            unsafe completeQuotedNewlines = unsafe quotedNewlines
        } else {
            unsafe irregularRow(endCount, ends)
        }
    }

    /// A quote opens a field at its start, closes one, or is half of a doubled one; anywhere else
    /// in a field without quotes it is text.
    private mutating func quote(at place: Int, _ ends: UnsafeMutableBufferPointer<UInt32>) {
        if unsafe place == ignored { return }
        guard unsafe inQuotes else {
            let fieldStart = unsafe endCount == 0 ? 0 : Int(ends[endCount - 1]) + 1
            if place == fieldStart {
                unsafe inQuotes = true
                unsafe quoteStart = place
            }
            return
        }
        if unsafe place + 1 < count, unsafe base[place + 1] == 0x22 {
            unsafe ignored = place + 1
            return
        }
        unsafe inQuotes = false
        if unsafe !endsField(place + 1) { unsafe stop = .textAfterQuote(at: place) }
    }

    private func endsField(_ place: Int) -> Bool {
        guard unsafe place < count else { return true }
        let byte = unsafe base[place]
        if unsafe byte == delimiter || byte == 0x0a { return true }
        return unsafe byte == 0x0d && (place + 1 == count || base[place + 1] == 0x0a)
    }

    /// A line end where the row has too few or too many fields.
    @inline(never)
    private mutating func irregularRow(
        _ rank: Int, _ ends: UnsafeMutableBufferPointer<UInt32>
    ) {
        let first = unsafe rowGoal - width
        let start = unsafe first == 0 ? 0 : Int(ends[first - 1]) + 1
        let end = unsafe Int(ends[rank - 1])
        let isBlank =
            unsafe rank == first + 1
            && (end == start || end == start + 1 && base[start] == 0x0d)
        unsafe stop = isBlank ? .blankLine(next: end + 1) : .ragged(rowStart: start)
    }

    /// The row behind the last line end, if the file has one.
    mutating func closeLastRow(into ends: UnsafeMutableBufferPointer<UInt32>) {
        if unsafe inQuotes {
            unsafe stop = unsafe .unclosedQuote(at: quoteStart)
            return
        }
        let first = unsafe rowGoal - width
        let start = unsafe first == 0 ? 0 : Int(ends[first - 1]) + 1
        guard unsafe start < count else { return }
        unsafe ends[endCount] = unsafe UInt32(truncatingIfNeeded: count)
        unsafe endCount += 1
        unsafe endRow(ends)
    }
}

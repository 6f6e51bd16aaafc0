import Bytes
import Platform
import Tables

/// Takes the rows out of two versions that both have in the same order, which most rows of most versions
/// are, without looking at their fields: bytes are compared, and a byte that differs costs a search for
/// the nearest row that both have again. What is left are two small texts.
///
/// Both versions are read once, side by side. Memory: some megabytes of each, and what is left.
struct AlignedRows {
    /// What is left.
    struct Rest {
        /// Rows of the old version, without a header.
        var old: [UInt8] = []
        /// Rows of the new version.
        var new: [UInt8] = []
        /// Some rows that both have.
        var equalRows: [UInt8] = []
    }

    private var old: Window
    private var new: Window
    private let pool: WorkerPool
    private let delimiter: UInt8
    private let budget: Int
    private var rest = Rest()
    /// Of so many bytes of rows that both have one is kept.
    private let sampling: Double
    private var equalBytes = 0
    /// How much of both must be there before rows that differ are looked at.
    private var lookahead: Int

    /// How many bytes of rows that both have are kept: of a smaller table all.
    private static let sampledBytes = 4 << 20

    /// Of chunks.
    init(_ regions: ChangedRegions, _ options: TableDiffOptions) {
        self.init(
            .regions(RegionReading(regions.old, from: regions.old.start)),
            .regions(RegionReading(regions.new, from: regions.new.start)),
            sizeBytes: regions.old.sizeBytes, delimiter: regions.header.delimiter,
            threads: regions.old.table.threads, options)
    }

    /// Of what is read there, of `sizeBytes` or so.
    init(
        _ old: RowFeed, _ new: RowFeed, sizeBytes: Int, delimiter: UInt8, threads: Int,
        _ options: TableDiffOptions
    ) {
        self.old = Window(old)
        self.new = Window(new)
        pool = WorkerPool(threads: threads)
        self.delimiter = delimiter
        budget = options.memoryBudget
        lookahead = budget / 256
        sampling = max(1, Double(sizeBytes) / Double(AlignedRows.sampledBytes))
    }

    /// Reads both. Nil where too much is left for this to be the way. Throws `Doubt`.
    mutating func run() throws -> Rest? {
        while true {
            try Window.fill(&old, &new, atLeast: lookahead, pool)
            if old.isDone || new.isDone { break }
            try strikeOut()
            guard isWorthwhile else { return nil }
        }
        while !old.isDone || !new.isDone {
            rest.old += old.takeAll()
            rest.new += new.takeAll()
            guard isWorthwhile else { return nil }
            try Window.fill(&old, &new, atLeast: lookahead, pool)
        }
        AlignedRows.endLine(&rest.old)
        AlignedRows.endLine(&rest.new)
        return rest
    }

    /// A little may be left of any versions; beyond it a quarter of what was read.
    private var isWorthwhile: Bool {
        let left = max(rest.old.count, rest.new.count)
        let read = max(old.readBytes, new.readBytes)
        return left <= min(budget / 64 + read / 4, budget / 4)
    }

    private static func endLine(_ rows: inout [UInt8]) {
        if let last = rows.last, last != 0x0a { rows.append(0x0a) }
    }

    /// Goes on until more must be read of one of the versions, or one is at its end.
    private mutating func strikeOut() throws {
        let (before, after) = (old, new)
        // Unsafe: views of the windows, which stay as they are meanwhile.
        try unsafe before.bytes.withUnsafeBufferPointer { oldBytes in
            try unsafe after.bytes.withUnsafeBufferPointer { newBytes in
                guard let left = oldBytes.baseAddress, let right = newBytes.baseAddress else {
                    return
                }
                try unsafe strikeOut(
                    RowText(
                        base: left, count: oldBytes.count, isFinal: before.isAtEnd,
                        delimiter: delimiter, hasQuotes: before.hasQuotes),
                    RowText(
                        base: right, count: newBytes.count, isFinal: after.isAtEnd,
                        delimiter: delimiter, hasQuotes: after.hasQuotes))
            }
        }
    }

    private mutating func strikeOut(_ left: RowText, _ right: RowText) throws {
        while true {
            try strikeOutEqual(left, right)
            if old.isDone || new.isDone || !old.has(lookahead) || !new.has(lookahead) { return }
            guard try leaveDifference(left, right) else {
                // A row is longer than what is looked at.
                guard lookahead <= RowReader.maximumRowBytes else { throw ChangedRegions.Doubt() }
                lookahead *= 2
                return
            }
            lookahead = budget / 256
            guard isWorthwhile else { return }
        }
    }

    private mutating func strikeOutEqual(_ left: RowText, _ right: RowText) throws {
        let common = left.commonBytes(from: old.start, with: right, from: new.start)
        var end = try left.endOfRows(from: old.start, to: old.start + common)
        // A last row needs no line end, where it is the last one of both.
        if old.isAtEnd, new.isAtEnd, old.start + common == left.count,
            new.start + common == right.count
        {
            end = left.count
        }
        let length = end - old.start
        guard length > 0 else { return }
        equalBytes += length
        let wanted = Int(Double(equalBytes) / sampling) - rest.equalRows.count
        if wanted > 0 {
            let sampled = try left.endOfRows(from: old.start, to: old.start + min(wanted, length))
            unsafe rest.equalRows.append(contentsOf: left.bytes(old.start..<sampled))
        }
        old.start += length
        new.start += length
    }

    /// Leaves the rows up to the nearest ones that are equal. False where there is no whole row.
    private mutating func leaveDifference(_ left: RowText, _ right: RowText) throws -> Bool {
        var search = RowSearch(
            left, old.start..<min(left.count, old.start + lookahead), right,
            new.start..<min(right.count, new.start + lookahead))
        let (oldEnd, newEnd) = try search.nearest()
        guard oldEnd > old.start || newEnd > new.start else { return false }
        unsafe rest.old.append(contentsOf: left.bytes(old.start..<oldEnd))
        unsafe rest.new.append(contentsOf: right.bytes(new.start..<newEnd))
        old.start = oldEnd
        new.start = newEnd
        return true
    }
}

// MARK: - Windows

/// Some of the bytes of one version's regions, of which those before `start` are dealt with.
private struct Window {
    private var feed: RowFeed
    private(set) var bytes: [UInt8] = []
    var start = 0
    /// Bytes read of the regions.
    private(set) var readBytes = 0
    private(set) var hasQuotes = false

    init(_ feed: RowFeed) { self.feed = feed }

    /// Whether no more bytes come.
    var isAtEnd: Bool { feed.isAtEnd }
    /// Whether all bytes are dealt with.
    var isDone: Bool { isAtEnd && start == bytes.count }

    /// Whether so many bytes are there, or all that come.
    func has(_ count: Int) -> Bool { isAtEnd || bytes.count - start >= count }

    mutating func takeAll() -> ArraySlice<UInt8> {
        defer { start = bytes.count }
        return bytes[start...]
    }

    /// Reads on, both versions on all threads, until so many bytes of either are there, or all that come.
    static func fill(
        _ old: inout Window, _ new: inout Window, atLeast count: Int, _ pool: WorkerPool
    ) throws {
        repeat {
            let (before, after) = (old.take(count), new.take(count))
            let tasks = before + after
            let pieces = try pool.map(count: tasks.count) { try tasks[$0].read() }
            try old.append(pieces[..<before.count])
            try new.append(pieces[before.count...])
        } while !old.has(count) || !new.has(count)
    }

    /// What to read next, beyond what is needed now: so that both versions are read together.
    private mutating func take(_ count: Int) -> [RowFeed.Task] {
        has(4 * count) ? [] : feed.take(8 * count)
    }

    private mutating func append(_ pieces: ArraySlice<RegionPiece>) throws {
        guard !pieces.isEmpty else { return }
        bytes.removeSubrange(..<start)
        start = 0
        hasQuotes = hasQuotes && !bytes.isEmpty
        for piece in pieces {
            guard let rows = try feed.accept(piece) else { continue }
            bytes += rows
            readBytes += piece.bytes.count
            hasQuotes = hasQuotes || piece.hasQuotes
        }
    }
}

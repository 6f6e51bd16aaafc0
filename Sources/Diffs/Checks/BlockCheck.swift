import Platform
import Synchronization
import Tables

/// Reading a delimited table in blocks of lines, on several threads: values are judged block by block, and
/// rows that repeat are looked for in all blocks in their order, beside that.
extension TableCheck {
    private static let blockBytes = 1 << 20
    /// How many blocks are held: those that wait beside those that are judged.
    private static let mostThreads = 8
    /// Each judge of each thread keeps some 100 KB of answers.
    private static let mostJudges = 512

    /// Reads all rows.
    mutating func read(threads: Int) throws {
        let most = TableCheck.mostJudges / max(1, judges.count)
        let threads = min(threads, TableCheck.mostThreads, most)
        if threads > 1, source.format is CSVFormat {
            do {
                self = try inBlocks(WorkerPool(threads: threads))
                return
            } catch is TableError {
                // Blocks that do not end between rows, or a fault, which is told with its line.
            }
        }
        try source.forEachBatch { observe($0) }
    }

    /// What a block came to.
    private struct Part: Sendable {
        let verdict: TableVerdict
        let newest: [Double?]
    }

    /// The check after all rows. Throws `TableError` where blocks of lines are no blocks of rows.
    private func inBlocks(_ pool: WorkerPool) throws -> TableCheck {
        var (whole, judging, searching) = (self, self, self)
        judging.searches = []
        searching.judges = []
        let repetitions = Mutex(searching)
        var isFirst = true
        var blocks = LineCutter(blockBytes: TableCheck.blockBytes)
        func judge(_ ready: [[UInt8]]) throws {
            guard !ready.isEmpty else { return }
            let parts = try pool.map(count: ready.count + 1) { [judging, isFirst] index in
                guard index > 0 else {
                    try repetitions.withLock { try $0.search(ready, holdsHeader: isFirst) }
                    return Part?.none
                }
                return try judging.part(ready[index - 1], holdsHeader: isFirst && index == 1)
            }
            for part in parts { if let part { whole.add(part) } }
            isFirst = false
        }
        // Unsafe: the cutter copies what it is given.
        try unsafe source.forEachPlainBuffer { buffer in
            try unsafe blocks.append(buffer)
            if blocks.ready.count >= 2 * pool.threads { try judge(blocks.take()) }
        }
        try judge(blocks.takeAll())
        repetitions.withLock { whole.takeSearches(of: $0) }
        return whole
    }

    private func part(_ block: [UInt8], holdsHeader: Bool) throws -> Part {
        var check = self
        try check.observe(block, holdsHeader: holdsHeader)
        return Part(verdict: check.verdict, newest: check.judges.map(\.newest))
    }

    private mutating func search(_ blocks: [[UInt8]], holdsHeader: Bool) throws {
        guard !searches.isEmpty else { return }
        for (place, block) in blocks.enumerated() {
            try observe(block, holdsHeader: holdsHeader && place == 0)
            rowsBefore = verdict.rowCount
        }
    }

    /// Takes account of a block: whole rows, which begin with the header where it says so.
    private mutating func observe(_ block: [UInt8], holdsHeader: Bool) throws {
        var reader = RowReader(delimiter: header.delimiter)
        for bytes in [holdsHeader ? [] : header.rawRow + [0x0a], block] {
            // Unsafe: the array lives for the call.
            try unsafe bytes.withUnsafeBytes { try unsafe reader.consume($0) { observe($0) } }
        }
        try reader.finish { observe($0) }
        guard reader.header?.columnNames == header.columnNames else {
            throw TableError(line: nil, "has other columns than before")
        }
    }

    // MARK: - Putting together

    /// Takes account of the block that follows.
    private mutating func add(_ part: Part) {
        for (place, found) in part.verdict.verdicts.enumerated() {
            verdict.verdicts[place].examined += found.examined
            verdict.verdicts[place].failed += found.failed
            let room = RuleVerdict.exampleLimit - verdict.verdicts[place].examples.count
            verdict.verdicts[place].examples += found.examples.prefix(room).map {
                RuleVerdict.Example(row: verdict.rowCount + $0.row, value: $0.value)
            }
        }
        let room = TableVerdict.rowLimit - verdict.failingRows.count
        verdict.failingRows += part.verdict.failingRows.prefix(room).map {
            TableVerdict.FailingRow(
                row: verdict.rowCount + $0.row, rules: $0.rules, bytes: $0.bytes)
        }
        for (place, newest) in part.newest.enumerated() { judges[place].note(newest: newest) }
        verdict.rowCount += part.verdict.rowCount
    }

    /// Takes account of rows that repeat.
    private mutating func takeSearches(of other: TableCheck) {
        searches = other.searches
        for search in searches {
            verdict.verdicts[search.place] = other.verdict.verdicts[search.place]
        }
        verdict.failingRows = TableCheck.merged(
            verdict.failingRows, other.verdict.failingRows)
    }

    /// The first rows of both, each with the rules of both.
    private static func merged(
        _ one: [TableVerdict.FailingRow], _ other: [TableVerdict.FailingRow]
    ) -> [TableVerdict.FailingRow] {
        let others = Dictionary(
            other.map { ($0.row, $0.rules) }, uniquingKeysWith: { one, _ in one })
        let own = Set(one.map(\.row))
        let all =
            one.map { row in
                TableVerdict.FailingRow(
                    row: row.row, rules: (row.rules + (others[row.row] ?? [])).sorted(),
                    bytes: row.bytes)
            } + other.filter { !own.contains($0.row) }
        return Array(all.sorted { $0.row < $1.row }.prefix(TableVerdict.rowLimit))
    }
}

/// Cuts bytes that come in pieces of any sizes into blocks that end with a line, but for the last.
private struct LineCutter {
    let blockBytes: Int
    /// Blocks that nobody took.
    private(set) var ready: [[UInt8]] = []
    private var carry: [UInt8] = []

    init(blockBytes: Int) { self.blockBytes = blockBytes }

    // Unsafe: copies the view it is given.
    mutating func append(_ buffer: UnsafeRawBufferPointer) throws {
        unsafe carry.append(contentsOf: buffer)
        guard carry.count >= blockBytes else { return }
        guard let end = carry.lastIndex(of: 0x0a) else {
            guard carry.count <= RowReader.maximumRowBytes + blockBytes else {
                throw TableError(line: nil, "has no line end for long")
            }
            return
        }
        ready.append(Array(carry[...end]))
        carry.removeSubrange(...end)
    }

    mutating func take() -> [[UInt8]] {
        defer { ready = [] }
        return ready
    }

    /// The last blocks; what is there may end without a line end.
    mutating func takeAll() -> [[UInt8]] {
        if !carry.isEmpty { ready.append(carry) }
        carry = []
        return take()
    }
}

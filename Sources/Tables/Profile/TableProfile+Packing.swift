import Bytes

/// How much is kept of what is counted, and in which form.
extension TableProfile {
    /// How much is kept of each column: less in tables of many columns, so that these share the memory of few.
    package struct Limits: Sendable, Hashable {
        /// The most different values that are counted exactly: even, so that half of it is a number.
        var values: Int
        /// The most bins for numbers, where not all values are counted.
        let bins: Int

        /// Of how many columns are counted in one reading at most.
        package static let mostColumnsAtOnce = 1 << 14
        /// How much memory all profiles that are counted in one reading take, about.
        private static let mostBytesAtOnce = 256 << 20

        /// Those of each column of a table of so many.
        init(columns: Int) {
            values = TableProfile.valueLimit(columns: columns)
            bins = TableProfile.mostBins(columns: columns)
        }

        /// How many bytes what is counted of a column takes at most, about: a value and its place, bins in a
        /// table that is half empty, and what all columns have.
        private var countedBytes: Int { 160 * values + 48 * bins + 4096 }
        /// The same of one that is packed.
        private var packedBytes: Int { 48 * values + 8 * bins + 1024 }

        /// How many columns of a table of so many can be counted at once, in so many profiles, and so many
        /// that are packed.
        package static func columnsAtOnce(
            of columns: Int, counted: Int, packed: Int = 0
        ) -> Int {
            let limits = Limits(columns: columns)
            let bytes = counted * limits.countedBytes + packed * limits.packedBytes
            return max(1, min(columns, mostBytesAtOnce / max(1, bytes)))
        }
    }

    /// The most different values of a column that are counted exactly, in a table of so many columns:
    /// even, so that half of it is a number.
    package static func valueLimit(columns: Int) -> Int {
        min(4096, max(16, (1 << 19) / max(1, columns))) & ~1
    }

    /// The most bins for the numbers of a column, where they are not counted, in a table of so many columns:
    /// of very many one less than a power of two, which leaves a table of twice as many places half empty.
    package static func mostBins(columns: Int) -> Int {
        guard columns > 1 << 10 else { return ValueSketch.usualBins }
        let share = max(32, (1 << 21) / columns)
        return 1 << (Int.bitWidth - 1 - share.leadingZeroBitCount) - 1
    }

    /// Keeps all columns in few bytes; they are settled. Reading one costs more then.
    package mutating func pack() {
        // From the end, so that each is let go as soon as it is packed.
        tallies.reverse()
        while let tally = tallies.popLast() { packed.append(tally) }
        tallies = []
        packed.finish()
    }

    /// What was counted of a column.
    func tally(_ column: Int) -> ColumnTally {
        guard column < packed.count else { return tallies[column - packed.count] }
        return packed.tally(column, limits)
    }
}

/// What was counted of some columns, as the bytes that a profile is written in. In large blocks: small ones
/// would lie among what is counted of other columns, and keep its memory from being used again.
struct PackedTallies: Sendable {
    private static let blockBytes = 1 << 20

    /// The bytes of all columns, in their order.
    private(set) var blocks: [[UInt8]] = []
    private var starts: [(block: Int32, offset: Int32)] = []
    private var last = ByteWriter()

    /// How many columns there are.
    var count: Int { starts.count }

    /// Adds a settled tally.
    mutating func append(_ tally: ColumnTally) {
        starts.append((Int32(blocks.count), Int32(last.bytes.count)))
        tally.encode(to: &last)
        if last.bytes.count >= PackedTallies.blockBytes { closeBlock() }
    }

    /// Needed after the last one.
    mutating func finish() {
        if !last.bytes.isEmpty { closeBlock() }
        last = ByteWriter()
    }

    private mutating func closeBlock() {
        var block: [UInt8] = []
        block.reserveCapacity(last.bytes.count)
        block += last.bytes
        blocks.append(block)
        last.bytes.removeAll(keepingCapacity: true)
    }

    /// Reads one of those that were there when it was finished.
    func tally(_ column: Int, _ limits: TableProfile.Limits) -> ColumnTally {
        var tally = ColumnTally(valueLimit: limits.values, mostBins: limits.bins)
        let start = starts[column]
        let bytes = blocks[Int(start.block)]
        let span = bytes.span
        var cursor = ByteCursor(offset: Int(start.offset))
        do {
            try tally.decode(&cursor, span)
        } catch {
            preconditionFailure("what this program packed is damaged: \(error)")
        }
        return tally
    }
}

import Objects

/// The bytes of a chunk, and how many quotes there are among them.
struct RegionPiece: Sendable {
    let bytes: [UInt8]
    let quotes: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        quotes = RegionPiece.mayHaveQuotes(bytes) ? bytes.count { $0 == 0x22 } : 0
    }

    /// Eight bytes at a time: most tables have none.
    private static func mayHaveQuotes(_ bytes: [UInt8]) -> Bool {
        let pattern: UInt64 = 0x2222_2222_2222_2222
        let ones: UInt64 = 0x0101_0101_0101_0101
        var found: UInt64 = 0
        // Unsafe: reads whole words within the array, then what is left of it.
        return unsafe bytes.withUnsafeBytes { all in
            let words = all.count / 8
            for index in 0..<words {
                let word = unsafe all.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
                let other = word ^ pattern
                found |= (other &- ones) & ~other
            }
            return unsafe found & 0x8080_8080_8080_8080 != 0
                || all[(words * 8)...].contains(0x22)
        }
    }
}

/// The order in which the chunks of one version's regions are read; looks at where regions begin and end.
struct RegionReading {
    private let side: ChangedRegions.Side
    private let own: Set<Int>
    /// The chunks of the regions and, for its last byte, the shared one before each.
    private let wanted: [Int]
    private var taken = 0
    private var accepted = 0
    private var quotes = 0
    private var endsLine = true
    /// Bytes to come that are no rows.
    private var skipped: Int

    /// `start` is where the first row begins.
    init(_ side: ChangedRegions.Side, from start: Int = 0) {
        self.side = side
        skipped = start
        own = Set(side.places)
        var wanted: [Int] = []
        for (index, place) in side.places.enumerated() {
            if place > 0, index == 0 || side.places[index - 1] != place - 1 {
                wanted.append(place - 1)
            }
            wanted.append(place)
        }
        self.wanted = wanted
    }

    /// Whether all was handed out.
    var isAtEnd: Bool { taken == wanted.count }

    /// The next chunks to read: of so many bytes together, or one.
    mutating func take(_ sizeBytes: Int) -> [Int] {
        let first = taken
        var size = 0
        while taken < wanted.count, size < sizeBytes {
            size += side.table.chunks[wanted[taken]].length
            taken += 1
        }
        return Array(wanted[first..<taken])
    }

    /// The same, to be read.
    mutating func tasks(_ sizeBytes: Int) -> [RowFeed.Task] {
        take(sizeBytes).map { .chunk(side.table, $0) }
    }

    /// The rows of a chunk; nil where both versions have it. Throws `Doubt` as `accept` does.
    mutating func rows(_ piece: RegionPiece) throws -> ArraySlice<UInt8>? {
        guard try accept(piece) else { return nil }
        defer { skipped = max(0, skipped - piece.bytes.count) }
        return piece.bytes.dropFirst(skipped)
    }

    /// Looks at the chunks in their order. False for one that both versions have. Throws `Doubt` where
    /// regions do not stand between rows.
    mutating func accept(_ piece: RegionPiece) throws -> Bool {
        let place = wanted[accepted]
        accepted += 1
        guard own.contains(place) else {
            guard quotes % 2 == 0, endsLine, piece.bytes.last == 0x0a else {
                throw ChangedRegions.Doubt()
            }
            return false
        }
        quotes += piece.quotes
        endsLine = piece.bytes.last == 0x0a
        if accepted == wanted.count {
            let isAtEnd = place == side.table.chunks.count - 1
            guard quotes % 2 == 0, endsLine || isAtEnd else { throw ChangedRegions.Doubt() }
        }
        return true
    }
}

import Objects

/// The bytes of a chunk, and whether there are quotes among them.
struct RegionPiece: Sendable {
    let bytes: [UInt8]
    let hasQuotes: Bool

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        hasQuotes = QuoteWalk.hasQuotes(bytes)
    }
}

/// The order in which the chunks of one version's regions are read; proves that regions begin and end
/// between rows, as do the runs of chunks that stand elsewhere in the other version.
struct RegionReading {
    private let side: ChangedRegions.Side
    private let own: Set<Int>
    private let edges: Set<Int>
    /// The chunks of the regions, and the shared ones that an edge follows.
    private let wanted: [Int]
    private let proof: RowProof
    private var taken = 0
    private var accepted = 0
    /// What the shared chunk before the next one says of where it ends.
    private var before = RowProof.Verdict.endsRow
    /// Along the region at hand.
    private var walk: QuoteWalk
    /// Bytes to come that are no rows.
    private var skipped: Int

    /// `start` is where the first row begins.
    init(_ side: ChangedRegions.Side, from start: Int = 0) {
        self.side = side
        skipped = start
        own = Set(side.places)
        edges = Set(side.edges)
        wanted = own.union(edges).sorted()
        proof = side.proof
        walk = QuoteWalk(delimiter: side.proof.delimiter, isInside: false)
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
    /// regions do not stand between rows, or may not.
    mutating func accept(_ piece: RegionPiece) throws -> Bool {
        let place = wanted[accepted]
        accepted += 1
        guard own.contains(place) else {
            before = proof.end(of: piece.bytes)
            if before == .endsElsewhere { throw ChangedRegions.Doubt() }
            // Of one that no region follows nothing else is read.
            if before == .unproven, !own.contains(place + 1) { throw unproven }
            return false
        }
        if place == 0 || !own.contains(place - 1) { try begin(at: place, piece) }
        let skipped = place == 0 ? side.headerBytes : 0
        guard proof.linesAreRows || walk.walk(piece.bytes.dropFirst(skipped)) else {
            throw ChangedRegions.Doubt()
        }
        if edges.contains(place) {
            guard piece.bytes.last == 0x0a, proof.linesAreRows || walk.isBetweenFields else {
                throw ChangedRegions.Doubt()
            }
        }
        return true
    }

    /// Begins a region with the chunk at `place`.
    private mutating func begin(at place: Int, _ piece: RegionPiece) throws {
        guard place == 0 || before == .endsRow || proof.beginsRow(piece.bytes[...]) else {
            throw unproven
        }
        walk = QuoteWalk(delimiter: proof.delimiter, isInside: false)
    }

    /// What is thrown where more would be known if the whole table were read.
    private var unproven: ChangedRegions.Doubt { ChangedRegions.Doubt(lacksProof: true) }
}

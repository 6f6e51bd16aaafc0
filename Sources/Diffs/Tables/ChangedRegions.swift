import Bytes
import Objects
import Tables
import Vocabulary
import Workspaces

/// The chunks that only one of two versions of a table has. What both have holds the same rows, so that
/// nothing of it has to be read.
///
/// That is so where chunks that are neighbours in one version only meet between rows, which the chunker sees
/// to and `RegionReading` proves while the chunks are read. Chunks that are neighbours in both may meet
/// anywhere.
struct ChangedRegions {
    private(set) var old: Side
    private(set) var new: Side
    let header: TableHeader

    /// The table cannot be compared by its regions.
    struct Doubt: Error {
        /// Whether it could be, if every line end were known to end a row.
        var lacksProof = false
    }

    /// What only one version has.
    struct Side {
        let table: StoredTable
        /// The chunks that the other version lacks, by place.
        let places: [Int]
        /// The chunks that have another neighbour behind them in the other version, but for those of
        /// which neither is there, by place.
        let edges: [Int]
        /// The bytes of the chunks that the other version lacks.
        let sizeBytes: Int
        /// The bytes before the first row, header and all.
        let headerBytes: Int
        /// How it is proved that rows begin somewhere.
        fileprivate(set) var proof: RowProof

        /// Whether the first chunk, with the header, is among them.
        var holdsHeader: Bool { places.first == 0 }
        /// Where the first row of the regions begins among their bytes.
        var start: Int { holdsHeader ? headerBytes : 0 }
    }

    /// A table of one column looks the same wherever it is cut.
    private static let leastColumns = 2
    /// How many shared chunks are read to tell columns that name rows.
    private static let sampledChunks = 8

    /// The regions, or nil where the headers differ, or the chunks hold packed bytes.
    init?(_ old: StoredTable, _ new: StoredTable) throws {
        guard let first = old.chunks.first, let other = new.chunks.first, first.length > 0,
            other.length > 0
        else { return nil }
        let starts = [try old.piece(0), try new.piece(0)]
        guard starts.allSatisfy({ Packing(firstBytes: $0) == .none }) else { return nil }
        let headers = try zip([old, new], starts).compactMap {
            try ChangedRegions.header(of: $0, $1)
        }
        guard headers.count == 2, headers[0].header == headers[1].header,
            headers[0].header.columnNames.count >= ChangedRegions.leastColumns
        else { return nil }
        header = headers[0].header
        let partners = ChangedRegions.partners(old.chunks, new.chunks)
        let proof = RowProof(delimiter: header.delimiter, linesAreRows: false)
        self.old = Side(old, partners.old, headers[0].sizeBytes, proof)
        self.new = Side(new, partners.new, headers[1].sizeBytes, proof)
    }

    /// Takes it for known that every line end of both versions ends a row.
    mutating func trustLines() {
        let proof = RowProof(delimiter: header.delimiter, linesAreRows: true)
        old.proof = proof
        new.proof = proof
    }

    /// Whether every line end of both versions ends a row: kept, or found by reading them.
    func linesAreRows(_ kept: KeptLines) throws -> Bool {
        defer { kept.trim() }
        var plain: Set<Digest> = []
        for side in [old, new] {
            guard
                try side.table.linesAreRows(
                    delimiter: header.delimiter, headerBytes: side.headerBytes, plain: &plain, kept)
            else { return false }
        }
        return true
    }

    /// The header, and the bytes before the first row; nil where it does not end within the first chunk.
    private static func header(
        of table: StoredTable, _ first: [UInt8]
    ) throws -> (header: TableHeader, sizeBytes: Int)? {
        let start = TableSource(
            name: table.source.name, format: table.source.format, bytes: first)
        let header: TableHeader
        do {
            header = try start.header()
        } catch let error as StoreError where error.kind == .malformed {
            // One row or less, it seems: of what is no table the whole tells why.
            return nil
        }
        var rest = first[...]
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        // Lines without anything may stand before it.
        rest = rest.drop { $0 == 0x0a || $0 == 0x0d }.dropFirst(header.rawRow.count)
        if rest.first == 0x0d { rest = rest.dropFirst() }
        guard rest.first == 0x0a || rest.isEmpty && table.chunks.count == 1 else { return nil }
        return (header, first.count - rest.dropFirst().count)
    }

    /// Whether a quarter of the chunks at least is shared.
    var isMostlyShared: Bool {
        [old, new].allSatisfy { 4 * $0.places.count <= 3 * $0.table.chunks.count }
    }

    /// The chunks that stand for each other in two versions, by place; nil for those without a partner.
    /// First chunks, which hold the header, are partners of each other only.
    private static func partners(
        _ old: [ChunkReference], _ new: [ChunkReference]
    ) -> (old: [Int?], new: [Int?]) {
        var before = [Int?](repeating: nil, count: old.count)
        var after = [Int?](repeating: nil, count: new.count)
        if old[0].id == new[0].id {
            before[0] = 0
            after[0] = 0
        }
        // The first of equal chunks that is left, and the next one behind each.
        var firsts: [Digest: Int] = [:]
        var nexts = [Int?](repeating: nil, count: old.count)
        for place in old.indices.dropFirst().reversed() {
            nexts[place] = firsts.updateValue(place, forKey: old[place].id.digest)
        }
        for place in new.indices.dropFirst() {
            guard let partner = firsts[new[place].id.digest] else { continue }
            firsts[new[place].id.digest] = nexts[partner]
            before[partner] = place
            after[place] = partner
        }
        return (before, after)
    }

    /// That side's rows which only it has, as a table. Reading it throws `Doubt` where a region does not
    /// stand between rows.
    func source(_ side: Side) -> TableSource {
        let heading = side.holdsHeader ? [] : header.rawRow + [0x0a]
        return unsafe TableSource(name: side.table.source.name, format: side.table.source.format) {
            body in
            if !heading.isEmpty { try unsafe heading.withUnsafeBytes { try unsafe body($0) } }
            try side.forEachPiece { bytes in
                // The piece lives for the call.
                try unsafe bytes.withUnsafeBytes { try unsafe body($0) }
            }
        }
    }

    /// Rows that both versions have, spread over the old one, without a header: each is a line.
    func sharedRows() throws -> [UInt8] {
        let own = Set(old.places)
        let shared = old.table.chunks.indices.filter { $0 > 0 && !own.contains($0) }
        let step = max(1, shared.count / ChangedRegions.sampledChunks)
        let places = stride(from: 0, to: shared.count, by: step).map { shared[$0] }
        var rows: [UInt8] = []
        try old.table.forEachPiece(of: places) { bytes in
            // A chunk may begin inside a row.
            guard let found = old.proof.rows(in: bytes) else { return }
            // Unsafe: a view of the piece, which lives for the call.
            try unsafe found.withUnsafeBufferPointer { view in
                guard let base = view.baseAddress else { return }
                let text = unsafe RowText(
                    base: base, count: view.count, isFinal: false, delimiter: header.delimiter,
                    hasQuotes: QuoteWalk.hasQuotes(bytes))
                var start = 0
                while let end = try text.endOfRow(from: start, to: text.count) {
                    let row = unsafe text.bytes(start..<end)
                    start = end
                    guard unsafe row.count(where: { $0 == 0x0a }) == 1 else { continue }
                    unsafe rows.append(contentsOf: row)
                }
            }
        }
        return rows
    }
}

extension ChangedRegions.Side {
    fileprivate init(
        _ table: StoredTable, _ partners: [Int?], _ headerBytes: Int, _ proof: RowProof
    ) {
        self.table = table
        self.headerBytes = headerBytes
        self.proof = proof
        places = partners.indices.filter { partners[$0] == nil }
        edges = partners.indices.dropLast().filter { place in
            guard let partner = partners[place] else { return partners[place + 1] != nil }
            return partners[place + 1] != partner + 1
        }
        sizeBytes = places.reduce(0) { $0 + table.chunks[$1].length }
    }

    /// Hands the bytes to `body`, having looked at where the regions begin and end.
    func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
        var reading = RegionReading(self)
        try table.forEachPiece(of: reading.take(.max)) { bytes in
            let piece = RegionPiece(bytes)
            if try reading.accept(piece) { try body(piece.bytes) }
        }
    }
}

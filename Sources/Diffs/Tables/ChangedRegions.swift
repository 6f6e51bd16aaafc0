import Bytes
import Objects
import Tables
import Vocabulary

/// The chunks that only one of two versions of a table has. What both have holds the same rows, so that
/// nothing of it has to be read.
///
/// That is so where chunks end between rows, which the chunker sees to and this type checks as far as
/// bytes at hand tell: the byte before each region ends a line, each region ends with a line, and has an
/// even number of quotes, so that what follows it is read as before it. What else could go wrong shows
/// in the numbers of fields and rows: see `RowSieve`.
struct ChangedRegions {
    let old: Side
    let new: Side
    let header: TableHeader
    /// The bytes before the first row of either version, header and all.
    private let headerBytes: (old: Int, new: Int)

    /// The table cannot be compared by its regions.
    struct Doubt: Error {}

    /// What only one version has.
    struct Side {
        let table: StoredTable
        /// The chunks that the other version lacks, by place.
        let places: [Int]
        /// The bytes of these.
        let sizeBytes: Int

        /// Whether the first chunk, with the header, is among them.
        var holdsHeader: Bool { places.first == 0 }
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
        let (before, after) = ChangedRegions.places(old.chunks, new.chunks)
        self.old = Side(old, before)
        self.new = Side(new, after)
        let starts = [try old.piece(0), try new.piece(0)]
        guard starts.allSatisfy({ Packing(firstBytes: $0) == .none }) else { return nil }
        let headers = try zip([old, new], starts).map { try ChangedRegions.header(of: $0, $1) }
        header = headers[0].header
        headerBytes = (headers[0].sizeBytes, headers[1].sizeBytes)
        guard headers[0].header == headers[1].header,
            header.columnNames.count >= ChangedRegions.leastColumns
        else { return nil }
    }

    private static func header(
        of table: StoredTable, _ first: [UInt8]
    ) throws -> (header: TableHeader, sizeBytes: Int) {
        let header = try TableSource(
            name: table.source.name, format: table.source.format, bytes: first
        ).header()
        var rest = first[...]
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        // Lines without anything may stand before it.
        rest = rest.drop { $0 == 0x0a || $0 == 0x0d }.dropFirst(header.rawRow.count)
        if rest.first == 0x0d { rest = rest.dropFirst() }
        return (header, first.count - (rest.first == 0x0a ? rest.dropFirst() : rest).count)
    }

    /// Whether a quarter of the chunks at least is shared.
    var isMostlyShared: Bool {
        [old, new].allSatisfy { 4 * $0.places.count <= 3 * $0.table.chunks.count }
    }

    /// Where the first row of the old version's regions begins among their bytes.
    var oldStart: Int { old.holdsHeader ? headerBytes.old : 0 }
    /// The same of the new version's.
    var newStart: Int { new.holdsHeader ? headerBytes.new : 0 }

    /// The chunks of either side that have no partner on the other, in order. First chunks, which hold
    /// the header, are partners of each other only.
    private static func places(
        _ old: [ChunkReference], _ new: [ChunkReference]
    ) -> ([Int], [Int]) {
        var counts: [Digest: Int] = [:]
        for chunk in old.dropFirst() { counts[chunk.id.digest, default: 0] += 1 }
        var after = new.indices.dropFirst().filter { place in
            guard let count = counts[new[place].id.digest], count > 0 else { return true }
            counts[new[place].id.digest] = count - 1
            return false
        }
        // The last of equal chunks stay without a partner.
        var before: [Int] = []
        for place in old.indices.dropFirst().reversed() {
            guard let count = counts[old[place].id.digest], count > 0 else { continue }
            counts[old[place].id.digest] = count - 1
            before.append(place)
        }
        before.reverse()
        if old[0].id != new[0].id {
            before.insert(0, at: 0)
            after.insert(0, at: 0)
        }
        return (before, Array(after))
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

    /// Rows that both versions have, spread over the old one, without a header.
    func sharedRows() throws -> [UInt8] {
        let own = Set(old.places)
        let shared = old.table.chunks.indices.filter { $0 > 0 && !own.contains($0) }
        let step = max(1, shared.count / ChangedRegions.sampledChunks)
        let places = stride(from: 0, to: shared.count, by: step).map { shared[$0] }
        var rows: [UInt8] = []
        try old.table.forEachPiece(of: places) { bytes in
            // A chunk of lines; one that is not is of no use here.
            if bytes.last == 0x0a, !bytes.contains(0x22) { rows += bytes }
        }
        return rows
    }
}

extension ChangedRegions.Side {
    init(_ table: StoredTable, _ places: [Int]) {
        self.table = table
        self.places = places
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

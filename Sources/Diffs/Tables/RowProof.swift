import Objects
import Platform
import Tables
import Vocabulary
import Workspaces

/// Proves, from some bytes of a table of which the rest is not read, that a row begins among them and not a
/// line inside quotes.
///
/// Where every line end of the table is known to end a row there is nothing to prove. Else it is shown that
/// the bytes cannot stand inside quotes: a quote among them would close the field, and what follows it is
/// no end of a field. That holds for a table that can be read, however long its fields are.
struct RowProof {
    let delimiter: UInt8
    /// Whether every line end behind the header ends a row.
    let linesAreRows: Bool

    /// What a chunk says of where it ends.
    enum Verdict {
        case endsRow
        case endsElsewhere
        /// It could be either.
        case unproven
    }

    /// Whether a row begins at the start of these bytes, before which a line ends; false where that is
    /// not proved.
    func beginsRow(_ bytes: ArraySlice<UInt8>) -> Bool {
        if linesAreRows { return true }
        var walk = QuoteWalk(delimiter: delimiter, isInside: true)
        return !walk.walk(bytes)
    }

    /// What begins with a row behind the first line end of a chunk; nil where that is not proved.
    func rows(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
        guard let first = bytes.firstIndex(of: 0x0a) else { return nil }
        let rest = bytes[(first + 1)...]
        return beginsRow(rest) ? rest : nil
    }

    /// What a chunk says of where it ends.
    func end(of bytes: [UInt8]) -> Verdict {
        guard bytes.last == 0x0a else { return .endsElsewhere }
        if linesAreRows { return .endsRow }
        guard let rows = rows(in: bytes) else { return .unproven }
        var walk = QuoteWalk(delimiter: delimiter, isInside: false)
        return walk.walk(rows) && walk.isBetweenFields ? .endsRow : .endsElsewhere
    }
}

extension StoredTable {
    /// Whether every line end behind the first `headerBytes` bytes ends a row: kept, or found by reading all
    /// of it, but for chunks in `plain`, which have no quotes. Adds to these.
    func linesAreRows(
        delimiter: UInt8, headerBytes: Int, plain: inout Set<Digest>, _ kept: KeptLines
    ) throws -> Bool {
        if let known = kept.areRows(of: id, delimiter: delimiter) { return known }
        var areRows = true
        if try !isPlain(&plain) {
            var walk = QuoteWalk(delimiter: delimiter, isInside: false)
            var skipped = headerBytes
            do {
                try forEachPiece(of: Array(chunks.indices)) { bytes in
                    let isText = walk.walk(bytes.dropFirst(skipped))
                    skipped = max(0, skipped - bytes.count)
                    if !isText || walk.hasQuotedLineEnds { throw Found() }
                }
            } catch is Found { areRows = false }
        }
        kept.save(TableLines(delimiter: delimiter, areRows: areRows), of: id)
        return areRows
    }

    /// Ends a reading.
    private struct Found: Error {}

    /// Whether no chunk has a quote.
    private func isPlain(_ plain: inout Set<Digest>) throws -> Bool {
        let places = chunks.indices.filter { !plain.contains(chunks[$0].id.digest) }
        let pool = WorkerPool(threads: threads)
        for start in stride(from: 0, to: places.count, by: StoredTable.chunksAhead) {
            let batch = places[start..<min(start + StoredTable.chunksAhead, places.count)]
            let found = try pool.map(count: batch.count) { index in
                QuoteWalk.hasQuotes(try piece(batch[batch.startIndex + index]))
            }
            if found.contains(true) { return false }
            for place in batch { plain.insert(chunks[place].id.digest) }
        }
        return true
    }
}

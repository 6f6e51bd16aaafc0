import Tables
import Vocabulary

/// Where the rows of one version come from, as text, piece by piece.
enum RowFeed {
    /// The chunks that differ.
    case regions(RegionReading)
    /// Parts of a file, by their places, last first.
    case parts(PartedTable, [Int])

    /// A piece to be read, on any thread.
    enum Task: Sendable {
        case chunk(StoredTable, Int)
        case part(TableSource)

        /// The most text that is made of a part.
        private static let mostPartBytes = 32 << 20

        /// Throws `Doubt` for a part that is too long as text.
        func read() throws -> RegionPiece {
            switch self {
            case .chunk(let table, let place): return RegionPiece(try table.piece(place))
            case .part(let source):
                var text: [UInt8] = []
                try source.forEachBatch { batch in
                    for row in 0..<batch.rowCount {
                        // Copied: the batch does not outlive the call.
                        unsafe text.append(contentsOf: batch.rawRow(row))
                        text.append(0x0a)
                    }
                    guard text.count <= Task.mostPartBytes else { throw ChangedRegions.Doubt() }
                }
                return RegionPiece(text)
            }
        }
    }

    /// Whether all was handed out.
    var isAtEnd: Bool {
        switch self {
        case .regions(let reading): reading.isAtEnd
        case .parts(_, let rest): rest.isEmpty
        }
    }

    /// What to read next: of about so many bytes, or one piece.
    mutating func take(_ sizeBytes: Int) -> [Task] {
        switch self {
        case .regions(var reading):
            defer { self = .regions(reading) }
            return reading.tasks(sizeBytes)
        case .parts(let table, var rest):
            guard let place = rest.popLast() else { return [] }
            self = .parts(table, rest)
            return [.part(table.source.selecting([place]))]
        }
    }

    /// The rows of a piece, in the order of the tasks; nil where both versions have it.
    mutating func accept(_ piece: RegionPiece) throws -> ArraySlice<UInt8>? {
        guard case .regions(var reading) = self else { return piece.bytes[...] }
        defer { self = .regions(reading) }
        return try reading.rows(piece)
    }
}

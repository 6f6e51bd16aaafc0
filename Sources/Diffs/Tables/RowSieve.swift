import Bytes
import Objects
import Tables
import Vocabulary

/// Takes equal rows out of the regions in which two versions differ, whatever their order, and leaves
/// the others as two small tables. Memory: some 50 bytes an old row, and the rows left.
struct RowSieve {
    /// What is left.
    struct Rest {
        /// Header and rows that only the old version has.
        var old: [UInt8]
        /// Header and rows that only the new version has.
        var new: [UInt8]
        var oldCount = 0
        var newCount = 0
        /// Some rows that both have, without a header: to tell columns that name rows.
        var equalRows: [UInt8] = []
    }

    private let header: TableHeader
    private let old: TableSource
    private let new: TableSource
    private let budget: Int
    private var table: RowTable
    private var hasher: RowHasher
    private static let sampledRows = 16_384

    /// Of the regions as they stand in the store.
    init(_ regions: ChangedRegions, oldRows: Int, _ options: TableDiffOptions) throws {
        let bytes = max(1, regions.old.table.chunks.reduce(0) { $0 + $1.length })
        // Rows of the regions may be shorter than most.
        let expected = Double(oldRows) * Double(regions.old.sizeBytes) / Double(bytes)
        try self.init(
            regions.header, regions.source(regions.old), regions.source(regions.new),
            mostRows: min(oldRows, Int(expected * 1.25) + 4096), options)
    }

    /// Of what is left of two versions with that header, as text of that format.
    init(
        _ rest: AlignedRows.Rest, _ header: TableHeader, name: String, _ format: any TableFormat,
        _ options: TableDiffOptions
    ) throws {
        func source(_ rows: [UInt8]) -> TableSource {
            TableSource(name: name, format: format, bytes: header.rawRow + [0x0a] + rows)
        }
        try self.init(
            header, source(rest.old), source(rest.new), mostRows: rest.old.count { $0 == 0x0a },
            options)
    }

    private init(
        _ header: TableHeader, _ old: TableSource, _ new: TableSource, mostRows: Int,
        _ options: TableDiffOptions
    ) throws {
        self.header = header
        self.old = old
        self.new = new
        budget = options.memoryBudget
        guard mostRows * RowTable.bytesPerRow <= budget else { throw ChangedRegions.Doubt() }
        table = RowTable(rowLimit: mostRows)
        hasher = RowHasher(
            columns: Array(header.columnNames.indices), key: [], isRawComparable: true)
    }

    /// Reads the old rows twice and the new ones once.
    mutating func run() throws -> Rest {
        let heading = header.rawRow + [0x0a]
        var rest = Rest(old: heading, new: heading)
        try count()
        try forEachRow(new) { sieve, batch, row in
            let hash = sieve.hasher.rowHash(batch, row)
            if let found = sieve.table.place(of: hash), !found.isFree {
                let mark = sieve.table.mark(at: found.place)
                if mark > 0 { return sieve.table.setMark(mark - 1, at: found.place) }
            }
            rest.newCount += 1
            try sieve.append(batch, row, to: &rest.new)
        }
        var sampled = 0
        try forEachRow(old) { sieve, batch, row in
            guard let found = sieve.table.place(of: sieve.hasher.rowHash(batch, row)),
                !found.isFree
            else { throw ChangedRegions.Doubt() }
            let mark = sieve.table.mark(at: found.place)
            if mark > 0 {
                sieve.table.setMark(mark - 1, at: found.place)
                rest.oldCount += 1
                try sieve.append(batch, row, to: &rest.old)
            } else if sampled < RowSieve.sampledRows {
                sampled += 1
                try sieve.append(batch, row, to: &rest.equalRows)
            }
        }
        return rest
    }

    /// Counts the old rows by their hashes.
    private mutating func count() throws {
        try forEachRow(old) { sieve, batch, row in
            let hash = sieve.hasher.rowHash(batch, row)
            guard let found = sieve.table.place(of: hash) else { throw ChangedRegions.Doubt() }
            if found.isFree {
                sieve.table.insert(hash, row: nil, mark: 1, at: found.place)
            } else {
                sieve.table.setMark(sieve.table.mark(at: found.place) + 1, at: found.place)
            }
        }
    }

    private mutating func forEachRow(
        _ source: TableSource,
        _ body: (inout RowSieve, RowBatch, Int) throws -> Void
    ) throws {
        do {
            try source.forEachBatch { batch in
                guard batch.header.columnNames == header.columnNames,
                    batch.header.delimiter == header.delimiter
                else { throw ChangedRegions.Doubt() }
                for row in 0..<batch.rowCount { try body(&self, batch, row) }
            }
        } catch let error as StoreError where error.kind == .malformed {
            // Regions that are no table by themselves: all of the versions must be read.
            throw ChangedRegions.Doubt()
        }
    }

    private func append(_ batch: RowBatch, _ row: Int, to rows: inout [UInt8]) throws {
        // Copied: the batch does not outlive the call.
        unsafe rows.append(contentsOf: batch.rawRow(row))
        rows.append(0x0a)
        guard rows.count <= budget else { throw ChangedRegions.Doubt() }
    }
}

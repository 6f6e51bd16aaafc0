import Bytes
import Objects
import Tables
import Vocabulary

/// Takes equal rows out of the regions in which two versions differ, whatever their order, and leaves
/// the others as two small tables. Memory: some 50 bytes a row of the old regions, and the rows left.
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

    private let regions: ChangedRegions
    private let budget: Int
    private var table: RowTable
    private var hasher: RowHasher
    private static let sampledRows = 16_384

    init(_ regions: ChangedRegions, oldRows: Int, _ options: TableDiffOptions) throws {
        self.regions = regions
        budget = options.memoryBudget
        let bytes = max(1, regions.old.table.chunks.reduce(0) { $0 + $1.length })
        // Rows of the regions may be shorter than most.
        let expected = Double(oldRows) * Double(regions.old.sizeBytes) / Double(bytes)
        let limit = min(oldRows, Int(expected * 1.25) + 4096)
        guard limit * RowTable.bytesPerRow <= budget else { throw ChangedRegions.Doubt() }
        table = RowTable(rowLimit: limit)
        hasher = RowHasher(
            columns: Array(regions.header.columnNames.indices), key: [], isRawComparable: true)
    }

    /// Reads the old regions twice and the new ones once.
    mutating func run() throws -> Rest {
        let heading = regions.header.rawRow + [0x0a]
        var rest = Rest(old: heading, new: heading)
        try count()
        try forEachRow(regions.new) { sieve, batch, row in
            let hash = sieve.hasher.rowHash(batch, row)
            if let found = sieve.table.place(of: hash), !found.isFree {
                let mark = sieve.table.mark(at: found.place)
                if mark > 0 { return sieve.table.setMark(mark - 1, at: found.place) }
            }
            rest.newCount += 1
            try sieve.append(batch, row, to: &rest.new)
        }
        var sampled = 0
        try forEachRow(regions.old) { sieve, batch, row in
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
        try forEachRow(regions.old) { sieve, batch, row in
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
        _ side: ChangedRegions.Side,
        _ body: (inout RowSieve, RowBatch, Int) throws -> Void
    ) throws {
        do {
            try regions.source(side).forEachBatch { batch in
                guard batch.header.columnNames == regions.header.columnNames,
                    batch.header.delimiter == regions.header.delimiter
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

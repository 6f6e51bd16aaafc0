import Bytes
import Tables
import Vocabulary

/// Merges three versions of a table by a key: what one side added, removed or changed is taken; a row
/// that both sides changed differently is a conflict. Rows keep the order of our side, and new ones of
/// the other side come last.
///
/// Memory: some 70 bytes a row of the base and the rows that the other side changed, both bounded:
/// larger ones are a conflict.
struct TableMerge {
    let base: TableSource
    let ours: TableSource
    let theirs: TableSource

    static let rowLimit = 4 << 20
    private static let changeLimit = 256 << 20
    private static let shownRows = 5

    /// What came of it.
    enum Outcome: Equatable {
        case merged
        /// Why not.
        case conflict(String)
    }

    private struct DuplicateKey: Error {}
    private struct TooLarge: Error {}

    /// Whether rows can be copied from these files into another of their kind, byte for byte.
    func canBeWritten() throws -> Bool {
        try [base, ours, theirs].allSatisfy {
            try $0.format is CSVFormat && !$0.isPacked()
        }
    }

    /// Merges into what `makeOutput` makes, of which only that of the last call counts.
    func run(_ makeOutput: () throws -> MergedFile) throws -> (Outcome, MergedFile?) {
        let headers = try [base, ours, theirs].map { try $0.header() }
        guard
            headers.allSatisfy({
                $0.columnNames == headers[0].columnNames && $0.delimiter == headers[0].delimiter
            })
        else { return (.conflict("its columns are not the same in all versions"), nil) }
        let (before, after) = (try ours.summary(), try theirs.summary())
        guard max(before.rowCount, after.rowCount) <= TableMerge.rowLimit else { return tooLarge }
        let pair = TablePair((ours, before), (theirs, after), haveSameDelimiter: true)
        guard before.rowCount + after.rowCount > 0 else {
            return (.conflict("no columns name its rows"), nil)
        }
        for key in try KeyInference(pair).candidates() {
            do {
                let output = try makeOutput()
                var work = Work(merge: self, pair: try pair.keyed(by: key))
                return (try work.run(output), output)
            } catch is DuplicateKey {
                continue
            } catch is TooLarge { return tooLarge }
        }
        return (.conflict("no columns name its rows"), nil)
    }

    private var tooLarge: (Outcome, MergedFile?) {
        (.conflict("it is too large to be merged row by row"), nil)
    }

    /// A row of the other side.
    private struct Row {
        let key: Hash128
        let hash: Hash128
        let bytes: [UInt8]
        let name: String
    }

    /// What the other side did to a row of the base.
    private enum Fate { case removed, same, changed }

    private struct Work {
        let merge: TableMerge
        let pair: TablePair
        var hasher: RowHasher
        var known: [Hash128: (row: Hash128, fate: Fate)] = [:]
        var changed: [Hash128: Row] = [:]
        var added: [Row?] = []
        var addedPlaces: [Hash128: Int] = [:]
        var changeBytes = 0
        var conflicts: [String] = []
        var conflictCount = 0

        init(merge: TableMerge, pair: TablePair) {
            self.merge = merge
            self.pair = pair
            hasher = pair.oldHasher
        }

        mutating func run(_ output: MergedFile) throws -> Outcome {
            try readBase()
            try readTheirs()
            try writeMerged(output)
            guard conflictCount > 0 else { return .merged }
            let more = conflictCount - conflicts.count
            let rows = conflicts.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
            return .conflict("both sides changed the same rows: \(rows)")
        }

        private mutating func readBase() throws {
            try merge.base.forEachBatch { batch in
                for row in 0..<batch.rowCount {
                    let entry = (hasher.rowHash(batch, row), Fate.removed)
                    guard known.updateValue(entry, forKey: hasher.keyHash(batch, row)) == nil else {
                        throw DuplicateKey()
                    }
                }
                guard known.count <= TableMerge.rowLimit else { throw TooLarge() }
            }
        }

        private mutating func readTheirs() throws {
            try pair.forEachBatch(.new) { batch in
                for row in 0..<batch.rowCount {
                    let key = hasher.keyHash(batch, row)
                    let hash = hasher.rowHash(batch, row)
                    guard let before = known[key] else {
                        guard addedPlaces.updateValue(added.count, forKey: key) == nil else {
                            throw DuplicateKey()
                        }
                        added.append(try keep(batch, row, key, hash))
                        continue
                    }
                    guard before.fate == .removed else { throw DuplicateKey() }
                    let isSame = before.row == hash
                    known[key] = (before.row, isSame ? .same : .changed)
                    if !isSame { changed[key] = try keep(batch, row, key, hash) }
                }
            }
        }

        private mutating func keep(
            _ batch: RowBatch, _ row: Int, _ key: Hash128, _ hash: Hash128
        ) throws -> Row {
            // Copied: the batch does not outlive the call.
            let bytes = unsafe Array(batch.rawRow(row))
            changeBytes += bytes.count + 128
            guard changeBytes <= TableMerge.changeLimit else { throw TooLarge() }
            return Row(key: key, hash: hash, bytes: bytes, name: name(batch, row))
        }

        private mutating func writeMerged(_ output: MergedFile) throws {
            let lineEnd = try merge.lineEnd()
            try output.append(try merge.heading() + lineEnd)
            var seen: Set<Hash128> = []
            try pair.forEachBatch(.old) { batch in
                for row in 0..<batch.rowCount {
                    let key = hasher.keyHash(batch, row)
                    guard seen.insert(key).inserted else { throw DuplicateKey() }
                    let hash = hasher.rowHash(batch, row)
                    if let theirs = merged(batch, row, key, hash) {
                        guard let bytes = theirs else { continue }
                        try output.append(bytes)
                    } else {
                        // Unsafe: a view of the batch, copied in the call.
                        try unsafe output.append(batch.rawRow(row))
                    }
                    try output.append(lineEnd)
                }
            }
            // In an order, so that a conflict always says the same.
            for row in changed.values.sorted(by: { $0.key < $1.key }) where !seen.contains(row.key)
            {
                note("\(row.name) (changed there, removed here)")
            }
            for case let row? in added { try output.append(row.bytes + lineEnd) }
        }

        /// What stands in the place of our row: nil for the row itself, `.some(nil)` for nothing.
        private mutating func merged(
            _ batch: RowBatch, _ row: Int, _ key: Hash128, _ hash: Hash128
        ) -> [UInt8]?? {
            guard let before = known[key] else {
                if let place = addedPlaces[key], let theirs = added[place] {
                    added[place] = nil
                    if theirs.hash != hash { note("\(theirs.name) (added on both sides)") }
                }
                return nil
            }
            switch (before.row == hash, before.fate) {
            case (_, .same): return nil
            case (true, .removed): return .some(nil)
            case (true, .changed): return changed[key].map(\.bytes)
            case (false, .removed):
                note("\(name(batch, row)) (changed here, removed there)")
                return nil
            case (false, .changed):
                if changed[key]?.hash != hash {
                    note("\(name(batch, row)) (changed on both sides)")
                }
                return nil
            }
        }

        private mutating func note(_ conflict: String) {
            conflictCount += 1
            if conflicts.count < TableMerge.shownRows { conflicts.append(conflict) }
        }

        private func name(_ batch: RowBatch, _ row: Int) -> String {
            pair.keyIndexes.map { index in
                let value = batch.value(row: row, column: hasher.columns[index])
                return
                    "\(shown(pair.common[index]))=\(shown(String(decoding: value, as: UTF8.self)))"
            }.joined(separator: " ")
        }
    }

    private struct Stop: Error {}

    /// How lines end in our version.
    private func lineEnd() throws -> [UInt8] {
        let bytes = try firstBytes()
        guard let place = bytes.firstIndex(of: 0x0a), place > 0, bytes[place - 1] == 0x0d else {
            return [0x0a]
        }
        return [0x0d, 0x0a]
    }

    /// The header as it stands in our version, with the byte order mark that it may have.
    private func heading() throws -> [UInt8] {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        return (try firstBytes().starts(with: mark) ? mark : []) + (try ours.header().rawRow)
    }

    private func firstBytes() throws -> [UInt8] {
        var first: [UInt8] = []
        do {
            // The piece lives for the call, and is copied in it.
            unsafe try ours.forEachBuffer { piece in
                unsafe first.append(contentsOf: piece.prefix((1 << 20) - first.count))
                if first.count >= 1 << 20 { throw Stop() }
            }
        } catch is Stop {}
        return first
    }
}

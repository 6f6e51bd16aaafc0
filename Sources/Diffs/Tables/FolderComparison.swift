import Tables
import Vocabulary

/// Two versions of a folder whose files make one table. Files that both versions have, wherever they
/// stand, hold the same rows and are not read, but one of them for its columns and a sample of rows.
struct FolderComparison {
    private let old: FolderTable
    private let new: FolderTable
    /// What only one version has.
    let onlyOld: [FolderPart]
    let onlyNew: [FolderPart]
    /// What both have, as it stands in the new one.
    private let shared: [FolderPart]

    /// The largest file that both have which is looked at for a key, in bytes.
    private static let sampledBytes = 16 << 20

    /// Equal rows in another folder with a key have other values.
    private struct Key: Hashable {
        let blob: BlobID
        let values: [String?]

        init(_ part: FolderPart, of table: FolderTable) {
            blob = part.blob
            values = table.values(of: part)
        }
    }

    init(_ old: FolderTable, _ new: FolderTable) {
        (self.old, self.new) = (old, new)
        var rest: [Key: [FolderPart]] = [:]
        for part in old.parts.reversed() { rest[Key(part, of: old), default: []].append(part) }
        var shared: [FolderPart] = []
        onlyNew = new.parts.filter { part in
            guard rest[Key(part, of: new)]?.popLast() != nil else { return true }
            shared.append(part)
            return false
        }
        self.shared = shared
        let left = Set(rest.values.flatMap { $0 }.map(\.path))
        onlyOld = old.parts.filter { left.contains($0.path) }
    }

    /// Whether nothing differs but perhaps files that are not part of the table.
    var isEmpty: Bool {
        onlyOld.isEmpty && onlyNew.isEmpty && old.statedColumns == new.statedColumns
    }

    /// The one file that differs, where it stands in both versions at the same place and in no folder that
    /// adds columns.
    var changedInPlace: (old: FolderPart, new: FolderPart)? {
        guard onlyOld.count == 1, onlyNew.count == 1, onlyOld[0].path == onlyNew[0].path,
            old.arePartsTables, new.arePartsTables,
            FolderFormat.values(of: onlyOld[0].path).isEmpty
        else { return nil }
        return (onlyOld[0], onlyNew[0])
    }

    /// Compares the rows of the files that only one version has; the numbers of rows are theirs. A key that
    /// was found is unique among these rows and in one file that both versions have. `adjust` may change the
    /// options once the columns are known.
    func diff(
        _ options: TableDiffOptions,
        _ adjust: (inout TableDiffOptions, [TableSource]) throws -> Void
    ) throws -> TableDiff {
        let lenders = try lenders()
        let sources = try [
            old.source(onlyOld, columnsOf: lenders), new.source(onlyNew, columnsOf: lenders),
        ]
        var options = options
        try adjust(&options, sources)
        let found = try sources.map { try $0.summary() }
        var summaries = found
        if !lenders.isEmpty {
            summaries = [found[0].filled(from: found[1]), found[1].filled(from: found[0])]
        }
        let pair = TablePair(
            (sources[0], summaries[0]), (sources[1], summaries[1]), haveSameDelimiter: true)
        return try diffRows(pair, keys(for: pair, lenders, options), options)
    }

    private func keys(
        for pair: TablePair, _ lenders: [FolderPart], _ options: TableDiffOptions
    ) throws -> [[Int]] {
        if let asked = options.key { return [try pair.key(asked)] }
        guard pair.old.rowCount + pair.new.rowCount > 0 else { return [] }
        guard let sample = shared.first(where: { $0.sizeBytes <= FolderComparison.sampledBytes })
        else { return try KeyInference(pair).candidates() }
        // Other columns than those of the files that differ would not be known.
        let source = try new.source(onlyNew + [sample], columnsOf: lenders)
        guard try source.header().columnNames == pair.new.columns.map(\.name) else {
            return try KeyInference(pair).candidates()
        }
        let sampled = TablePair(
            (pair.oldSource, pair.old), (source, pair.new), haveSameDelimiter: true)
        return try KeyInference(sampled).candidates()
    }

    /// Files that both versions have and whose columns matter: a column that only some files have came or
    /// went only where no file that stayed has it.
    private func lenders() throws -> [FolderPart] {
        func names(_ table: FolderTable, _ parts: [FolderPart]) throws -> Set<String> {
            parts.isEmpty ? [] : Set(try table.source(parts).header().columnNames)
        }
        let (before, after) = (try names(old, onlyOld), try names(new, onlyNew))
        var open = before.symmetricDifference(after)
        var lenders: [FolderPart] = []
        for part in shared where !open.isEmpty || lenders.isEmpty && hasEmptySide {
            let found = try names(new, [part])
            if lenders.isEmpty && hasEmptySide || !open.isDisjoint(with: found) {
                lenders.append(part)
            }
            open.subtract(found)
        }
        return lenders
    }

    private var hasEmptySide: Bool { onlyOld.isEmpty || onlyNew.isEmpty }
}

extension TableSummary {
    /// The summary with another one's columns where no row of this tells what a column is.
    fileprivate func filled(from other: TableSummary) -> TableSummary {
        TableSummary(
            rowCount: rowCount,
            columns: columns.map { column in
                let isUnknown = column.type == .string && (rowCount == 0 || column.isNullable)
                return isUnknown
                    ? other.columns.first { $0.name == column.name } ?? column : column
            })
    }
}

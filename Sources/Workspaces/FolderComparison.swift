import Objects
import Platform
import Vocabulary

/// Something in a folder that is not as its stat table remembers it.
struct FolderItem: Sendable {
    /// Relative to the folder.
    let path: RepoPath
    let status: FileStatus
}

/// What a part of a folder is beside the entries of its stat table.
struct FolderComparison: Sendable {
    /// Entries and things, in key order.
    enum Step: Sendable {
        /// These entries are believed.
        case kept(Range<Int>)
        /// Nothing stands there any more.
        case removed(Range<Int>)
        /// Nothing, or nothing believed, is known of it; its entry, if it has one.
        case unknown(FolderItem, entry: Int?)
    }

    /// The entries that the part is about: those before were passed over.
    var entries: Range<Int>
    var steps: [Step] = []
    /// Files and links that are kept, and their bytes.
    var keptFiles = 0
    var keptBytes = 0
    /// Whether all kept entries are marked as stored.
    var isAllStored = true

    fileprivate init(from entry: Int) { entries = entry..<entry }

    fileprivate mutating func keep(_ entry: Int) {
        if case .kept(let range)? = steps.last, range.upperBound == entry {
            steps[steps.count - 1] = .kept(range.lowerBound..<(entry + 1))
        } else {
            steps.append(.kept(entry..<(entry + 1)))
        }
    }

    fileprivate mutating func remove(_ range: Range<Int>) {
        if !range.isEmpty { steps.append(.removed(range)) }
    }
}

/// Compares the parts of a folder with its stat table; any number at once.
struct FolderComparer: Sendable {
    /// The folder's table, if it has one.
    let table: StatTable?
    /// The store that must hold the blob of an entry that is kept; nil: none must. A session need
    /// not be told that it relies on it: it relies on the nodes that name it.
    let store: ObjectStore?
    /// Whether it still holds what the table marks as stored.
    let isMarkGood: Bool

    func compare(_ part: FolderWalk.Part) throws -> FolderComparison {
        guard let table else { return try allUnknown(part) }
        return try table.withBytes { span in
            switch part {
            case .run(let run): try compare(run, table, span)
            case .emptyFolder(let path, let status): try compare(path, status, table, span)
            }
        }
    }

    private func allUnknown(_ part: FolderWalk.Part) throws -> FolderComparison {
        var result = FolderComparison(from: 0)
        switch part {
        case .run(let run):
            result.steps.reserveCapacity(run.range.count)
            for (index, status) in zip(run.range, run.statuses) {
                result.steps.append(.unknown(try item(run, index, status), entry: nil))
            }
        case .emptyFolder(let path, let status):
            let item = FolderItem(path: try RepoPath(validating: path), status: status)
            result.steps = [.unknown(item, entry: nil)]
        }
        return result
    }

    private func item(
        _ run: FolderWalk.Run, _ index: Int, _ status: FileStatus
    ) throws -> FolderItem {
        FolderItem(
            path: try RepoPath(validating: run.prefix + run.names.bytes[run.names.range(index)]),
            status: status)
    }

    private func compare(
        _ path: [UInt8], _ status: FileStatus, _ table: StatTable, _ span: Span<UInt8>
    ) throws -> FolderComparison {
        let entry = table.firstEntry(span, notBefore: path)
        var result = FolderComparison(from: entry)
        if entry < table.count, table.compare(span, entry, to: path) == 0 {
            result.entries = entry..<(entry + 1)
            if StatTable.entry(span, entry).kind == .directory {
                result.keep(entry)
                return result
            }
        }
        let item = FolderItem(path: try RepoPath(validating: path), status: status)
        result.steps = [.unknown(item, entry: result.entries.first)]
        return result
    }

    private func compare(
        _ run: FolderWalk.Run, _ table: StatTable, _ span: Span<UInt8>
    ) throws -> FolderComparison {
        let first = run.prefix + run.names.bytes[run.names.range(run.range.lowerBound)]
        var next = table.firstEntry(span, notBefore: first)
        var result = FolderComparison(from: next)
        for (index, status) in zip(run.range, run.statuses) {
            let name = run.names.range(index)
            var isNamed =
                next < table.count
                && table.isPath(span, next, run.prefix, run.names.bytes, name)
            if !isNamed, next < table.count {
                let path = run.prefix + run.names.bytes[name]
                let from = next
                var order = table.compare(span, next, to: path)
                while order < 0 {
                    next += 1
                    order = next < table.count ? table.compare(span, next, to: path) : 1
                }
                result.remove(from..<next)
                isNamed = order == 0
            }
            if isNamed, table.believes(span, next, status),
                isKept(next, table, span, &result.isAllStored)
            {
                result.keep(next)
                result.keptFiles += 1
                result.keptBytes += status.size
            } else {
                result.steps.append(
                    .unknown(try item(run, index, status), entry: isNamed ? next : nil))
            }
            if isNamed { next += 1 }
        }
        result.entries = result.entries.lowerBound..<next
        return result
    }

    private func isKept(
        _ entry: Int, _ table: StatTable, _ span: Span<UInt8>, _ isAllStored: inout Bool
    ) -> Bool {
        if isMarkGood, table.isStored(span, entry) { return true }
        isAllStored = false
        return store?.contains(BlobID(table.digest(span, entry))) ?? true
    }
}

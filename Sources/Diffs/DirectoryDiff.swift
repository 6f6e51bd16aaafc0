package import Bytes
package import Objects
import Tables
package import Vocabulary

/// What differs between two listings of a directory.
package struct DirectoryDiff: Sendable {
    /// A file that differs.
    package struct Change: Sendable {
        /// What happened to it.
        package enum Sort: String, Sendable {
            /// Only the new listing has it.
            case added
            /// Only the old listing has it.
            case removed
            /// Both have it, with other content or kind.
            case changed
            /// The same content under another name.
            case renamed
        }

        /// What happened.
        package let sort: Sort
        /// Where it is now; where it was, if it was removed.
        package let path: RepoPath
        /// Where it was before it was renamed.
        package let oldPath: RepoPath?
        /// Its length before, in bytes.
        package let oldSize: Int?
        /// Its length now, in bytes.
        package let newSize: Int?

        init(
            _ sort: Sort, _ path: RepoPath, _ oldSize: Int?, _ newSize: Int?,
            oldPath: RepoPath? = nil
        ) {
            self.sort = sort
            self.path = path
            self.oldPath = oldPath
            self.oldSize = oldSize
            self.newSize = newSize
        }
    }

    /// The changes, by path.
    package let changes: [Change]
    /// What differs in the rows of the files that only one listing has, where the folder is a table in both.
    package internal(set) var table: TableDiff?
    /// Why there is no `table` though the files are some.
    package internal(set) var tableNote: String?

    /// Whether a file that differs is a table by its name.
    var hasTableParts: Bool { changes.contains(where: \.isTablePart) }

    /// Whether all that differ are.
    var hasOnlyTableParts: Bool { changes.allSatisfy(\.isTablePart) }

    /// How many files changed in that way.
    package func count(_ sort: Change.Sort) -> Int { changes.count { $0.sort == sort } }

    /// Compares two listings; nil is an empty one. Nodes that both share are not read.
    package init(old: Tree?, new: Tree?) throws {
        var pairs: [(before: TreeEntry?, after: TreeEntry?)] = []
        try diffTrees(old: old, new: new) { pairs.append(($0.before, $0.after)) }
        self.init(pairs)
    }

    /// These changes, by path.
    init(_ changes: [Change]) { self.changes = changes }

    private init(_ pairs: [(before: TreeEntry?, after: TreeEntry?)]) {
        var changes: [Change] = []
        let removed = pairs.filter { $0.after == nil }.compactMap(\.before)
        var sources = Dictionary(grouping: removed.reversed()) { $0.id }
        for (before, after) in pairs {
            guard let after else { continue }
            if let before {
                changes.append(Change(.changed, after.path, before.size, after.size))
            } else if let source = sources[after.id]?.popLast(), source.kind == after.kind {
                changes.append(
                    Change(.renamed, after.path, source.size, after.size, oldPath: source.path))
            } else {
                changes.append(Change(.added, after.path, nil, after.size))
            }
        }
        let renamed = Set(changes.compactMap(\.oldPath))
        changes += removed.filter { !renamed.contains($0.path) }.map {
            Change(.removed, $0.path, $0.size, nil)
        }
        self.changes = changes.sorted { $0.path < $1.path }
    }

    /// The lines of a terminal, at most `limit` files, without what differs in their rows.
    package func fileLines(limit: Int = 20) -> [String] {
        let sorts: [Change.Sort] = [.added, .removed, .changed, .renamed]
        let counts = sorts.map { "\(groupedDigits(count($0))) \($0.rawValue)" }
        var lines = ["files    " + counts.joined(separator: ", ")]
        lines += changes.prefix(limit).map { change in
            let word = change.sort.rawValue
            let name = change.oldPath.map { "\($0) -> \(change.path)" } ?? "\(change.path)"
            return word + String(repeating: " ", count: 9 - word.count) + name
        }
        if changes.count > limit {
            lines.append("         and \(groupedDigits(changes.count - limit)) more")
        }
        return lines
    }

    /// All lines of a terminal; with `hidingValues` no cell is shown.
    package func textLines(hidingValues: Bool = false) -> [String] {
        fileLines() + tableTitle.map { "table    " + $0 }
            + (table?.textLines(hidingValues: hidingValues) ?? [])
    }

    /// What is said before the rows, or in place of them.
    var tableTitle: [String] {
        if let tableNote { return ["not compared: \(tableNote)"] }
        return table == nil ? [] : ["the files that differ, read as one"]
    }

    /// The document of `mlstore diff --json` for one directory: see docs/reference/json.md.
    package func json(hidingValues: Bool = false) -> JSONValue {
        var members: [String: JSONValue] = [
            "files": .array(
                changes.map { change in
                    [
                        "path": .string(change.path.description),
                        "change": .string(change.sort.rawValue),
                        "oldPath": change.oldPath.map { .string($0.description) } ?? nil,
                        "oldSize": change.oldSize.map { JSONValue($0) } ?? nil,
                        "newSize": change.newSize.map { JSONValue($0) } ?? nil,
                    ]
                })
        ]
        members["table"] = table.map { $0.json(hidingValues: hidingValues) }
        members["tableNote"] = tableNote.map { .string($0) }
        return .object(members)
    }
}

extension DirectoryDiff.Change {
    /// Whether it may be a part of the folder's table.
    fileprivate var isTablePart: Bool {
        FolderFormat.isPart(path.components.map { String(decoding: $0, as: UTF8.self) })
    }
}

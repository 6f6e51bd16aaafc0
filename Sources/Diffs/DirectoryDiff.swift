package import Bytes
package import Objects
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
    }

    /// The changes, by path.
    package let changes: [Change]

    /// How many files changed in that way.
    package func count(_ sort: Change.Sort) -> Int { changes.count { $0.sort == sort } }

    /// Compares two listings; nil is an empty one. Nodes that both share are not read.
    package init(old: Tree?, new: Tree?) throws {
        var added: [TreeEntry] = []
        var removed: [TreeEntry] = []
        var changes: [Change] = []
        try diffTrees(old: old, new: new) { change in
            switch (change.before, change.after) {
            case (nil, let entry?): added.append(entry)
            case (let entry?, nil): removed.append(entry)
            case (let before?, let after?):
                changes.append(
                    Change(
                        sort: .changed, path: after.path, oldPath: nil, oldSize: before.size,
                        newSize: after.size))
            case (nil, nil): break
            }
        }
        var sources = Dictionary(grouping: removed.reversed()) { $0.id }
        for entry in added {
            if let source = sources[entry.id]?.popLast(), source.kind == entry.kind {
                changes.append(
                    Change(
                        sort: .renamed, path: entry.path, oldPath: source.path,
                        oldSize: source.size, newSize: entry.size))
            } else {
                changes.append(
                    Change(
                        sort: .added, path: entry.path, oldPath: nil, oldSize: nil,
                        newSize: entry.size))
            }
        }
        let renamed = Set(changes.compactMap(\.oldPath))
        changes += removed.filter { !renamed.contains($0.path) }.map {
            Change(sort: .removed, path: $0.path, oldPath: nil, oldSize: $0.size, newSize: nil)
        }
        self.changes = changes.sorted { $0.path < $1.path }
    }

    /// The lines of a terminal, at most `limit` files.
    package func textLines(limit: Int = 20) -> [String] {
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

    /// The document of `mlstore diff --json` for one directory: see docs/reference/json.md.
    package var json: JSONValue {
        .object([
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
        ])
    }
}

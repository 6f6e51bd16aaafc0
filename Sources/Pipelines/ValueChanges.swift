package import Bytes
package import Vocabulary

/// One value that differs between two documents.
package struct ValueChange: Sendable, Hashable {
    /// The dotted key of the leaf.
    package let key: String
    /// The value before; nil where there was none.
    package let old: JSONValue?
    /// The value after; nil where there is none.
    package let new: JSONValue?

    /// A change.
    package init(key: String, old: JSONValue?, new: JSONValue?) {
        self.key = key
        self.old = old
        self.new = new
    }

    /// How much a number grew, where both values are numbers.
    package var difference: Double? {
        guard let old = old?.numberValue, let new = new?.numberValue else { return nil }
        return new - old
    }
}

/// What differs between the parameters of two versions.
package struct ParamsDiff: Sendable, Hashable {
    /// The leaves that differ, by key.
    package let changes: [ValueChange]

    /// The difference from `old` to `new`.
    package init(old: Parameters, new: Parameters) {
        changes = leafChanges(from: old.leaves(), to: new.leaves())
    }
}

/// What differs between the metrics of two versions.
package struct MetricsDiff: Sendable, Hashable {
    /// The metric files in which something differs, in path order, with the leaves by key.
    package private(set) var files: [(path: RepoPath, changes: [ValueChange])]
    /// The leaves that are equal, for reports that show everything.
    package let unchangedCount: Int

    /// The difference from `old` to `new`, each a document by the path of its metric file.
    package init(old: [RepoPath: JSONValue], new: [RepoPath: JSONValue]) {
        var files: [(path: RepoPath, changes: [ValueChange])] = []
        var unchanged = 0
        for path in Set(old.keys).union(new.keys).sorted() {
            let before = old[path].map { Parameters($0).leaves() } ?? [:]
            let after = new[path].map { Parameters($0).leaves() } ?? [:]
            let changes = leafChanges(from: before, to: after)
            unchanged += Set(before.keys).union(after.keys).count - changes.count
            if !changes.isEmpty { files.append((path, changes)) }
        }
        self.files = files
        unchangedCount = unchanged
    }

    /// Only the files at or below `paths`; nil for all.
    package func selected(_ paths: [RepoPath]?) -> MetricsDiff {
        guard let paths else { return self }
        var result = self
        result.files = files.filter { file in paths.contains { file.path.isInside($0) } }
        return result
    }

    package static func == (left: MetricsDiff, right: MetricsDiff) -> Bool {
        left.unchangedCount == right.unchangedCount
            && left.files.elementsEqual(right.files) {
                $0.path == $1.path && $0.changes == $1.changes
            }
    }

    package func hash(into hasher: inout Hasher) {
        for file in files {
            hasher.combine(file.path)
            hasher.combine(file.changes)
        }
        hasher.combine(unchangedCount)
    }
}

/// The leaves that differ, sorted by key.
func leafChanges(
    from old: [String: JSONValue], to new: [String: JSONValue]
) -> [ValueChange] {
    Set(old.keys).union(new.keys).sorted().compactMap { key in
        old[key] == new[key] ? nil : ValueChange(key: key, old: old[key], new: new[key])
    }
}

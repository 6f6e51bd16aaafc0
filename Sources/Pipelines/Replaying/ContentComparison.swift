import Bytes
import Objects
import Platform
import Tables
import Vocabulary
import Workspaces

/// Finds where a replayed output first differs from the one in the store.
struct ContentComparison {
    let place: Workplace
    /// The replayed output.
    let scratch: DiskPath

    /// Ends a comparison early: the store's stream has no other way to stop.
    private struct Found: Error {}

    func firstDifference(
        from output: LockFile.Output, at path: RepoPath
    ) throws -> FirstDifference {
        switch output.content {
        case .file(let blob):
            var difference = try firstDifference(blob, scratch, name: path)
            // What does not parse has its bytes alone.
            difference.changes = Array(((try? changes(blob, path)) ?? []).prefix(100))
            return difference
        case .directory(let tree): return try firstDifference(in: tree)
        }
    }

    /// How far the numbers of an output that differs are from the recorded ones.
    func numbers(
        _ output: LockFile.Output, at path: RepoPath, _ tolerance: Tolerance?
    ) throws -> NumericComparison {
        var comparison = NumericComparison(tolerance: tolerance)
        guard output.sizeBytes <= NumericComparison.maximumBytes,
            try PathContents.holds(output.content, place.store)
        else {
            comparison.refuse()
            return comparison
        }
        let recorded = try place.makeScratch("verify")
        defer { try? place.disk.removeTree(recorded) }  // litter at worst
        let former = recorded / "content"
        try place.contents.write(
            output.content, isExecutable: false, to: former, from: place.store)
        guard case .directory(let tree) = output.content else {
            try comparison.compare(former, scratch, named: path, on: place.disk)
            return comparison
        }
        let entries = try place.store.tree(tree).flatEntries(in: place.store)
        let listing = try place.contents(as: path).listing(of: scratch)
        guard entries.map(\.path).sorted() == listing.items.map(\.path).sorted() else {
            comparison.refuse()
            return comparison
        }
        for entry in entries.sorted(by: { $0.path < $1.path }) where entry.kind != .directory {
            let twin = scratch / entry.path
            guard try place.contents.id(at: twin) != entry.blob.map({ .file($0) }) else { continue }
            try comparison.compare(
                former / entry.path, twin, named: entry.path, file: entry.path, on: place.disk)
        }
        return comparison
    }

    private func firstDifference(in tree: TreeID) throws -> FirstDifference {
        var difference = FirstDifference()
        do {
            try place.store.tree(tree).forEachEntry { entry in
                let twin = scratch / entry.path
                guard let status = try place.disk.status(of: twin, followingLinks: false) else {
                    difference.file = entry.path
                    throw Found()
                }
                guard status.kind == .file, let blob = entry.blob, entry.kind != .symlink else {
                    return
                }
                if try place.contents.id(at: twin) != .file(blob) {
                    difference = try firstDifference(blob, twin, name: entry.path)
                    difference.file = entry.path
                    throw Found()
                }
            }
        } catch is Found { return difference }
        return difference
    }

    private func firstDifference(
        _ blob: BlobID, _ twin: DiskPath, name: RepoPath
    ) throws -> FirstDifference {
        let file = try place.disk.openFile(twin, .read)
        defer { try? file.close() }  // only read
        var offset = 0
        var line = 1
        var isFound = false
        do {
            // The store hands out a buffer that lives as long as the call of the closure.
            try unsafe place.store.streamBlob(blob) { piece in
                let other = try file.read(at: offset, count: piece.count)
                for index in 0..<piece.count {
                    guard index < other.count, unsafe piece[index] == other[index] else {
                        offset += index
                        isFound = true
                        throw Found()
                    }
                    if other[index] == 0x0a { line += 1 }
                }
                offset += piece.count
            }
        } catch is Found {} catch { if !isFound { throw error } }
        let element = DivergentElement(disk: place.disk, place: twin, offset: offset)
        return FirstDifference(
            byteOffset: offset, line: ContentComparison.hasLines(name) ? line : nil,
            element: try element.words(for: name) ?? cell(blob, twin, name: name))
    }

    /// In which cell a table of which a byte says nothing first differs; nil for what is none, and for large
    /// ones.
    private func cell(_ blob: BlobID, _ twin: DiskPath, name: RepoPath) throws -> String? {
        guard let format = TableFormats.format(forName: name.lastComponent) as? ArrowFormat,
            try place.disk.status(of: twin, followingLinks: true)?.size ?? .max
                <= NumericComparison.maximumBytes
        else { return nil }
        let recorded = try place.makeScratch("verify")
        defer { try? place.disk.removeTree(recorded) }  // litter at worst
        let former = recorded / "content"
        try place.contents.write(.file(blob), isExecutable: false, to: former, from: place.store)
        guard
            try place.disk.status(of: former, followingLinks: true)?.size ?? .max
                <= NumericComparison.maximumBytes
        else { return nil }
        func cells(_ path: DiskPath) throws -> TableCells {
            try TableCells(
                TableSource(file: path, name: name.description, format: format, on: place.disk))
        }
        do {
            return try cells(former).firstDifference(in: cells(twin))
        } catch let error as TableError {
            return "not compared as tables: \(error)"
        } catch let error as StoreError where error.kind == .notFound {
            return "not compared as tables: \(error.message)"
        }
    }

    private static func hasLines(_ name: RepoPath) -> Bool {
        let text = String(decoding: name.lastComponent, as: UTF8.self).lowercased()
        return [".csv", ".tsv", ".txt", ".json", ".jsonl", ".yaml", ".yml", ".md"].contains {
            text.hasSuffix($0)
        }
    }

    private func changes(_ blob: BlobID, _ path: RepoPath) throws -> [ValueChange] {
        let limit = MetricFile.maximumBytes
        guard try place.disk.status(of: scratch, followingLinks: true)?.size ?? 0 <= limit else {
            return []
        }
        let old = try MetricFile.values(
            place.store.readBlob(blob, maximumBytes: limit), of: path)
        let new = try MetricFile.values(
            place.disk.readFile(scratch, maximumBytes: limit), of: path)
        guard let old, let new else { return [] }
        return MetricsDiff(old: [path: old], new: [path: new]).files.first?.changes ?? []
    }
}

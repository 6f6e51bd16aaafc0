import Bytes
import Objects
import TestSupport
import Testing
import Vocabulary

@Suite struct TreeEditTests {
    /// Paths that collide often, at several depths, with a conflict now and then left out.
    private func path(_ number: Int) throws -> RepoPath {
        try RepoPath("d\(number % 7)/e\(number % 13)/file-\(number)")
    }

    @Test(arguments: [0, 1, 2, 30, 300, 4_000])
    func `edits in any order give the tree that a fresh build gives`(size: Int) throws {
        var numbers = SmallRandom(seed: UInt64(size) + 1)
        let store = NodeStore()
        var model: [RepoPath: TreeEntry] = [:]
        for number in 0..<size {
            let entry = TreeEntry(
                path: try path(number), kind: .file, size: number, id: sha256([1]))
            model[entry.path] = entry
        }
        var tree = try store.build(model.values.sorted { $0.path < $1.path })
        for round in 0..<12 {
            var edits: [RepoPath: TreeEdit] = [:]
            for _ in 0..<(round % 4 == 3 ? size / 2 + 3 : 1 + round) {
                let path = try path(Int.random(in: 0..<(size * 2 + 5), using: &numbers))
                if Bool.random(using: &numbers) {
                    edits[path] = .remove(path)
                    model[path] = nil
                } else {
                    let entry = TreeEntry(
                        path: path, kind: .file, size: round, id: sha256([UInt8(round)]))
                    edits[path] = .put(entry)
                    model[path] = entry
                }
            }
            let before = tree
            tree = try store.apply(edits.values.sorted { $0.path < $1.path }, to: tree)
            let fresh = try store.build(model.values.sorted { $0.path < $1.path })
            try #require(tree.id == fresh.id, "size \(size), round \(round)")
            try expectDiff(before, tree)
        }
        let removals = model.keys.sorted().map { TreeEdit.remove($0) }
        #expect(try store.apply(removals, to: tree).id == store.build([]).id)
    }

    /// The tree diff against that of two dictionaries.
    private func expectDiff(_ old: Tree, _ new: Tree) throws {
        let before = Dictionary(uniqueKeysWithValues: try old.entries().map { ($0.path, $0) })
        let after = Dictionary(uniqueKeysWithValues: try new.entries().map { ($0.path, $0) })
        let paths = Set(before.keys).union(after.keys).sorted()
        let expected = paths.filter { before[$0] != after[$0] }
        var found: [RepoPath] = []
        try diffTrees(old: old, new: new) { change in
            #expect(change.before == before[change.path])
            #expect(change.after == after[change.path])
            found.append(change.path)
        }
        #expect(found == expected)
    }

    @Test func `one change in 100,000 entries reads and writes a handful of nodes`() throws {
        let store = NodeStore()
        let entries = try manyFiles(100_000)
        let old = try store.build(entries)
        let total = store.nodes.count
        for index in [0, 1, 50_000, 77_777, 99_999] {
            for edit in [
                TreeEdit.put(
                    TreeEntry(
                        path: entries[index].path, kind: .executable, size: 1, id: .zero)),
                .remove(entries[index].path),
                .put(try file(entries[index].path.description + "x")),
            ] {
                store.resetCounts()
                let new = try store.apply([edit], to: old)
                #expect(store.reads <= 8, "of \(total) nodes")
                #expect(store.writes.count <= 5)
                store.resetCounts()
                var changes = 0
                try diffTrees(old: old, new: new) { _ in changes += 1 }
                #expect(changes == 1)
                #expect(store.reads <= 12, "of \(total) nodes")
            }
        }
    }

    @Test func `a directory removed from the middle is found without reading the rest`() throws {
        let store = NodeStore()
        let entries = try manyFiles(40_000)
        let old = try store.build(entries)
        let directory = try RepoPath("images/1011")
        let gone = entries.filter { $0.path.isInside(directory) }
        let new = try store.apply(gone.map { .remove($0.path) }, to: old)
        store.resetCounts()
        var removed: [TreeEntry?] = []
        try diffTrees(old: old, new: new) { removed.append($0.after == nil ? $0.before : nil) }
        #expect(removed == gone)
        #expect(store.reads < 24)
    }

    @Test func `trees of very different heights, and no tree at all, can be compared`() throws {
        let store = NodeStore()
        let entries = try manyFiles(2_000)
        let large = try store.build(entries)
        let small = try store.build(entries[500..<510])
        try expectDiff(large, small)
        try expectDiff(small, large)
        var added = 0
        try diffTrees(old: nil, new: large) { _ in added += 1 }
        #expect(added == 2_000)
        try diffTrees(old: nil, new: nil) { _ in Issue.record("no difference expected") }
        try diffTrees(old: large, new: large) { _ in Issue.record("no difference expected") }
    }

    @Test func `edits that change nothing give the same tree and write nothing`() throws {
        let store = NodeStore()
        let entries = try manyFiles(3_000)
        let tree = try store.build(entries)
        store.resetCounts()
        #expect(try store.apply([], to: tree).id == tree.id)
        let same = try store.apply([.put(entries[1_500])], to: tree)
        #expect(same.id == tree.id)
        #expect(try store.apply([.remove(try RepoPath("images/none"))], to: tree).id == tree.id)
    }

    @Test func `an entry is never put below another, not even across nodes`() throws {
        let store = NodeStore()
        let entries = try manyFiles(3_000)
        let tree = try store.build(entries)
        for index in 0..<3_000 where index % 13 == 0 {
            let path = entries[index].path
            let below = try file(path.description + "/x")
            #expect(throws: StoreError.self) { try store.apply([.put(below)], to: tree) }
            let replaced = try store.apply([.remove(path), .put(below)], to: tree)
            #expect(try replaced.entry(at: below.path) == below)
            #expect(try replaced.entry(at: path) == nil)
        }
        #expect(throws: StoreError.self) {
            try store.apply([.put(try file("images"))], to: tree)
        }
        #expect(throws: StoreError.self) {
            try store.apply([.put(try file("images/1001"))], to: tree)
        }
    }

    @Test func `edits out of order are refused`() throws {
        let store = NodeStore()
        let tree = try store.build([])
        #expect(throws: StoreError.self) {
            try store.apply([.put(try file("b")), .put(try file("a"))], to: tree)
        }
        #expect(throws: StoreError.self) {
            try store.apply([.put(try file("b")), .remove(try RepoPath("b"))], to: tree)
        }
    }
}

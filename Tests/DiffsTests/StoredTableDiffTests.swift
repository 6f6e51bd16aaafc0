import Bytes
import Diffs
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Versions in the store are compared by the chunks that differ; the answer must be that of reading all.
@Suite struct StoredTableDiffTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 2)).workspace
    }

    /// Tracks a text and tells what the pointer says of it.
    private func track(_ text: String) throws -> TrackedVersion {
        try folder.write(text, to: "t.csv")
        let path = try RepoPath("t.csv")
        _ = try add([path], in: workspace)
        let pointer = try #require(try workspace.pointer(of: path))
        return TrackedVersion(
            content: pointer.content, sizeBytes: pointer.sizeBytes, shape: pointer.shape)
    }

    private func diff(
        _ old: TrackedVersion, _ new: TrackedVersion, key: [String]? = nil
    ) throws -> [String] {
        let path = try RepoPath("t.csv")
        var options = DatasetDiffOptions()
        options.table.key = key
        return try diffVersions(from: [path: old], to: [path: new], in: workspace, options: options)
            .flatMap { $0.textLines() }
    }

    private func rows(
        _ count: Int, _ change: (Int) -> String? = { _ in nil }
    ) -> String {
        var text = "id,name,v\n"
        for row in 0..<count {
            text += change(row) ?? "\(row),name \(row % 97),\(row * 7 % 1000)\n"
        }
        return text
    }

    @Test func `an edited region tells changed, added and removed rows`() throws {
        let old = try track(rows(60_000))
        let new = try track(
            rows(60_000) { row in
                switch row {
                case 30_000: "30000,other,1\n"
                case 30_001: ""
                case 30_002: "30002,\"quoted, too\",14\n\(99_999),new,1\n"
                default: nil
                }
            })
        let lines = try diff(old, new)
        #expect(lines[1].contains("60,000 -> 60,000   +1 added, 1 removed, 2 changed"), "\(lines)")
        #expect(lines[1].hasSuffix("(key, found: id)"), "\(lines)")
        #expect(lines.contains("  changed  name 2, v 1"), "\(lines)")
        #expect(lines.contains("  added    id=99999"))
        #expect(lines.contains("  removed  id=30001"))
    }

    @Test func `rows that moved to another place do not differ`() throws {
        let old = try track(rows(60_000))
        let moved =
            rows(60_000) { $0 < 200 ? "" : nil }
            + (0..<200).map { "\($0),name \($0 % 97),\($0 * 7 % 1000)\n" }.joined()
        let lines = try diff(old, try track(moved))
        #expect(lines[1].contains("+0 added, 0 removed"), "\(lines)")
    }

    @Test func `a column that is unique only where rows differ is no key`() throws {
        // In a few rows 'v' looks like a key; in the others it is none.
        func text(_ change: (Int) -> String?) -> String {
            var text = "v,a,b\n"
            for row in 0..<60_000 { text += change(row) ?? "\(row / 2),x\(row),\(row % 2)\n" }
            return text
        }
        let old = try track(text { _ in nil })
        let lines = try diff(old, try track(text { $0 == 30_000 ? "15000,x30000,7\n" : nil }))
        #expect(lines[1].contains("1 changed   (key, found: a)"), "\(lines)")
    }

    @Test
    func `line ends in quotes across the places of change, and columns that went, are read whole`()
        throws
    {
        let long = String(repeating: "1,2,3\n", count: 40_000)
        let old = try track("id,name,v\n1,\"\(long)\",2\n" + rows(20_000).dropFirst(10))
        let new = try track("id,name,v\n1,\"\(long)\",3\n" + rows(20_000).dropFirst(10))
        #expect(try diff(old, new)[1].contains("20,001 -> 20,001   +0 added, 0 removed, 1 changed"))
        let narrow = try track("id,v\n" + (0..<20_000).map { "\($0),1\n" }.joined())
        #expect(try diff(new, narrow)[1].contains("- name"))
    }

    @Test(arguments: ["t.csv", "t.csv.zst", "t.jsonl"])
    func `what is packed, or no delimited text, is compared whole and not merged`(
        _ name: String
    ) throws {
        let path = try RepoPath(name)
        func track(_ change: String) throws -> Pointer {
            let lines = (0..<3000).map { row in
                name == "t.jsonl"
                    ? "{\"id\":\(row),\"v\":\"\(row == 7 ? change : "x")\"}"
                    : "\(row),\(row == 7 ? change : "x")"
            }
            let text = (name == "t.jsonl" ? "" : "id,v\n") + lines.joined(separator: "\n")
            let bytes = name == "t.jsonl" ? Array(text.utf8) : Zstd.compress(Array(text.utf8))
            try folder.write(bytes, to: name)
            _ = try add([path], in: workspace)
            return try #require(try workspace.pointer(of: path))
        }
        func version(_ pointer: Pointer) -> TrackedVersion {
            TrackedVersion(
                content: pointer.content, sizeBytes: pointer.sizeBytes, shape: pointer.shape)
        }
        let (base, ours, theirs) = (try track("a"), try track("b"), try track("c"))
        #expect(base.shape?.rows == 3000)
        let lines = try diffVersions(
            from: [path: version(base)], to: [path: version(ours)], in: workspace
        ).flatMap { $0.textLines() }
        #expect(lines.contains { $0.contains("+0 added, 0 removed, 1 changed") }, "\(lines)")
        let outcome = try mergePointers(
            base: base, ours: ours, theirs: theirs, at: path, in: workspace)
        #expect(outcome == .conflict(["'\(name)': both sides changed it"]))
    }

    @Test func `random edits give the same answer as reading everything`() throws {
        var random = SmallRandom(seed: 11)
        let base = (0..<40_000).map { "\($0),name \($0 % 97),\($0 * 7 % 1000)" }
        let old = try track("id,name,v\n" + base.joined(separator: "\n") + "\n")
        for _ in 0..<6 {
            var lines = base
            for _ in 0..<random.integer(in: 1..<40) {
                let place = random.integer(in: 0..<lines.count)
                switch random.integer(in: 0..<4) {
                case 0: lines.remove(at: place)
                case 1: lines.insert("\(100_000 + place),new,1", at: place)
                case 2: lines.swapAt(place, random.integer(in: 0..<lines.count))
                default: lines[place] = lines[place].split(separator: ",")[0] + ",edited,1"
                }
            }
            let text = "id,name,v\n" + lines.joined(separator: "\n") + "\n"
            let new = try track(text)
            // Files on disk have no chunks: they are read whole.
            let path = try RepoPath("t.csv")
            let before = try diffVersions(from: [path: old], to: [path: new], in: workspace)
            try folder.write("id,name,v\n" + base.joined(separator: "\n") + "\n", to: "t.csv")
            _ = try add([path], in: workspace)
            try folder.write(text, to: "t.csv")
            let whole = try diffDatasets(from: .pointers, to: .files, in: workspace)
            #expect(before.flatMap { $0.textLines() } == whole.flatMap { $0.textLines() })
        }
    }
}

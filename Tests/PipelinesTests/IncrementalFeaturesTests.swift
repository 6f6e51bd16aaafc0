import Bytes
import Pipelines
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// `repro` of a table of features: what was kept changes the time and nothing else.
@Suite struct IncrementalFeaturesTests {
    private static let stages = """
        stages:
          make:
            features:
              data: table.csv
              do:
                - impute: {a: mean, c: mode}
                - scale: [a, b]
                - one_hot: [c]
            outs: [features.csv, fitted.json]
        """

    private let pipeline: PipelineFolder

    init() throws { pipeline = try PipelineFolder(IncrementalFeaturesTests.stages) }

    private var sums: DiskPath { pipeline.folder.path / ".mlstore/state/sums" }

    private func table(edited: Range<Int> = 0..<0) -> String {
        // Texts that differ enough for the chunker to find its ends.
        var random = SmallRandom(seed: 1)
        let notes = random.bytes(400_000).map { 0x61 + $0 % 26 }
        return "a,b,c,note\n"
            + (0..<9000).map { row in
                let start = row * 4001 % 399_000
                let note = String(decoding: notes[start..<(start + 900)], as: UTF8.self)
                let a = edited.contains(row) ? "" : "\(row * 37 % 101)"
                return "\(a),\(row * 53 % 17).5,\(["x", "y", ""][row % 3]),\(note)\n"
            }.joined()
    }

    private func kept() throws -> Set<String> {
        guard try LocalDisk().status(of: sums, followingLinks: false) != nil else { return [] }
        return Set(
            try LocalDisk().entries(of: sums).map { String(decoding: $0.name, as: UTF8.self) })
    }

    private func outputs() throws -> [[UInt8]] {
        try ["features.csv", "fitted.json"].map {
            try LocalDisk().readFile(pipeline.folder.path / $0, maximumBytes: 1 << 24)
        }
    }

    private func store(_ text: String) throws {
        try pipeline.folder.write(text, to: "table.csv")
        _ = try add([try RepoPath("table.csv")], in: pipeline.workspace)
    }

    @Test func `an edit learns of its pieces, and a replay without them has the same bytes`() throws
    {
        try store(table())
        #expect(try pipeline.repro() == "make ran")
        let first = try kept()
        #expect(first.count > 4, "\(first.count)")
        #expect(try replay(in: pipeline.workspace).allEqual)
        try store(table(edited: 3000..<3010))
        #expect(try pipeline.repro() == "make ran")
        let new = try kept().subtracting(first)
        #expect(!new.isEmpty && new.count < first.count, "\(new.count) of \(first.count)")
        #expect(try replay(in: pipeline.workspace).allEqual)
    }

    @Test func `damaged and missing statistics are made again`() throws {
        try store(table())
        try pipeline.repro()
        let expected = try outputs()
        let disk = LocalDisk()
        for name in try kept() {
            try writeAtomically([1, 2, 3], to: sums / name, on: disk, durable: false)
        }
        #expect(try pipeline.repro { $0.force = true } == "make ran")
        #expect(try outputs() == expected)
        try disk.removeTree(sums)
        #expect(try pipeline.repro { $0.force = true } == "make ran")
        #expect(try outputs() == expected)
    }
}

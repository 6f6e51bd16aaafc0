import Bytes
import Pipelines
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// `repro` of a model that is learnt block by block: what was kept changes the time and nothing else.
@Suite struct IncrementalTrainingTests {
    private static let stages = """
        stages:
          train:
            train: {model: linear, data: table.csv, target: y, features: [a, b]}
            outs: [ridge.mlmodel]
        """

    private let pipeline: PipelineFolder

    init() throws { pipeline = try PipelineFolder(IncrementalTrainingTests.stages) }

    private var sums: DiskPath { pipeline.folder.path / ".mlstore/state/sums" }

    private func table(edited: Range<Int> = 0..<0) -> String {
        let note = String(repeating: "a note that makes rows long ", count: 12)
        return "a,b,y,note\n"
            + (0..<6000).map { row in
                let a = row * 37 % 101
                return
                    "\(a),\(row * 53 % 17),\(edited.contains(row) ? 0 : a + row % 7),\(note)\(row)\n"
            }.joined()
    }

    private func kept() throws -> Set<String> {
        guard try LocalDisk().status(of: sums, followingLinks: false) != nil else { return [] }
        return Set(
            try LocalDisk().entries(of: sums).map { String(decoding: $0.name, as: UTF8.self) })
    }

    private func model() throws -> [UInt8] {
        try LocalDisk().readFile(pipeline.folder.path / "ridge.mlmodel", maximumBytes: 1 << 20)
    }

    private func store(_ text: String) throws {
        try pipeline.folder.write(text, to: "table.csv")
        _ = try add([try RepoPath("table.csv")], in: pipeline.workspace)
    }

    @Test func `an edit costs its blocks, and a replay without them has the same bytes`() throws {
        try store(table())
        #expect(try pipeline.repro() == "train ran")
        let first = try kept()
        #expect(first.count > 4, "\(first.count)")
        #expect(try replay(in: pipeline.workspace).allEqual)

        // Added or not: what has a pointer is stored before it is read.
        let edits = [3000..<3010, 5000..<5010]
        for (round, edit) in edits.enumerated() {
            if round == 0 {
                try store(table(edited: edit))
            } else {
                try pipeline.folder.write(table(edited: edit), to: "table.csv")
            }
            let before = try kept()
            #expect(try pipeline.repro() == "train ran")
            let new = try kept().subtracting(before)
            #expect(!new.isEmpty && new.count < first.count, "\(new.count) of \(first.count)")
            #expect(try replay(in: pipeline.workspace).allEqual)
        }
        #expect(pipeline.litterIsGone)
    }

    @Test func `damaged and missing sums are made again`() throws {
        try store(table())
        try pipeline.repro()
        let expected = try model()
        let disk = LocalDisk()
        for name in try kept() {
            try writeAtomically([1, 2, 3], to: sums / name, on: disk, durable: false)
        }
        #expect(try pipeline.repro { $0.force = true } == "train ran")
        #expect(try model() == expected)
        try disk.removeTree(sums)
        #expect(try pipeline.repro { $0.force = true } == "train ran")
        #expect(try model() == expected)
        // A place where nothing can be kept.
        try disk.removeTree(sums)
        try pipeline.folder.write("no folder", to: ".mlstore/state/sums")
        #expect(try pipeline.repro { $0.force = true } == "train ran")
        #expect(try model() == expected)
    }

    @Test func `a table that only the work tree has is read as a whole`() throws {
        // Too large to be stored with the run, and no pointer says that it should be.
        var random = SmallRandom(seed: 1)
        // Texts that differ enough for the chunker to find its ends.
        let notes = random.bytes(1_000_000).map { 0x61 + $0 % 26 }
        let rows = (0..<4500).map { row in
            let start = row * 4001 % 996_000
            let note = String(decoding: notes[start..<(start + 4000)], as: UTF8.self)
            return "\(row * 37 % 101),\(row % 13),\(row % 7),\(note)\n"
        }
        try pipeline.folder.write("a,b,y,note\n" + rows.joined(), to: "table.csv")
        #expect(try pipeline.repro() == "train ran")
        #expect(try kept().isEmpty)
        let expected = try model()
        _ = try add([try RepoPath("table.csv")], in: pipeline.workspace)
        #expect(try pipeline.repro { $0.force = true } == "train ran")
        #expect(try model() == expected)
        #expect(try !kept().isEmpty)
    }
}

extension PipelineFolder {
    fileprivate var litterIsGone: Bool { (try? litter().isEmpty) ?? false }
}

import Bytes
import Lineage
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct LineageLookupTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: Machine.local()).workspace
    }

    /// A run from one text to another, with its outputs in the store.
    private func commitRun(
        _ stage: String, from input: String, to output: String
    ) throws -> RunID {
        let store = try workspace.store()
        let session = try store.beginSession()
        let source = try session.putBlob(Array(input.utf8)).id
        let result = try session.putBlob(Array(output.utf8)).id
        var run = RunRecord(
            stage: stage, action: .command("x"), recipe: RecipeKey(sha256(Array(stage.utf8))),
            startedAt: Timestamp(milliseconds: 1_795_425_600_000))
        run.inputs = [try RepoPath("\(input).csv"): .file(source)]
        run.outputs = [try RepoPath("\(output).csv"): .file(result)]
        run.details = [try RepoPath("\(output).csv"): .init(sizeBytes: output.utf8.count)]
        let id = RunID(try session.putRecord(run.json).digest)
        _ = try session.commit(refs: [.init(name: .run(id), expected: nil, new: id.record)])
        return id
    }

    private func find(_ text: String) throws -> NamedObject {
        try namedObject(text, from: folder.path, in: workspace)
    }

    @Test func `the lineage of a file on disk is found by its content`() throws {
        _ = try commitRun("split", from: "all", to: "train")
        _ = try commitRun("fit", from: "train", to: "model")
        try folder.write("model", to: "copy-of-model.bin")
        let tree = try lineage(
            of: "copy-of-model.bin", from: folder.path, direction: .up, in: workspace)
        let text = LineageRendering.text(tree)
        #expect(text.hasPrefix("copy-of-model.bin  sha256:"))
        #expect(text.contains("run fit"))
        #expect(text.contains("train.csv"))
        #expect(text.contains("run split"))
        #expect(text.contains("all.csv"))
    }

    @Test func `what the newest replay of a run showed is told`() throws {
        let run = try commitRun("fit", from: "train", to: "model")
        let session = try workspace.store().beginSession()
        let refs = try [(1, "different"), (2, "bitwise")].map { day, word in
            let record = try session.putRecord([
                "type": "verdict", "verdict": .string(word), "run": .string(run.description),
                "replayedAt": .string("2026-11-0\(day)T09:00:00.000Z"),
            ])
            let name = RefName.verdict(record, on: run)
            return RefChange(name: name, expected: nil, new: record)
        }
        _ = try session.commit(refs: refs)
        let tree = try lineage(
            of: run.description, from: folder.path, direction: .up, in: workspace)
        #expect(LineageRendering.text(tree).contains("replayed 2026-11-02: bitwise\n"))
        #expect(LineageRendering.mermaid(tree).contains("replayed 2026-11-02: bitwise"))
        let nodes = LineageRendering.json(tree)["nodes"]?.arrayValue ?? []
        #expect(nodes.compactMap { $0["verdict"]?["verdict"]?.stringValue } == ["bitwise"])
    }

    @Test func `a lineage starts at a run, too, by the first digits of its id`() throws {
        let run = try commitRun("fit", from: "train", to: "model")
        let tree = try lineage(
            of: String(run.digest.hex.prefix(10)), from: folder.path, direction: .both,
            in: workspace)
        #expect(LineageRendering.text(tree).hasPrefix("run fit"))
    }

    @Test func `a pointer's rows and the snapshot that data came with are shown`() throws {
        _ = try commitRun("fit", from: "train", to: "model")
        let path = try RepoPath("train.csv")
        let id = BlobID(sha256(Array("train".utf8)))
        let pointer = Pointer(
            kind: .dataset, content: .file(id), sizeBytes: 5,
            shape: .init(rows: 50_000, columns: []))
        try folder.write(pointer.text, to: "train.csv.mlstore")
        let session = try workspace.store().beginSession()
        let snapshot = SnapshotRecord(
            tree: try session.putTree([.file(path, id, size: 5)]), parents: [],
            author: "Ada <a@b>", message: "first data\n\nmore", time: .init(milliseconds: 0))
        let record = try session.putRecord(snapshot.json)
        _ = try session.commit(refs: [.init(name: .head, expected: nil, new: record)])
        let tree = try lineage(
            of: "sha256:" + sha256(Array("model".utf8)).hex, from: folder.path, direction: .up,
            in: workspace)
        let text = LineageRendering.text(tree)
        #expect(text.contains("train.csv  sha256:"))
        #expect(text.contains("50,000 rows"))
        #expect(
            text.contains("snapshot  \(record.digest.hex.prefix(6))…  1970-01-01 00:00  first data")
        )
        guard case .snapshot(_, let found) = try find(String(record.digest.hex.prefix(8))) else {
            Issue.record("the snapshot was not found by its first digits")
            return
        }
        #expect(found == snapshot)
    }

    @Test func `files, folders, runs and records are found by whole ids`() throws {
        let run = try commitRun("fit", from: "train", to: "model")
        #expect(try find(run.description).kind == "run")
        let blob = sha256(Array("model".utf8))
        #expect(
            try find("sha256:" + blob.hex)
                == .file(BlobID(blob), path: RepoPath("model.csv"), sizeBytes: 5))
        try folder.write("x", to: "d/a")
        #expect(try find("d").kind == "directory")
    }

    @Test func `what nobody knows is not found`() throws {
        _ = try commitRun("fit", from: "train", to: "model")
        for text in ["no/such/path", "abc", "0123456789abcdef", "", "tree:"] {
            let error = #expect(throws: StoreError.self) { try find(text) }
            #expect(error?.kind == .notFound)
        }
    }

    @Test func `candidates of an ambiguous name are listed`() throws {
        // Two contents whose digests begin alike, found by search.
        var seen: [Substring: String] = [:]
        var pair: (String, String)?
        for number in 0..<5000 where pair == nil {
            let prefix = sha256(Array("\(number)".utf8)).hex.prefix(4)
            if let other = seen[prefix] { pair = (other, "\(number)") }
            seen[prefix] = "\(number)"
        }
        let (left, right) = try #require(pair)
        _ = try commitRun("fit", from: left, to: right)
        let prefix = String(sha256(Array(left.utf8)).hex.prefix(4))
        let error = #expect(throws: StoreError.self) { try find(prefix) }
        #expect(error?.kind == .ambiguous)
        #expect(error?.message.contains("'\(prefix)' is short for") == true)
        #expect(error?.message.contains("file \(prefix)") == true)
    }

    @Test func `what is no data has no lineage`() throws {
        let session = try workspace.store().beginSession()
        let record = try session.putRecord(["type": "other", "version": 1])
        let name = try #require(RefName("tags/x"))
        _ = try session.commit(refs: [.init(name: name, expected: nil, new: record)])
        let error = #expect(throws: StoreError.self) {
            try lineage(
                of: record.description, from: folder.path, direction: .up, in: workspace)
        }
        #expect(error?.kind == .badUsage)
        #expect(try find(record.description).kind == "other")
    }

    @Test func `runs whose records are elsewhere are counted`() throws {
        let store = try workspace.store()
        let session = try store.beginSession()
        let absent = RunID(sha256([1]))
        _ = try session.commit(refs: [.init(name: .run(absent), expected: nil, new: absent.record)])
        let graph = try LineageGraph.load(from: workspace)
        #expect(graph.absentRuns == 1)
        #expect(graph.runs.isEmpty)
    }
}

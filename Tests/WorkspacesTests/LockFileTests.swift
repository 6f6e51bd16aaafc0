import Bytes
import Testing
import Vocabulary
import Workspaces

private let hex = String(repeating: "0a", count: 32)

@Suite struct LockFileTests {
    private func sample() throws -> LockFile {
        let digest = try #require(Digest(hex: hex))
        let file = ContentID.file(BlobID(digest))
        var stage = LockFile.Stage(
            recipe: RecipeKey(digest), run: RunID(digest), action: .command("python a.py: x"))
        stage.dependencies = [try RepoPath("data/b c.csv"): file]
        stage.parameters = ["train.l2": 0.1, "name": "1"]
        stage.outputs = [
            try RepoPath("plots"): .init(content: .directory(TreeID(digest)), sizeBytes: 9),
            try RepoPath("m.json"): .init(
                content: file, sizeBytes: 3, isCached: false, role: .metric),
        ]
        let step = LockFile.Stage(
            recipe: RecipeKey(digest), run: RunID(digest), action: .step(["split": ["seed": 7]]))
        return LockFile(stages: ["train": stage, "split": step])
    }

    @Test func `a lock file reads back as it was written`() throws {
        let lock = try sample()
        #expect(try LockFile(parsing: Array(lock.text.utf8)) == lock)
        #expect(lock.text.hasPrefix("# kept by mlstore repro; commit it\nversion: 1\nstages:\n"))
        #expect(lock.text.contains("      plots: {id: tree:sha256:\(hex), size: 9, cached: true}"))
    }

    @Test func `an empty lock file reads back too`() throws {
        #expect(try LockFile(parsing: Array(LockFile().text.utf8)) == LockFile())
    }

    @Test(arguments: [#"a\b"#, "tab\tand \u{7f}", "\u{85}\u{2028}\u{feff}", "é: \"x\" #"])
    func `a path of any characters is read as it was written`(name: String) throws {
        let path = try RepoPath(name)
        var lock = try sample()
        let content = try #require(lock.stages["train"]?.outputs.first?.value)
        lock.stages["train"]?.outputs = [path: content]
        lock.stages["train"]?.dependencies = [path: content.content]
        #expect(try LockFile(parsing: Array(lock.text.utf8)) == lock)
    }

    @Test func `outputs are listed in path order with their stage`() throws {
        let outputs = try sample().outputs
        #expect(outputs.map(\.path.description) == ["m.json", "plots"])
        #expect(outputs.map(\.stage) == ["train", "train"])
    }

    @Test(arguments: [
        "version: 1\n", "version: 1\nstages:\n  a: 1\n", "version: 1\nstages: {a: {recipe: x}}\n",
        "version: 1\nstages:\n  a: {recipe: sha256:\(hex), run: sha256:\(hex), step: \"{\"}\n",
        "version: 1\nstages:\n  a: {recipe: sha256:\(hex), run: sha256:\(hex), cmd: x, "
            + "outs: {../x: {id: sha256:\(hex), size: 1, cached: true}}}\n",
    ])
    func `nonsense is refused with file and line`(text: String) throws {
        let error = try #require(throws: StoreError.self) {
            try LockFile(parsing: Array(text.utf8))
        }
        #expect(error.kind == .malformed)
        #expect(error.message.contains("'mlstore.lock' line "))
    }
}

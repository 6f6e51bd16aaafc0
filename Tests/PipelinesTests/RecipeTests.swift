import Bytes
import Pipelines
import Testing
import Vocabulary
import Workspaces

@Suite struct RecipeTests {
    private func stage(_ text: String) throws -> Stage {
        try StageFile(parsing: Array(text.utf8), parameters: Array("p: {q: 0.1}".utf8)).stages[0]
    }

    private func key(
        _ text: String, input: UInt8 = 1, seed: Int64? = 7, variables: [String: JSONValue] = [:],
        lockFiles: [String: String] = [:], core: String = "1"
    ) throws -> RecipeKey {
        let stage = try stage(text)
        let id = ContentID.file(BlobID(sha256([input])))
        let inputs = Dictionary(uniqueKeysWithValues: stage.dependencies.map { ($0, id) })
        return Recipe(
            of: stage, inputs: inputs, seed: seed, variables: variables, lockFiles: lockFiles,
            core: core
        ).key
    }

    /// The vector of docs/format/recipe-key.md.
    @Test func `the documented vector holds`() throws {
        let text = "stages: {fit: {cmd: python fit.py ${p.q}, deps: [fit.py], outs: [m]}}"
        let stage = try stage(text)
        let id = ContentID.file(BlobID(sha256([])))
        let recipe = Recipe(
            of: stage, inputs: [try RepoPath("fit.py"): id], seed: 7,
            variables: ["OMP_NUM_THREADS": nil], core: "1")
        #expect(
            String(decoding: recipe.json.canonical, as: UTF8.self)
                == #"{"command":"python fit.py 0.1","inputs":{"fit.py":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"lockFiles":{},"metrics":[],"outputs":["m"],"params":{"p.q":0.1},"seed":7,"stage":"fit","type":"recipe","variables":{"OMP_NUM_THREADS":null},"version":1}"#
        )
        #expect(
            recipe.key.description
                == "sha256:fd1164e2fcadbf481586b24d4c13dd636c540e1cd5cad22ec17fc2823c0d7c62")
    }

    @Test func `everything that a command can see changes the key`() throws {
        let base = "stages: {a: {cmd: x, deps: [d], outs: [o]}}"
        var keys: Set<RecipeKey> = [try key(base)]
        func expectNew(_ key: RecipeKey) { #expect(keys.insert(key).inserted) }
        expectNew(try key(base, input: 2))
        expectNew(try key(base, seed: 8))
        expectNew(try key(base, variables: ["A": nil]))
        expectNew(try key(base, variables: ["A": "sha256:1"]))
        expectNew(try key(base, lockFiles: ["uv.lock": "1"]))
        expectNew(try key("stages: {b: {cmd: x, deps: [d], outs: [o]}}"))
        expectNew(try key("stages: {a: {cmd: y, deps: [d], outs: [o]}}"))
        expectNew(try key("stages: {a: {cmd: x, deps: [e], outs: [o]}}"))
        expectNew(try key("stages: {a: {cmd: x, deps: [d], outs: [p]}}"))
        expectNew(try key("stages: {a: {cmd: x, deps: [d], metrics: [o]}}"))
        expectNew(try key("stages: {a: {cmd: x, deps: [d], outs: [o], params: [p]}}"))
        #expect(try key(base, core: "2") == key(base))
    }

    @Test func `a step's key does not depend on its name, but on the core`() throws {
        let base = "stages: {a: {train: {model: linear, target: t, data: d, seed: 1}, outs: [o]}}"
        let renamed =
            "stages: {b: {train: {model: linear, target: t, data: d, seed: 1}, outs: [o]}}"
        #expect(try key(base) == key(renamed))
        #expect(try key(base) != key(base, core: "2"))
        #expect(try key(base, seed: 1) == key(base, seed: 2))
    }

    @Test func `a run record survives its document`() throws {
        var run = RunRecord(
            stage: "a", action: .command("x"), recipe: try key("stages: {a: {cmd: x}}"),
            startedAt: Timestamp(milliseconds: 1_000_000_000_123))
        let path = try RepoPath("a b/c")
        run.inputs = [path: .file(BlobID(sha256([1])))]
        run.outputs = [path: .directory(TreeID(sha256([2])))]
        run.details = [path: .init(sizeBytes: 5, rows: 2)]
        run.metrics = [path: ["auc": 0.75]]
        run.parameters = ["p.q": 0.1]
        run.seed = 7
        run.durationMilliseconds = 12
        run.environment.gitCommit = "ab"
        run.environment.lockFiles = ["uv.lock": "cd"]
        run.environment.variables = ["A": nil, "B": "sha256:00"]
        run.environment.system = "linux"
        #expect(try RunRecord(JSONValue(parsing: run.json.canonical)) == run)
        run.action = .step(["train": ["seed": 1]])
        #expect(try RunRecord(JSONValue(parsing: run.json.canonical)) == run)
    }

    @Test(arguments: [
        "{}", #"{"type":"snapshot","version":1}"#, #"{"type":"run","version":2}"#,
        #"{"type":"run","version":1,"command":"x"}"#,
    ])
    func `a record that is no run is refused`(text: String) throws {
        let json = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: DecodeError.self) { try RunRecord(json) }
    }
}

import Bytes
import Learning
import Testing
import Vocabulary

@Suite struct ModelImportanceTests {
    private func importance(_ json: String) throws -> [String: Double] {
        try ModelImportance(
            ByteSource(name: "i.json", bytes: Array(json.utf8)), isModel: false
        ).shares
    }

    @Test(arguments: [
        #"{"a": 3, "b": 1, "c": 0}"#, #"{"importance": {"a": 6, "b": 2, "c": -1}}"#,
        #"{"rmse": 1, "importance": {"measure": "rmse", "features": {"a": {"mean": 3, "deviation": 9}, "b": {"mean": 1}, "c": {"mean": -0.2}}}}"#,
    ]) func `importances are read from JSON`(json: String) throws {
        #expect(try importance(json) == ["a": 0.75, "b": 0.25, "c": 0])
    }

    @Test(arguments: [
        "", "[]", "7", "{", #"{"a": "x"}"#, #"{"a": null}"#, "{}", #"{"a": 0}"#, #"{"a": -1}"#,
        #"{"a": 1e308, "b": 1e308}"#, #"{"importance": {"a": {}}}"#,
    ]) func `anything else is refused`(json: String) throws {
        let error = try #require(throws: StoreError.self) { try importance(json) }
        #expect(error.message.contains("tells no importance of columns"))
    }

    private func shares(_ options: [String: JSONValue]) throws -> [String: Double] {
        var table = "strong,weak,word,y\n"
        for row in 0..<200 {
            let (strong, weak) = (row * 7919 % 101, row * 104_729 % 97)
            let word = row % 2
            table +=
                "\(strong),\(weak),\(word == 0 ? "u" : "v"),\(strong * 10 + weak + word * 90)\n"
        }
        var train = options
        train["data"] = "t.csv"
        train["target"] = "y"
        let outputs = try run(
            ["train": .object(train)], outputs: ["m.mlmodel"], on: ["t.csv": table])
        let source = ByteSource(name: "m.mlmodel", bytes: outputs["m.mlmodel"] ?? [])
        return try ModelImportance(source, isModel: true).shares
    }

    @Test(arguments: ["linear", "elastic-net", "boosted-regression"])
    func `models tell what they depend on`(kind: String) throws {
        let shares = try shares(["model": .string(kind)])
        #expect(Set(shares.keys) == ["strong", "weak", "word"])
        #expect((shares.values.reduce(0, +) - 1).magnitude < 1e-12)
        let (strong, weak) = (shares["strong"] ?? 0, shares["weak"] ?? 1)
        // Ten times as large a coefficient of a column that is as wide.
        #expect(strong > 0.5 && weak < 0.2 && weak < shares["word"] ?? 0, "\(shares)")
    }

    @Test func `a model that does not tell it is refused`() throws {
        let error = try #require(throws: StoreError.self) {
            try shares(["model": "mlp-regression"])
        }
        #expect(error.message.contains("tells no importance"))
        let damaged = try #require(throws: StoreError.self) {
            try ModelImportance(ByteSource(name: "m.mlmodel", bytes: [1, 2, 3]), isModel: true)
        }
        #expect(damaged.message.contains("cannot read 'm.mlmodel' as a model"))
    }
}

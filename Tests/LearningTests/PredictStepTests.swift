import Bytes
import Learning
import Testing
import Vocabulary

@Suite struct PredictStepTests {
    private func predict(
        _ model: [UInt8], _ table: String, _ options: [String: JSONValue] = [:],
        output: String = "p.csv", pieceBytes: Int = .max, threads: Int = 1
    ) throws -> String {
        var options = options
        options["model"] = "m"
        options["data"] = "t.csv"
        let files = try run(
            ["predict": .object(options)], outputs: [output],
            onBytes: ["m": model, "t.csv": Array(table.utf8)], executor: executor(threads),
            pieceBytes: pieceBytes)
        return text(files[output])
    }

    private static let line = "x,y\n1,2\n2,4\n3,6\n4,8\n"

    private func linear() throws -> [UInt8] {
        try train(["model": "linear", "target": "y", "params": ["l2": 0]], PredictStepTests.line)
    }

    private func sexes(_ model: JSONValue = "logistic") throws -> [UInt8] {
        try train(
            ["model": model, "target": "sex", "features": ["body_mass_g", "species"]], penguins)
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    @Test func `rows are written as they stand, with a number behind each`() throws {
        let found = try predict(
            try linear(), "id,x\na,10\n\"b,\n\"\"c\"\"\",20\n\" d\",NA\n")
        #expect(found == "id,x,prediction\na,10,20\n\"b,\n\"\"c\"\"\",20,40\n d,NA,5\n")
    }

    @Test func `two classes have a class and the probability of the positive one`() throws {
        let found = lines(
            try predict(try sexes(), penguins, ["keep": ["sex", "species"], "threshold": 0.9]))
        #expect(found.count == lines(penguins).count)
        #expect(found[0] == "sex,species,prediction,probability")
        for row in found.dropFirst() {
            let fields = row.split(separator: ",", omittingEmptySubsequences: false)
            let probability = try #require(Double(fields[3]))
            #expect((probability >= 0.9) == (fields[2] == "male"))
        }
    }

    @Test func `what is written agrees with what evaluate measures`() throws {
        let model = try sexes()
        let rows = lines(try predict(model, penguins, ["keep": ["sex"]])).dropFirst()
            .map { $0.split(separator: ",") }.filter { $0[0] != "NA" }
        let right = rows.count { $0[0] == $0[1] }
        let accuracy = try evaluate(model, penguins)["accuracy"]?.numberValue
        #expect(accuracy == Double(right) / Double(rows.count))
    }

    @Test func `several classes have a probability each`() throws {
        let model = try train(
            ["model": "softmax", "target": "species", "features": ["body_mass_g", "island"]],
            penguins)
        let found = lines(try predict(model, penguins, ["keep": ["year"], "prefix": "my_"]))
        #expect(
            found[0]
                == "year,my_prediction,my_probability_Adelie,my_probability_Chinstrap,"
                + "my_probability_Gentoo")
        for row in found.dropFirst() {
            let sum = row.split(separator: ",").suffix(3).compactMap { Double($0) }.reduce(0, +)
            #expect((sum - 1).magnitude < 1e-12)
        }
    }

    @Test func `a model without a target says what it knows of a row`() throws {
        let model = try train(
            ["model": "k-means", "features": ["x"], "params": ["clusters": 2], "seed": 1],
            "x\n1\n2\n50\n51\n")
        let found = lines(try predict(model, "x\n1\n51\n"))
        #expect(found[0] == "x,cluster,distance")
        #expect(found[1].split(separator: ",")[1] != found[2].split(separator: ",")[1])
    }

    @Test(arguments: [1, 7, 4096])
    func `neither pieces nor threads nor a second run change a byte`(bytes: Int) throws {
        for model in [try sexes(), try sexes("boosted-binary")] {
            let whole = try predict(model, penguins)
            #expect(try predict(model, penguins, pieceBytes: bytes, threads: 7) == whole)
        }
    }

    @Test func `an unseen category and a missing value are scored as evaluate scores them`() throws
    {
        let found = lines(
            try predict(
                try sexes(), "body_mass_g,species\nNA,Gentoo\n4000,Emperor\n,\n",
                ["keep": ["species"]]))
        #expect(found.count == 4)
    }

    @Test func `the name of the output says what separates its fields`() throws {
        let found = try predict(try linear(), "id,x\n\"a,b\",1\n\"c\td\",2\n", output: "p.tsv")
        #expect(found == "id\tx\tprediction\na,b\t1\t2\n\"c\td\"\t2\t4\n")
    }

    static let wrong: [(String, [String: JSONValue], String)] = [
        ("z\n1\n", [:], "'t.csv' has no column 'x'"),
        ("x,z\n1,1\n", ["keep": ["w"]], "'t.csv' has no column 'w'"),
        ("x\ntall\n", [:], "should hold numbers, but row 1"),
        ("x\ninf\n", [:], "has an infinite value"),
        ("x\n", [:], "'t.csv' has no rows"),
        ("", [:], "it is empty"),
        ("x,prediction\n1,2\n", [:], "has a column 'prediction' already"),
        ("x\n1e308\n", [:], "the prediction for row 1 of 't.csv' is too large"),
    ]

    @Test(arguments: wrong.indices)
    func `a table that does not fit is refused`(index: Int) throws {
        let (table, options, message) = PredictStepTests.wrong[index]
        let model = try linear()
        let error = try #require(storeError { _ = try predict(model, table, options) })
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    @Test func `a file that is no model is refused`() throws {
        let error = try #require(storeError { _ = try predict(Array("x\n".utf8), "x\n1\n") })
        #expect(error.kind == .malformed)
    }
}

import Bytes
import Learning
import Testing
import Vocabulary

@Suite struct MetricTests {
    /// sklearn.metrics.roc_auc_score([0,0,1,1,0,1,1,0], [.1,.4,.35,.8,.4,.4,.8,.8])
    @Test func `ties count half in the area under the curve`() {
        let labels = [0, 0, 1, 1, 0, 1, 1, 0].map { $0 == 1 }
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.8, 0.8]
        #expect(areaUnderCurve(scores: scores, isPositive: labels) == 0.625)
    }

    @Test func `the area under the curve has its ends`() {
        #expect(areaUnderCurve(scores: [1, 2, 3], isPositive: [false, false, true]) == 1)
        #expect(areaUnderCurve(scores: [1, 2, 3], isPositive: [true, false, false]) == 0)
        #expect(areaUnderCurve(scores: [5, 5, 5], isPositive: [true, false, true]) == 0.5)
        #expect(areaUnderCurve(scores: [1, 2], isPositive: [true, true]) == nil)
        #expect(areaUnderCurve(scores: [], isPositive: []) == nil)
        #expect(areaUnderCurve(scores: [.nan, 0, -0.0], isPositive: [true, true, false]) == 0.75)
    }

    @Test func `a measure without meaning is null`() throws {
        let model = try train(
            ["model": "logistic", "target": "y"], "x,y\n1,no\n2,no\n3,yes\n4,yes\n")
        let metrics = try evaluate(model, "x,y\n1,no\n1.5,no\n")
        #expect(metrics["auc"] == .null)
        #expect(metrics["recall"] == .null)
        #expect(metrics["precision"] == .null)
        #expect(metrics["accuracy"] == 1)
        let linear = try train(["model": "linear", "target": "y"], "x,y\n1,2\n2,3\n4,4\n")
        #expect(try evaluate(linear, "x,y\n1,2\n")["r2"] == .null)
    }

    @Test func `a threshold moves the predictions and not the probabilities`() throws {
        let model = try train(
            ["model": "logistic", "target": "sex", "features": ["body_mass_g"]], penguins)
        let low = try evaluate(model, penguins, threshold: 0.01)
        let high = try evaluate(model, penguins, threshold: 0.99)
        #expect(low["auc"] == high["auc"] && low["logLoss"] == high["logLoss"])
        #expect((low["recall"]?.numberValue ?? 0) > 0.95)
        #expect((high["recall"]?.numberValue ?? 1) < 0.5)
    }

    @Test func `metrics are written with sorted keys and a newline at the end`() throws {
        let model = try train(["model": "linear", "target": "y"], "x,y\n1,2\n2,3\n4,4\n")
        let files = try run(
            ["evaluate": ["model": "m", "data": "t.csv"]], outputs: ["e"],
            onBytes: ["m": model, "t.csv": Array("x,y\n1,2\n3,3\n".utf8)])
        let lines = text(files["e"]).split(separator: "\n").dropFirst().dropLast()
        #expect(lines.sorted() == Array(lines))
        #expect(text(files["e"]).hasSuffix("}\n"))
    }
}

@Suite struct EvaluationErrorTests {
    private static func model() throws -> [UInt8] {
        try train(
            ["model": "logistic", "target": "y"], "x,c,y\n1,a,no\n2,b,no\n3,a,yes\n4,b,yes\n")
    }

    @Test(arguments: [
        ("c,y\na,no\n", "no column 'x'"), ("x,c\n1,a\n", "no column 'y'"),
        ("x,c,y\n", "no row with a value of 'y'"), ("x,c,y\n1,a,\n", "no row with a value of 'y'"),
        ("x,c,y\n1,a,maybe\n", "1 rows of 't.csv' have a class of 'y'"),
        ("x,c,y\n1,a,no\ntall,a,no\n", "column 'x' of 't.csv' should hold numbers, but row 2"),
    ])
    func `a table that does not fit the model is refused`(table: String, message: String) throws {
        let model = try EvaluationErrorTests.model()
        let error = try #require(storeError { _ = try evaluate(model, table) })
        #expect(error.kind == .malformed)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    @Test func `predictions beyond all numbers are an error`() throws {
        let model = try train(["model": "linear", "target": "y"], "x,y\n1,2\n2,3\n4,4\n")
        let error = try #require(
            storeError { _ = try evaluate(model, "x,y\n1e308,1\n-1e308,2\n") })
        #expect(error.kind == .numeric)
    }
}

@Suite struct ModelFileTests {
    private static func model() throws -> [UInt8] {
        try train(
            ["model": "softmax", "target": "species", "features": ["bill_length_mm", "island"]],
            penguins)
    }

    private func refusal(_ bytes: [UInt8]) -> StoreError? {
        storeError { _ = try evaluate(bytes, "bill_length_mm,island,species\n1,Dream,Gentoo\n") }
    }

    @Test func `every flipped bit is found and none traps`() throws {
        let model = try ModelFileTests.model()
        #expect(refusal(model) == nil)
        for index in model.indices {
            var damaged = model
            damaged[index] ^= UInt8(1) << UInt8(index % 8)
            let error = refusal(damaged)
            #expect(error?.kind == .malformed || error?.kind == .newerFormat, "byte \(index)")
        }
    }

    @Test func `every shorter file is refused and none traps`() throws {
        let model = try ModelFileTests.model()
        for count in model.indices {
            #expect(refusal(Array(model.prefix(count)))?.kind == .malformed, "\(count) bytes")
        }
        #expect(refusal(model + [0])?.kind == .malformed)
    }

    @Test func `a header of any length and shape is refused without a trap`() {
        let headers = [
            "{}", "[]", #"{"__metadata__":{}}"#,
            #"{"__metadata__":{"format":"mlstore-model","version":"1","model":"{}"}}"#,
            #"{"__metadata__":{"format":"mlstore-model","version":"1","model":"["},"means":3}"#,
            #"{"__metadata__":{"format":"mlstore-model","version":"1","model":"{}"},"#
                + #""coefficients":{"dtype":"F64","shape":[9007199254740991,9007199254740991]}}"#,
            #"{"__metadata__":{"format":"mlstore-model","version":"1","model":"{}"},"#
                + #""coefficients":{"dtype":"F64","shape":[-1,1]}}"#,
        ]
        for header in headers {
            for length in [UInt64(header.utf8.count), 0, 1, .max, 1 << 62, 1 << 40] {
                let start = (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) }
                #expect(refusal(start + Array(header.utf8))?.kind == .malformed)
            }
        }
    }

    @Test func `a newer version is named as such`() throws {
        var text = try ModelFileTests.model()
        let place = try #require(
            text.indices.first { text[$0...].starts(with: Array(#""version":"1""#.utf8)) })
        text[place + 11] = UInt8(ascii: "2")
        #expect(refusal(text)?.kind == .newerFormat)
    }

    /// docs/format/model-file.md
    @Test func `the test vector of the format page is what training writes`() throws {
        let model = try train(
            ["model": "linear", "target": "y", "seed": 7], "x,c,y\n1,a,2\n2,b,3\n4,a,4\n")
        let digest = "0fef61313a01cf6c96313561507282e9fc06b9afa068a86e59df8ab8f55dc9f7"
        #expect(model.count == 800 && sha256(model).hex == digest)
        expectNear(
            try tensors(model)["coefficients"],
            [3.023316062176166, 0.6106850139035189, -0.06994818652849746, 0.0699481865284974],
            within: 0)
    }

    @Test func `the header is aligned canonical JSON and the arrays follow without gaps`() throws {
        let model = try ModelFileTests.model()
        var cursor = ByteCursor()
        let length = Int(try cursor.uint64(model.span))
        #expect(length % 8 == 0)
        let values = try tensors(model)
        #expect(values["coefficients"]?.count == 3 * 6)
        #expect(values["means"]?.count == 1 && values["scales"]?.count == 1)
        #expect(model.count == 8 + length + 8 * (18 + 1 + 1))
    }
}

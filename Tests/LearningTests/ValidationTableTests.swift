import Bytes
import Learning
import Testing
import Vocabulary

/// Rows numbered from `first` on; the target follows `x` and the city.
private func rows(_ first: Int, _ count: Int, cities: [String]) -> String {
    "x,city,y\n"
        + (first..<(first + count)).map { row in
            let x = row * 7919 % 101
            let city = row % cities.count
            return "\(x),\(cities[city]),\(x % 10 + 5 * city + row * 31 % 3)\n"
        }.joined()
}

private func trained(
    _ table: String, validation: String? = nil, params: JSONValue = [:],
    model: String = "boosted-regression", target: String = "y"
) throws -> [UInt8] {
    var options: [String: JSONValue] = [
        "model": .string(model), "target": .string(target), "data": "t.csv", "params": params,
    ]
    var files = ["t.csv": table]
    if let validation {
        options["validation"] = "v.csv"
        files["v.csv"] = validation
    }
    return try run(["train": .object(options)], outputs: ["m"], on: files)["m"] ?? []
}

@Suite struct ValidationTableTests {
    private let table = rows(0, 600, cities: ["Bergen", "Oslo"])

    @Test func `the rows of the table end the training and are not learnt from`() throws {
        let params: JSONValue = ["iterations": 400, "learningRate": 0.5, "patience": 5]
        let other = rows(5000, 200, cities: ["Bergen", "Oslo"])
        let ended = try trained(table, validation: other, params: params)
        let training = try #require(try modelDocument(ended)["training"])
        #expect(training["rows"] == 600)
        #expect(training["validation"]?["rows"] == 200)
        #expect(training["validation"]?["stoppedEarly"] == true)
        let iterations = Int(training["iterations"]?.integerValue ?? 0)
        #expect(iterations > 0 && iterations < 400)
        // Without the table, as many iterations make the same trees.
        let alone = try trained(
            table, params: ["iterations": JSONValue(iterations), "learningRate": 0.5])
        #expect(try tensors(alone)["leaves"] == tensors(ended)["leaves"])
        // The loss that is told is that of the predictions.
        let rmse = try evaluate(ended, other)["rmse"]?.numberValue ?? .nan
        let loss = training["validation"]?["loss"]?.numberValue ?? .nan
        #expect((rmse * rmse / 2 - loss).magnitude < 1e-9)
    }

    @Test func `categories that only one of the tables has are kept apart`() throws {
        let other = rows(5000, 90, cities: ["Aalesund", "Oslo", "Bergen"])
        let model = try trained(table, validation: other, params: ["iterations": 5])
        let features = try modelDocument(model)["features"]?.arrayValue
        #expect(features?.last?["categories"] == ["Bergen", "Oslo"])
    }

    @Test(arguments: [
        ("x,city\n1,Oslo\n", "no column 'y'"), ("x,city,y\n", "no row with a value of 'y'"),
        ("x,city,y\n1,Oslo,\n", "no row with a value of 'y'"),
        ("x,city,y\ntall,Oslo,1\n", "should hold numbers"),
    ])
    func `a table that does not fit is refused`(other: String, message: String) throws {
        let error = try #require(storeError { _ = try trained(table, validation: other) })
        #expect(error.kind == .malformed)
        #expect(error.message.contains(message) && error.message.contains("v.csv"))
    }

    @Test func `a class that training did not see is refused`() throws {
        let error = try #require(
            storeError {
                _ = try trained(
                    table, validation: "x,city,y\n1,Rome,1\n", model: "boosted-binary",
                    target: "city")
            })
        #expect(error.message.contains("1 rows of 'v.csv' have a class of 'city'"))
    }

    @Test func `a table beside a share, or for a linear model, makes no sense`() throws {
        let twice = try #require(
            storeError {
                _ = try trained(table, validation: table, params: ["validationShare": 0.5])
            })
        #expect(twice.kind == .invalidPipeline && twice.message.contains("both 'validation' and"))
        let linear = try #require(
            storeError { _ = try trained(table, validation: table, model: "linear") })
        #expect(linear.kind == .invalidPipeline && linear.message.contains("linear model"))
    }
}

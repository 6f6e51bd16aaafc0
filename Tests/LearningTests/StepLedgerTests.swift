import Bytes
import Kernels
import Synchronization
import Testing
import Vocabulary

@testable import Learning

@Suite struct StepLedgerTests {
    /// The ledger of a step that learns from the penguins; nil where it trains nothing.
    private func ledger(
        _ step: JSONValue, outputs: [String] = ["m"], _ executor: ParallelExecutor = .serial
    ) throws -> StepLedger? {
        let description = try StepDescription.parse(step, outputs: outputs)
        let found = Mutex<StepLedger?>(nil)
        let source = ByteSource(name: "data.csv") {
            var isRead = false
            return {
                defer { isRead = true }
                return isRead ? [] : Array(penguins.utf8)
            }
        }
        _ = try description.run(
            inputs: ["data.csv": source],
            outputs: Dictionary(outputs.map { ($0, ByteSink { _ in }) }) { first, _ in first },
            context: StepContext(
                executor: executor, takeLedger: { new in found.withLock { $0 = new } }))
        return found.withLock { $0 }
    }

    private func training(
        _ model: String, _ params: JSONValue = [:], seed: Int = 7
    ) -> JSONValue {
        let target: JSONValue =
            model.hasSuffix("regression") || ["linear", "elastic-net"].contains(model)
            ? "body_mass_g" : ["k-means", "pca"].contains(model) ? .null : "sex"
        var options: [String: JSONValue] = [
            "model": .string(model), "data": "data.csv", "params": params,
            "features": ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"],
            "seed": JSONValue(seed),
        ]
        if !target.isNull { options["target"] = target }
        return ["train": .object(options)]
    }

    @Test(arguments: trainerNames)
    func `every training keeps a ledger, the same for any threads`(model: String) throws {
        let params: JSONValue =
            model.hasPrefix("boosted")
            ? ["iterations": 5] : model.hasPrefix("mlp") ? ["epochs": 3, "units": 8] : [:]
        let first = try #require(try ledger(training(model, params)))
        #expect(first.steps > 0)
        #expect(try ledger(training(model, params), executor(3, .baseline)) == first)
        #expect(try StepLedger(JSONValue(parsing: first.json.canonical)) == first)
        #expect(first.divergence(from: first) == nil)
        #expect(Set(first.entries.map(\.state)).count == first.entries.count)
    }

    @Test func `another seed goes another way from the first tree on`() throws {
        let params: JSONValue = ["iterations": 6, "rowShare": 0.5]
        let first = try #require(try ledger(training("boosted-binary", params)))
        let second = try #require(try ledger(training("boosted-binary", params, seed: 8)))
        let found = try #require(first.divergence(from: second))
        #expect((found.step, found.lastEqual, found.count) == (1, 0, 6))
        #expect(found.unit == "tree")
        #expect(found.description.hasPrefix("first differs at tree 1 of 6: loss 0."))
        #expect(found.losses.first != found.losses.second)
    }

    @Test func `a training that goes on longer differs behind the end of the other`() throws {
        let short = try #require(
            try ledger(training("mlp-binary", ["epochs": 2, "units": 4])))
        let long = try #require(try ledger(training("mlp-binary", ["epochs": 4, "units": 4])))
        #expect(short.divergence(from: long)?.step == 3)
        #expect(long.divergence(from: short)?.step == 3)
        #expect(long.divergence(from: short)?.lastEqual == 2)
    }

    @Test func `other rows differ before the first step`() throws {
        let all = try #require(try ledger(training("logistic")))
        let some = try #require(
            try ledger([
                "train": [
                    "model": "logistic", "data": "data.csv", "target": "sex",
                    "features": ["bill_length_mm"], "seed": 7,
                ]
            ]))
        let found = try #require(all.divergence(from: some))
        #expect(found.step == 0)
        #expect(found.description == "differs before the first iteration: in what it begins with")
    }

    @Test func `a search has a step for each trial, and what does not train has no ledger`() throws
    {
        let tune: JSONValue = [
            "tune": [
                "model": "linear", "data": "data.csv", "target": "body_mass_g",
                "features": ["bill_length_mm"], "method": "grid",
                "search": ["l2": [0.1, 1, 10]], "seed": 7,
            ]
        ]
        let found = try #require(try ledger(tune, outputs: ["t.csv", "b.json", "m"]))
        #expect((found.unit, found.steps) == ("trial", 3))
        let split: JSONValue = ["split": ["data": "data.csv", "test": 0.2, "seed": 7]]
        #expect(try ledger(split, outputs: ["a", "b"]) == nil)
    }

    private func long(_ steps: Int, differingFrom step: Int = .max) -> StepLedger {
        var ledger = StepLedger(unit: "tree")
        for number in 0...steps {
            ledger.append(
                .init(step: number, state: number < step ? "same\(number)" : "other", loss: 0.5))
        }
        return ledger
    }

    @Test(arguments: [0, 1, 1023, 1024, 1025, 2049, 5000])
    func `of a long training the first step, the last, and some between stay`(steps: Int) throws {
        let ledger = long(steps)
        #expect(ledger.entries.count <= StepLedger.maximumEntries)
        #expect(ledger.entries.first?.step == 0 && ledger.steps == steps)
        #expect(ledger.entries.dropLast().allSatisfy { $0.step % ledger.stride == 0 })
        #expect(try StepLedger(ledger.json) == ledger)
    }

    @Test func `where steps were dropped the difference lies between two`() {
        let found = long(5000).divergence(from: long(5000, differingFrom: 17))
        #expect((found?.step, found?.lastEqual) == (24, 16))
        #expect(
            found?.description
                == "first differs between tree 16 and tree 24 of 5000: loss 0.5 then, 0.5 now")
        // One that ended early kept steps that the longer one dropped.
        #expect(long(5000).divergence(from: long(1000))?.lastEqual == 1000)
    }

    @Test(arguments: [
        #"{"type":"run","version":1}"#,
        #"{"type":"ledger","version":2,"unit":"tree","stride":1,"steps":[],"states":[],"losses":[]}"#,
        #"{"type":"ledger","version":1,"unit":"tree","stride":0,"steps":[],"states":[],"losses":[]}"#,
        #"{"type":"ledger","version":1,"unit":"tree","stride":1,"steps":[0],"states":[],"losses":[]}"#,
        #"{"type":"ledger","version":1,"unit":"tree","stride":1,"steps":[1,1],"states":["a","b"],"losses":[null,null]}"#,
    ])
    func `what is no ledger is refused`(text: String) throws {
        let json = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: DecodeError.self) { try StepLedger(json) }
    }
}

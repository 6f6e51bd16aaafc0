import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

/// What every trainer owes: checked for each line of `estimators`.
@Suite struct EstimatorContractTests {
    /// Rows enough for several blocks, with dense columns and categories.
    private static let design: DesignMatrix = {
        let rows = 9000
        let source = RandomSource(seed: 1, purpose: "contract")
        return DesignMatrix(
            rows: rows, dense: (0..<(rows * 3)).map { source.normal(at: UInt64($0)) },
            denseCount: 3, codes: (0..<rows).map { 4 + UInt32(source.bits(at: UInt64($0)) % 5) },
            codeCount: 1, coefficientCount: 9)
    }()

    private func target(_ trainer: any Estimator, seed: UInt64 = 2) -> Target {
        let source = RandomSource(seed: seed, purpose: "target")
        let rows = EstimatorContractTests.design.rows
        let scores = EstimatorContractTests.design.scores(
            [0.5, 1, -1, 0.25, 2, 0, 0, 0, -1], .serial)
        let noisy = (0..<rows).map { scores[$0] + source.normal(at: UInt64($0)) }
        switch trainer.targetKind {
        case .numbers: return .numbers(noisy)
        case .twoClasses: return .classes(noisy.map { $0 > 0 ? 1 : 0 }, count: 2)
        case .classes:
            return .classes(noisy.map { $0 > 1 ? 2 : $0 > 0 ? 1 : 0 }, count: 3)
        case .nothing: return .nothing
        }
    }

    private func fit(
        _ trainer: any Estimator, executor: ParallelExecutor = .serial, seed: UInt64 = 2
    ) throws -> Fit {
        try trainer.fit(
            EstimatorContractTests.design, target(trainer, seed: seed),
            TrainingParameters(maximumIterations: 10_000), executor)
    }

    @Test(arguments: estimators.indices)
    func `any number of threads and any instructions give the same bits`(index: Int) throws {
        let one = try fit(estimators[index])
        #expect(one.converged)
        for threads in [2, 7] {
            #expect(try fit(estimators[index], executor: executor(threads)) == one)
        }
        for level in InstructionLevel.available {
            #expect(try fit(estimators[index], executor: executor(2, level)) == one)
        }
    }

    @Test(arguments: estimators.indices)
    func `fitting again forgets the fit before`(index: Int) throws {
        let first = try fit(estimators[index])
        let other = try fit(estimators[index], seed: 3)
        #expect(other != first)
        #expect(try fit(estimators[index]) == first)
    }

    @Test(arguments: estimators.indices)
    func `a stronger penalty gives smaller weights`(index: Int) throws {
        func size(_ l2: Double) throws -> Double {
            let fit = try estimators[index].fit(
                EstimatorContractTests.design, target(estimators[index]),
                TrainingParameters(l2: l2), .serial)
            return fit.coefficients.joined().reduce(0) { $0 + $1 * $1 }
        }
        #expect(try size(100) < size(1))
    }

    @Test(arguments: estimators.indices)
    func `names are distinct and the limit of iterations is kept`(index: Int) throws {
        #expect(Set(estimators.map(\.name)).count == estimators.count)
        let fit = try estimators[index].fit(
            EstimatorContractTests.design, target(estimators[index]),
            TrainingParameters(maximumIterations: 1), .serial)
        #expect(fit.iterations == 1)
    }

    @Test(arguments: ["linear", "elastic-net", "logistic", "softmax"])
    func `a step writes the same bytes for any number of threads, every time`(model: String)
        throws
    {
        let target = ["logistic": "sex", "softmax": "species"][model] ?? "body_mass_g"
        let options: [String: JSONValue] = [
            "model": .string(model), "target": .string(target), "seed": 7,
            "features": ["bill_length_mm", "flipper_length_mm", "island"],
        ]
        let once = try train(options, penguins)
        for threads in [1, 2, 7] {
            #expect(try train(options, penguins, executor: executor(threads)) == once)
        }
    }

    /// Written down once: the bytes of a model may only change with the `version` of the step.
    @Test func `a model has the same bytes on every machine`() throws {
        let model = try train(
            [
                "model": "logistic", "target": "sex", "seed": 7,
                "features": ["bill_length_mm", "body_mass_g", "island"],
            ], penguins)
        let expected = "46011274e17cd366539ac20490e925f8b2f0ae7cadb92e49145be3fa8337d5fa"
        #expect(sha256(model).hex == expected)
    }
}

import Kernels
import Testing

@Suite struct NetworkTests {
    private static let source = RandomSource(seed: 4, purpose: "network tests")

    private func design(_ rows: Int, _ columns: Int) -> DesignMatrix {
        DesignMatrix(
            rows: rows,
            dense: (0..<(rows * columns)).map { NetworkTests.source.normal(at: UInt64($0)) },
            denseCount: columns, codes: [], codeCount: 0, coefficientCount: columns + 1)
    }

    private func target(_ rows: Int, _ outputs: Int) -> NetworkTarget {
        let bits = (0..<rows).map { NetworkTests.source.bits(at: UInt64(90_000 + $0)) }
        return switch outputs {
        case 0: .numbers((0..<rows).map { NetworkTests.source.normal(at: UInt64(70_000 + $0)) })
        case 1: .twoClasses(bits.map { UInt32($0 % 2) })
        default: .classes(bits.map { UInt32($0 % UInt64(outputs)) }, count: outputs)
        }
    }

    private func plan(_ units: Int, epochs: Int, batch: Int = 64) -> NetworkPlan {
        var plan = NetworkPlan()
        plan.units = units
        plan.epochs = epochs
        plan.batch = batch
        plan.l2 = 0.5
        plan.seed = 3
        return plan
    }

    private func all(_ rows: Int) -> [UInt32] { (0..<UInt32(rows)).map { $0 } }

    /// Scores of one row after the other, in double precision.
    private func scores(_ network: Network, _ row: ArraySlice<Double>) -> [Double] {
        var values = Array(row)
        for layer in network.weights.indices {
            let outputs = network.sizes[layer + 1]
            var next = network.biases[layer].map(Double.init)
            for (input, value) in values.enumerated() {
                for output in 0..<outputs {
                    next[output] += value * Double(network.weights[layer][input * outputs + output])
                }
            }
            values = layer + 1 < network.weights.count ? next.map { max(0, $0) } : next
        }
        return values
    }

    private func loss(_ target: NetworkTarget, _ scores: [Double], _ row: Int) -> Double {
        switch target {
        case .numbers(let targets):
            return 0.5 * (scores[0] - targets[row]) * (scores[0] - targets[row])
        case .twoClasses(let labels): return softplus(scores[0]) - Double(labels[row]) * scores[0]
        case .classes(let classes, _): return logSumExp(scores) - scores[Int(classes[row])]
        }
    }

    @Test(arguments: [0, 1, 3]) func `scores and losses are those of plain loops`(outputs: Int)
        throws
    {
        let (rows, columns) = (150, 5)
        let design = design(rows, columns)
        let target = target(rows, outputs)
        let found = try #require(
            trainNetwork(
                NetworkRows(design), target, training: all(rows), validation: [],
                plan(40, epochs: 2), .serial))
        #expect(found.network.sizes == [columns, 40, 40, max(1, outputs)])
        let scores = found.network.scores(NetworkRows(design), .serial)
        var sum = 0.0
        for row in 0..<rows {
            let values = (0..<columns).map {
                NetworkTests.source.normal(at: UInt64(row * columns + $0))
            }
            let plain = self.scores(found.network, values[...])
            sum += loss(target, plain, row)
            for output in plain.indices {
                #expect((scores[output][row] - plain[output]).magnitude < 1e-5)
            }
        }
        #expect((found.trainingLoss - sum / Double(rows)).magnitude < 1e-5)
    }

    /// The first step of Adam moves each weight by the rate against the sign of its derivative, so
    /// steps of one epoch and one batch tell the signs; differences of losses tell them too.
    @Test(arguments: [0, 1, 3]) func `weights move against the derivative of the loss`(
        outputs: Int
    ) throws {
        let (rows, columns) = (60, 4)
        let design = design(rows, columns)
        let target = target(rows, outputs)
        var plan = plan(8, epochs: 1, batch: rows)
        plan.l2 = 0
        plan.learningRate = 1e-4
        let after = try #require(
            trainNetwork(
                NetworkRows(design), target, training: all(rows), validation: [], plan, .serial)
        ).network
        // Before: the same weights with the step taken back, found from a rate of next to nothing.
        plan.learningRate = 1e-30
        let before = try #require(
            trainNetwork(
                NetworkRows(design), target, training: all(rows), validation: [], plan, .serial)
        ).network
        func meanLoss(_ network: Network) -> Double {
            (0..<rows).reduce(0) { sum, row in
                let values = (0..<columns).map {
                    NetworkTests.source.normal(at: UInt64(row * columns + $0))
                }
                return sum + loss(target, scores(network, values[...]), row)
            } / Double(rows)
        }
        for layer in before.weights.indices {
            for place in before.weights[layer].indices {
                var weights = before.weights
                weights[layer][place] += 1e-3
                let up = meanLoss(
                    Network(sizes: before.sizes, weights: weights, biases: before.biases))
                weights[layer][place] -= 2e-3
                let down = meanLoss(
                    Network(sizes: before.sizes, weights: weights, biases: before.biases))
                let slope = (up - down) / 2e-3
                let moved = after.weights[layer][place] - before.weights[layer][place]
                // A step of 1e-4, or one smaller where the derivative is next to zero.
                if slope.magnitude > 1e-4 { #expect(moved.sign != slope.sign) }
                #expect(moved.magnitude < 1.01e-4)
            }
        }
    }

    @Test(arguments: [(1, 33, 0), (7, 40, 1), (50, 64, 3)])
    func `any executor and any instructions give the same bits`(
        columns: Int, units: Int, outputs: Int
    ) throws {
        let rows = NetworkRows(design(300, columns))
        func trained(_ executor: ParallelExecutor) -> TrainedNetwork? {
            trainNetwork(
                rows, target(300, outputs), training: Array(all(300).prefix(250)),
                validation: Array(all(300).suffix(50)), plan(units, epochs: 2), executor)
        }
        let one = try #require(trained(.serial))
        #expect(one.validationLoss != nil)
        let backwards = ParallelExecutor { count, body in
            for index in (0..<count).reversed() { body(index) }
        }
        #expect(trained(backwards) == one)
        for level in InstructionLevel.available { #expect(trained(serial(level)) == one) }
    }

    @Test func `a rate that is too large ends without a network`() {
        var plan = plan(16, epochs: 30)
        plan.learningRate = 1
        let design = DesignMatrix(
            rows: 100, dense: (0..<100).map { Double($0) * 1e30 }, denseCount: 1, codes: [],
            codeCount: 0, coefficientCount: 2)
        let found = trainNetwork(
            NetworkRows(design), .numbers((0..<100).map { Double($0) * 1e150 }),
            training: all(100), validation: [], plan, .serial)
        #expect(found == nil)
    }
}

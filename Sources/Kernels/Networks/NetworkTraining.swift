internal import CKernels

/// What steers the training of a network.
package struct NetworkPlan: Sendable, Equatable {
    /// Hidden layers.
    package var layers = 2
    /// The results of each.
    package var units = 64
    /// How often all rows pass by.
    package var epochs = 20
    /// The rows of a step.
    package var batch = 256
    /// The length of Adam's steps.
    package var learningRate = 0.001
    /// Half of this times the squared weights is added to the sum of the losses of all rows.
    package var l2 = 0.0
    /// It ends after so many epochs without a lower validation loss.
    package var patience = 5
    /// Of the first weights, and of the order of the rows.
    package var seed: UInt64 = 0

    /// The defaults.
    package init() {}
}

/// What training a network found.
package struct TrainedNetwork: Sendable, Equatable {
    /// The one that was kept.
    package let network: Network
    /// The epochs up to the network that was kept.
    package let epochs: Int
    /// The mean loss of the rows it learnt from.
    package let trainingLoss: Double
    /// The mean loss of the rows kept back; nil where there were none.
    package let validationLoss: Double?
    /// Whether it ended before its last epoch.
    package let stoppedEarly: Bool
}

/// Trains a network by Adam (D. Kingma, J. Ba, 2015; β 0.9 and 0.999, ε 1e-8) on batches of the rows in
/// an order drawn anew each epoch. First weights are normal with variance 2 / inputs (K. He and others,
/// 2015). With validation rows the network of the epoch with the lowest loss on them is kept.
///
/// Everything is added in one order: a row's way through the layers does not depend on the others', and
/// each derivative by a weight takes the rows of its batch in order. Nil where a loss was not a finite
/// number.
package func trainNetwork(
    _ rows: NetworkRows, _ target: NetworkTarget, training: [UInt32], validation: [UInt32],
    _ plan: NetworkPlan, _ executor: ParallelExecutor, observer: StepObserver = .none
) -> TrainedNetwork? {
    let descent = NetworkDescent(rows, target, plan, count: training.count, executor)
    let pass = NetworkPass(descent.layers)
    var best: (epoch: Int, loss: Double, network: Network)?
    var epoch = 0
    var stopped = false
    observer(0, loss: nil, state: descent.state)
    while epoch < plan.epochs, !stopped {
        let loss = descent.runEpoch(epoch, training)
        guard loss.isFinite else { return nil }
        epoch += 1
        observer(epoch, loss: loss, state: descent.state)
        guard !validation.isEmpty else { continue }
        let measured = target.meanLoss(pass.scores(rows, validation, executor), validation)
        guard measured.isFinite else { return nil }
        if measured < best?.loss ?? .infinity {
            best = (epoch, measured, Network(descent.layers))
        }
        stopped = epoch - (best?.epoch ?? 0) >= plan.patience
    }
    let network = best?.network ?? Network(descent.layers)
    let scores = NetworkPass(network.layers).scores(rows, training, executor)
    let loss = target.meanLoss(scores, training)
    guard loss.isFinite else { return nil }
    return TrainedNetwork(
        network: network, epochs: best?.epoch ?? epoch, trainingLoss: loss,
        validationLoss: best?.loss, stoppedEarly: stopped && epoch < plan.epochs)
}

/// A network on its way down. A class for the count of its steps; its memory is shared by threads as
/// `SharedBuffer` says.
private final class NetworkDescent {
    let layers: [NetworkLayer]
    private let rows: NetworkRows
    private let target: NetworkTarget
    private let plan: NetworkPlan
    private let executor: ParallelExecutor
    /// The share of a weight that the penalty adds to its derivative.
    private let decay: Float
    private let moments: [AdamMoments]
    private let results: [SharedBuffer<Float>]
    /// The derivatives by the results of each layer.
    private let derivatives: [SharedBuffer<Float>]
    private let pieces: [Piece]
    /// β^steps.
    private var powers = (first: 1.0, second: 1.0)

    /// Some inputs of a layer, whose weights one thread moves.
    private struct Piece: Sendable {
        let layer: Int
        let inputs: Range<Int>
        let memory: SharedBuffer<Float>
    }

    init(
        _ rows: NetworkRows, _ target: NetworkTarget, _ plan: NetworkPlan, count: Int,
        _ executor: ParallelExecutor
    ) {
        self.rows = rows
        self.target = target
        self.plan = plan
        self.executor = executor
        decay = Float(plan.l2 / Double(max(1, count)))
        let sizes =
            [rows.columns] + [Int](repeating: plan.units, count: plan.layers) + [target.outputs]
        let layers = (1..<sizes.count).map { number in
            NetworkDescent.layer(sizes[number - 1], sizes[number], number, plan.seed)
        }
        self.layers = layers
        moments = layers.map(AdamMoments.init)
        results = NetworkPass(layers).results(rows: plan.batch)
        derivatives = layers.map { SharedBuffer(repeating: 0, count: plan.batch * $0.stride) }
        pieces = layers.indices.flatMap { number in
            stride(from: 0, to: layers[number].inputs, by: 64).map { first in
                Piece(
                    layer: number, inputs: first..<min(first + 64, layers[number].inputs),
                    memory: SharedBuffer(repeating: 0, count: 64 * layers[number].stride))
            }
        }
    }

    private static func layer(
        _ inputs: Int, _ outputs: Int, _ number: Int, _ seed: UInt64
    ) -> NetworkLayer {
        let layer = NetworkLayer(inputs: inputs, outputs: outputs)
        let source = RandomSource(
            seed: seed, purpose: "network weights", substream: UInt64(number))
        let spread = (2 / Double(inputs)).squareRoot()
        for input in 0..<inputs {
            for output in 0..<outputs {
                let value = source.normal(at: UInt64(input * outputs + output))
                layer.set(input, output, Float(spread * value))
            }
        }
        return layer
    }

    /// The bits of all weights.
    var state: [UInt64] {
        let network = Network(layers)
        return network.weights.flatMap { bits($0) } + network.biases.flatMap { bits($0) }
    }

    /// One step for each batch. The mean of the losses on the way.
    func runEpoch(_ epoch: Int, _ training: [UInt32]) -> Double {
        var order = RandomSource(
            seed: plan.seed, purpose: "network order", substream: UInt64(epoch)
        ).generator
        let rows = order.permutation(training.count).map { training[$0] }
        var loss = 0.0
        for first in stride(from: 0, to: rows.count, by: plan.batch) {
            loss += step(rows[first..<min(rows.count, first + plan.batch)])
        }
        return loss / Double(max(1, rows.count))
    }

    /// The sum of the losses of a batch, before the step.
    private func step(_ batch: ArraySlice<UInt32>) -> Double {
        let count = batch.count
        let work = (layers, rows, target, results, derivatives)
        let level = executor.level
        let losses = executor.map((count + NetworkPass.chunk - 1) / NetworkPass.chunk) { chunk in
            let first = chunk * NetworkPass.chunk
            let some = first..<min(count, first + NetworkPass.chunk)
            return BatchPass(work.0, work.1, work.2, work.3, work.4, level)
                .run(
                    batch[(batch.startIndex + some.lowerBound)...].prefix(some.count), at: first,
                    of: count)
        }
        powers.first *= 0.9
        powers.second *= 0.999
        let root = (1 - powers.second).squareRoot()
        let rate = Float(plan.learningRate * root / (1 - powers.first))
        let floor = Float(1e-8 * root)
        let (pieces, moments, decay) = (pieces, moments, decay)
        _ = executor.map(pieces.count) { number in
            let piece = pieces[number]
            let layer = work.0[piece.layer]
            moments[piece.layer].move(
                layer, piece.inputs, piece.memory, rows: count, inputs: work.3[piece.layer],
                derivatives: work.4[piece.layer], AdamStep(rate: rate, floor: floor, decay: decay),
                level)
        }
        return losses.reduce(0, +)
    }
}

/// The way of a batch's rows forth and back.
private struct BatchPass {
    let layers: [NetworkLayer]
    let rows: NetworkRows
    let target: NetworkTarget
    let results: [SharedBuffer<Float>]
    let derivatives: [SharedBuffer<Float>]
    let level: InstructionLevel

    init(
        _ layers: [NetworkLayer], _ rows: NetworkRows, _ target: NetworkTarget,
        _ results: [SharedBuffer<Float>], _ derivatives: [SharedBuffer<Float>],
        _ level: InstructionLevel
    ) {
        self.layers = layers
        self.rows = rows
        self.target = target
        self.results = results
        self.derivatives = derivatives
        self.level = level
    }

    /// Sets the results and the derivatives of some rows, which stand at `place` of a batch. The sum
    /// of their losses.
    func run(_ indices: ArraySlice<UInt32>, at place: Int, of count: Int) -> Double {
        NetworkPass(layers).run(rows, indices, to: results, at: place, level)
        let last = layers.count - 1
        var loss = 0.0
        var scores = [Double](repeating: 0, count: layers[last].outputs)
        for (offset, index) in indices.enumerated() {
            let start = (place + offset) * layers[last].stride
            for output in scores.indices {
                scores[output] = Double(results[last + 1][start + output])
            }
            loss += target.replace(&scores, row: Int(index))
            for output in scores.indices {
                derivatives[last][start + output] = Float(scores[output] / Double(count))
            }
        }
        for number in stride(from: last, to: 0, by: -1) {
            let (layer, below) = (layers[number], layers[number - 1])
            // Unsafe: the rows' places in the memory of a batch.
            unsafe layer.carryBack(
                derivatives[number].start + place * layer.stride, rows: indices.count,
                inputs: results[number].start + place * below.stride,
                derivatives[number - 1].start + place * below.stride, level)
        }
        return loss
    }
}

private struct AdamStep {
    let rate: Float
    let floor: Float
    let decay: Float
}

/// Adam's running means of derivatives and of their squares.
private struct AdamMoments: Sendable {
    private let first: SharedBuffer<Float>
    private let second: SharedBuffer<Float>
    private let biasFirst: SharedBuffer<Float>
    private let biasSecond: SharedBuffer<Float>

    init(_ layer: NetworkLayer) {
        first = SharedBuffer(repeating: 0, count: layer.weights.count)
        second = SharedBuffer(repeating: 0, count: layer.weights.count)
        biasFirst = SharedBuffer(repeating: 0, count: layer.stride)
        biasSecond = SharedBuffer(repeating: 0, count: layer.stride)
    }

    /// Moves the weights of some inputs, and with the first of them the biases. `memory` takes the
    /// derivatives.
    func move(
        _ layer: NetworkLayer, _ range: Range<Int>, _ memory: SharedBuffer<Float>, rows: Int,
        inputs: SharedBuffer<Float>, derivatives: SharedBuffer<Float>, _ step: AdamStep,
        _ level: InstructionLevel
    ) {
        let start = range.lowerBound * layer.stride
        let count = range.count * layer.stride
        precondition(count <= memory.count && start + count <= layer.weights.count)
        // Unsafe: the inputs are the layer's, the rows a batch's.
        unsafe mlk_product_single(
            level.rawValue, range.count, layer.width, rows, inputs.start + range.lowerBound, 1,
            NetworkLayer.stride(layer.inputs), derivatives.start, layer.stride, memory.start,
            layer.stride, 0)
        unsafe mlk_adam(
            level.rawValue, layer.weights.start + start, memory.start, first.start + start,
            second.start + start, count, step.rate, step.floor, step.decay)
        layer.turn(range)
        guard range.lowerBound == 0 else { return }
        for output in 0..<layer.outputs {
            var sum: Float = 0
            for row in 0..<rows { unsafe sum += derivatives.start[row &* layer.stride &+ output] }
            memory[output] = sum
        }
        unsafe mlk_adam(
            level.rawValue, layer.biases.start, memory.start, biasFirst.start, biasSecond.start,
            layer.width, step.rate, step.floor, 0)
    }
}

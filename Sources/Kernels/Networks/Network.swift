internal import CKernels

/// Rows of numbers in single precision.
package struct NetworkRows: Sendable {
    /// The number of rows.
    package let count: Int
    /// The numbers of a row.
    package let columns: Int
    let values: SharedBuffer<Float>

    /// The dense columns of a matrix without codes.
    package init(_ design: DesignMatrix) {
        precondition(design.codeCount == 0)
        count = design.rows
        columns = design.denseCount
        values = unsafe SharedBuffer(unset: count * columns)
        // Unsafe: as many as there are.
        for index in design.dense.indices {
            unsafe values.start[index] = Float(design.dense[index])
        }
    }
}

/// A feed-forward network: layers of max(0, W x + b), and a last one without the maximum.
package struct Network: Sendable, Equatable {
    /// The numbers of a row, the results of each layer, the scores.
    package let sizes: [Int]
    /// For each layer its weights, a row for each input.
    package let weights: [[Float]]
    /// For each layer what is added to its results.
    package let biases: [[Float]]

    /// The network with these parts, which fit each other.
    package init(sizes: [Int], weights: [[Float]], biases: [[Float]]) {
        precondition(sizes.count > 1 && weights.count == sizes.count - 1)
        for layer in weights.indices {
            precondition(weights[layer].count == sizes[layer] * sizes[layer + 1])
            precondition(biases[layer].count == sizes[layer + 1])
        }
        self.sizes = sizes
        self.weights = weights
        self.biases = biases
    }

    /// The scores of every output for every row.
    package func scores(_ rows: NetworkRows, _ executor: ParallelExecutor) -> [[Double]] {
        let pass = NetworkPass(layers)
        return pass.scores(rows, (0..<UInt32(rows.count)).map { $0 }, executor)
    }

    /// The layers as they are computed with.
    var layers: [NetworkLayer] {
        weights.indices.map { index in
            let layer = NetworkLayer(inputs: sizes[index], outputs: sizes[index + 1])
            for input in 0..<layer.inputs {
                for output in 0..<layer.outputs {
                    layer.set(input, output, weights[index][input * layer.outputs + output])
                }
            }
            for output in 0..<layer.outputs { layer.biases[output] = biases[index][output] }
            return layer
        }
    }

    init(_ layers: [NetworkLayer]) {
        let plain = layers.map { $0.plain }
        self.init(
            sizes: layers.map { $0.inputs } + [layers.last?.outputs ?? 0],
            weights: plain.map { $0.weights }, biases: plain.map { $0.biases })
    }
}

/// The way of rows through layers, some at a time.
struct NetworkPass: Sendable {
    let layers: [NetworkLayer]

    /// Rows that a thread takes through all layers at once.
    static let chunk = 32

    init(_ layers: [NetworkLayer]) { self.layers = layers }

    /// Memory for the results of every layer for some rows, the rows themselves first.
    func results(rows: Int) -> [SharedBuffer<Float>] {
        (layers.map { NetworkLayer.stride($0.inputs) } + layers.suffix(1).map { $0.stride }).map {
            SharedBuffer(repeating: 0, count: rows * $0)
        }
    }

    /// Takes the rows at `indices[range]` through all layers, to their places in `results`.
    func run(
        _ rows: NetworkRows, _ indices: ArraySlice<UInt32>, to results: [SharedBuffer<Float>],
        at place: Int, _ level: InstructionLevel
    ) {
        let inputStride = NetworkLayer.stride(rows.columns)
        precondition(rows.columns == layers[0].inputs)
        precondition((place + indices.count) * inputStride <= results[0].count)
        // Unsafe, here and below: rows are those of the table, places those of the results.
        for (offset, index) in indices.enumerated() {
            precondition(index < rows.count)
            unsafe (results[0].start + (place + offset) * inputStride).update(
                from: rows.values.start + Int(index) * rows.columns, count: rows.columns)
        }
        var stride = inputStride
        for (number, layer) in layers.enumerated() {
            unsafe layer.apply(
                results[number].start + place * stride, stride, rows: indices.count,
                isHidden: number + 1 < layers.count,
                results[number + 1].start + place * layer.stride, level)
            stride = layer.stride
        }
    }

    /// The scores of some rows, output by output.
    func scores(
        _ rows: NetworkRows, _ indices: [UInt32], _ executor: ParallelExecutor
    ) -> [[Double]] {
        let last = layers[layers.count - 1]
        let blocks = RowBlocks(rows: indices.count)
        let parts = executor.map(blocks.count) { block in
            let range = blocks.range(block)
            let memory = results(rows: NetworkPass.chunk)
            var scores = [[Double]](repeating: [], count: last.outputs)
            for first in stride(from: range.lowerBound, to: range.upperBound, by: NetworkPass.chunk)
            {
                let some = first..<min(range.upperBound, first + NetworkPass.chunk)
                run(rows, indices[some], to: memory, at: 0, executor.level)
                for output in 0..<last.outputs {
                    for row in 0..<some.count {
                        scores[output].append(
                            Double(memory[layers.count][row * last.stride + output]))
                    }
                }
            }
            return scores
        }
        return (0..<last.outputs).map { output in Array(parts.map { $0[output] }.joined()) }
    }
}

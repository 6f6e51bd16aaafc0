internal import CKernels

/// A layer of a network in single precision: what its inputs are multiplied with, and what is added.
///
/// Rows of memory are whole vectors, and an odd number of cache lines, so that those below each other
/// do not fall on the same places of the cache. What is behind the last output is zero and stays so.
struct NetworkLayer: Sendable {
    let inputs: Int
    let outputs: Int
    /// The outputs, up to a whole number of vectors.
    let width: Int
    /// From a row to the next, of weights and of results.
    let stride: Int
    /// A row for each input.
    let weights: SharedBuffer<Float>
    /// The same with a row for each output, as derivatives go backwards.
    let turned: SharedBuffer<Float>
    let biases: SharedBuffer<Float>

    static func width(_ count: Int) -> Int { (count + 31) / 32 * 32 }
    static func stride(_ count: Int) -> Int { width(count) + 16 }

    /// A layer of zeros.
    init(inputs: Int, outputs: Int) {
        self.inputs = inputs
        self.outputs = outputs
        width = NetworkLayer.width(outputs)
        stride = NetworkLayer.stride(outputs)
        weights = SharedBuffer(repeating: 0, count: inputs * stride)
        turned = SharedBuffer(repeating: 0, count: outputs * NetworkLayer.stride(inputs))
        biases = SharedBuffer(repeating: 0, count: stride)
    }

    /// Sets a weight.
    func set(_ input: Int, _ output: Int, _ value: Float) {
        weights[input * stride + output] = value
        turned[output * NetworkLayer.stride(inputs) + input] = value
    }

    /// Copies the weights of some inputs to where derivatives want them.
    func turn(_ rows: Range<Int>) {
        precondition(rows.upperBound <= inputs)
        let across = NetworkLayer.stride(inputs)
        // Unsafe: inputs and outputs are the layer's.
        for input in rows {
            for output in 0..<outputs {
                unsafe turned.start[output &* across &+ input] =
                    weights.start[input &* stride &+ output]
            }
        }
    }

    /// Sets `results` to the layer's of some rows: sums of the bias and the inputs in their order;
    /// below zero set to zero where the layer is a hidden one.
    @unsafe func apply(
        _ values: UnsafePointer<Float>, _ valueStride: Int, rows: Int, isHidden: Bool,
        _ results: UnsafeMutablePointer<Float>, _ level: InstructionLevel
    ) {
        for row in 0..<rows {
            unsafe (results + row * stride).update(from: biases.start, count: stride)
        }
        unsafe mlk_product_single(
            level.rawValue, rows, width, inputs, values, valueStride, 1, weights.start, stride,
            results, stride, 1)
        if isHidden { unsafe mlk_rectify(results, rows * stride) }
    }

    /// Sets `below` to the derivatives by the layer's inputs, from those by its results; zero where
    /// the input was.
    @unsafe func carryBack(
        _ derivatives: UnsafePointer<Float>, rows: Int, inputs values: UnsafePointer<Float>,
        _ below: UnsafeMutablePointer<Float>, _ level: InstructionLevel
    ) {
        let across = NetworkLayer.stride(inputs)
        unsafe mlk_product_single(
            level.rawValue, rows, NetworkLayer.width(inputs), outputs, derivatives, stride, 1,
            turned.start, across, below, across, 0)
        unsafe mlk_mask(below, values, rows * across)
    }

    /// The weights and biases without padding.
    var plain: (weights: [Float], biases: [Float]) {
        (
            (0..<inputs).flatMap { input in
                (0..<outputs).map { weights[input * stride + $0] }
            }, (0..<outputs).map { biases[$0] }
        )
    }
}

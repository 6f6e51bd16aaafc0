import Kernels
import Platform
import Vocabulary

/// A model of bf16 weights, N(0, 0.02), in safetensors; and what fine-tuning makes of it.
struct ModelWeights {
    let seed: UInt64
    let sizeBytes: Int
    /// Weights of a tensor.
    private static let tensorCount = 4 << 20

    /// Writes the model. Of the fine-tuned one a third of the tensors moved a little (by a hundredth
    /// of the spread of the weights), and 7 % were trained anew.
    func write(to path: DiskPath, fineTuned: Bool = false) throws {
        let tensors = max(1, sizeBytes / 2 / ModelWeights.tensorCount)
        let count = min(ModelWeights.tensorCount, sizeBytes / 2)
        var out = try BufferedOutput(path)
        try out.append { appendHeader(tensors, count, to: &$0) }
        for tensor in 0..<tensors {
            try write(tensor, of: tensors, count, fineTuned, to: &out)
        }
        try out.close()
    }

    private func appendHeader(_ tensors: Int, _ count: Int, to out: inout [UInt8]) {
        var header = Array("{".utf8)
        for tensor in 0..<tensors {
            if tensor > 0 { header.append(0x2c) }
            header +=
                """
                "layers.\(tensor).weight":{"dtype":"BF16","shape":[\(count / 1024),1024],\
                "data_offsets":[\(tensor * count * 2),\((tensor + 1) * count * 2)]}
                """.utf8
        }
        header.append(0x7d)
        while header.count % 8 != 0 { header.append(0x20) }
        for shift in stride(from: 0, to: 64, by: 8) {
            out.append(UInt8(truncatingIfNeeded: header.count >> shift))
        }
        out += header
    }

    private func write(
        _ tensor: Int, of tensors: Int, _ count: Int, _ fineTuned: Bool,
        to out: inout BufferedOutput
    ) throws {
        // 7 of 100 tensors anew and 33 moved, spread evenly over the model.
        let share = tensor * 100 / tensors
        let isNew = fineTuned && share % 14 == 13
        let isMoved = fineTuned && share % 3 == 1 && !isNew
        let weights = RandomSource(
            seed: seed, purpose: isNew ? "anew" : "weights", substream: UInt64(tensor))
        let moves = RandomSource(seed: seed, purpose: "moves", substream: UInt64(tensor))
        for start in stride(from: 0, to: count, by: 1 << 16) {
            let end = min(count, start + 1 << 16)
            try out.append { buffer in
                for index in start..<end {
                    var weight = 0.02 * weights.normal(at: UInt64(index))
                    if isMoved { weight += 0.0002 * moves.normal(at: UInt64(index)) }
                    let bits = Float(weight).bitPattern
                    // Round to nearest: the low half is what bf16 leaves out.
                    let rounded = (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16
                    buffer.append(UInt8(truncatingIfNeeded: rounded))
                    buffer.append(UInt8(truncatingIfNeeded: rounded >> 8))
                }
            }
        }
    }
}

/// Bytes that nothing compresses.
func writeRandomFile(to path: DiskPath, sizeBytes: Int, seed: UInt64) throws {
    let source = RandomSource(seed: seed, purpose: "bytes")
    var out = try BufferedOutput(path)
    var position: UInt64 = 0
    while out.count < sizeBytes {
        try out.append { buffer in
            for _ in 0..<4096 {
                let words = source.words(at: position)
                position += 1
                buffer.append(words: words)
            }
        }
    }
    try out.close()
}

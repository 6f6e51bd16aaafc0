import Platform
import Vocabulary

/// Weights of a model, and of the next version of it.
@Sendable func benchModel(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let size = bench.scaled(512 << 20, minimum: 16 << 20)
        try bench.freshWorkspace(here)
        let weights = ModelWeights(seed: 5, sizeBytes: size)
        let file = here / "model.safetensors"
        try weights.write(to: file)
        let raw = try fileSize(file)
        try bench.run([bench.mlstore, "add", "--quiet", "model.safetensors"], in: here)
        let first = try storeSize(here)
        bench.compareSizes(
            "stored of a bf16 model", first, "raw", raw, Targets(engine: .atMost(0.70)))
        try weights.write(to: file, fineTuned: true)
        try bench.run([bench.mlstore, "add", "--quiet", "model.safetensors"], in: here)
        bench.compareSizes(
            "stored more for the fine-tuned model (a third of the tensors moved, 7 % new)",
            try storeSize(here) - first, "raw", raw, Targets(engine: .atMost(0.12)))
    }
}

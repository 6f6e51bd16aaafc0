package import Vocabulary

/// What people call a tracked path.
package enum ArtifactKind: String, Hashable, Sendable, CaseIterable {
    /// Data to learn from or to test on.
    case dataset
    /// Data made for a learner by a transformation.
    case features
    /// What a training made.
    case model
    /// Anything else.
    case other

    /// The name in pointers and on the command line.
    package var name: String { rawValue }

    /// The kind that the ending of the name suggests: known model formats are models, all else
    /// is a dataset.
    package static func guess(for path: RepoPath) -> ArtifactKind {
        let name = String(decoding: path.lastComponent, as: UTF8.self).lowercased()
        return modelEndings.contains { name.hasSuffix($0) } ? .model : .dataset
    }

    /// Endings of model files; adding a format is one line.
    private static let modelEndings = [
        ".mlmodel",
        ".safetensors",
        ".gguf",
        ".onnx",
        ".pt",
        ".pth",
        ".ckpt",
        ".h5",
        ".keras",
        ".tflite",
        ".joblib",
        ".pkl",
        ".cbm",
        ".ubj",
    ]
}

import Bytes
import Kernels
import Learning
import Pipelines
import Synchronization
import Vocabulary

/// What stage files hold in other languages, and what tracers write.
let pipelineTargets = [
    FuzzTarget("trace", parseTrace),
    FuzzTarget("python-constants") { _ = try Parameters(parsing: $0, file: "settings.py") },
    FuzzTarget("expression", runExpression),
    FuzzTarget(
        "column-statistics", sample: { try KeptStatistics.found.get().sample },
        { try KeptStatistics.found.get().use($0) }),
]

/// The lines of a trace, those that are none passed over: of one at least something must be read.
@Sendable private func parseTrace(_ bytes: [UInt8]) throws {
    var accesses = FileAccesses(root: Array("/w".utf8), folder: Array("/w/sub".utf8))
    var failure: DecodeError?
    var hasRead = false
    for line in bytes.split(separator: 0x0a) {
        do throws(DecodeError) {
            try accesses.take(Array(line))
            hasRead = true
        } catch { failure = error }
    }
    accesses.finish()
    for path in accesses.read.union(accesses.written).union(accesses.removed) {
        try require(
            !path.components.contains { $0.elementsEqual(".mlstore".utf8) },
            "a path of mlstore's own")
    }
    if let failure, !hasRead { throw failure }
}

/// An expression as a condition and as a new column, over a table of all kinds of values.
@Sendable private func runExpression(_ bytes: [UInt8]) throws {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw DecodeError(at: 0, "the expression is no text")
    }
    let table = Array("n,x,s,b\n1,0.5,one,true\n-7,1e300,,false\n,,two words,\n".utf8)
    var isRead = false
    var failure: (any Error)?
    for operation in [["filter": .string(text)], ["derive": ["new": .string(text)]]] as [JSONValue]
    {
        do {
            let step = try StepDescription.parse(
                ["features": ["data": "t.csv", "do": .array([operation])]], outputs: ["f.csv"])
            let source = ByteSource(name: "t.csv") {
                var rest = table
                return {
                    defer { rest = [] }
                    return rest
                }
            }
            _ = try step.run(
                inputs: ["t.csv": source], outputs: ["f.csv": ByteSink { _ in }],
                context: StepContext(executor: .serial, log: { _ in }))
            isRead = true
        } catch { failure = error }
    }
    if !isRead, let failure { throw failure }
}

/// A `features` step over a table of which something is kept: what is fed stands for the statistics of its
/// columns.
private struct KeptStatistics: Sendable {
    /// What the step keeps of the table whatever it learns, by key.
    private let layout: [Digest: [UInt8]]
    /// The statistics as the step keeps them.
    let sample: [UInt8]

    static let found = Result { try KeptStatistics() }

    private static let table = Array(
        "x,y,city\n1,0.5,Oslo\n,1e300,Bergen\n-7,-0.25,\n7,,Oslo\n1,3,Bodo\n".utf8)
    /// One that learns nothing, and those that ask everything there is to learn.
    private static let plain: [JSONValue] = [["derive": ["twice": "x * 2"]]]
    private static let learning: [JSONValue] = [
        ["impute": ["x": "median", "y": "mean", "city": "mode"]],
        ["target_encoding": ["columns": ["city"], "target": "x"]],
        ["scale": ["y": "standard"]],
    ]
    private static let oneHot: [JSONValue] = [["one_hot": ["city"]]]

    private init() throws {
        let kept = try KeptStatistics.run(KeptStatistics.plain) { _ in nil }
        let all = try KeptStatistics.run(KeptStatistics.plain + KeptStatistics.learning) {
            kept[$0]
        }
        layout = kept
        let new = all.filter { kept[$0.key] == nil }
        guard let statistics = new.values.first, new.count == 1 else {
            throw WrongResult("a step that keeps \(new.count) statistics")
        }
        sample = statistics
    }

    /// Lets steps find `bytes`. Throws `DecodeError` where none of them believed these: it kept its own.
    func use(_ bytes: [UInt8]) throws {
        var isBelieved = false
        for operations in [KeptStatistics.learning, KeptStatistics.oneHot] {
            let saved = try KeptStatistics.run(KeptStatistics.plain + operations) {
                layout[$0] ?? bytes
            }
            if saved.isEmpty { isBelieved = true }
        }
        guard isBelieved else { throw DecodeError(at: 0, "no statistics of these columns") }
    }

    /// What the step saves.
    private static func run(
        _ operations: [JSONValue], load: @escaping @Sendable (Digest) -> [UInt8]?
    ) throws -> [Digest: [UInt8]] {
        let outputs = ["f.csv", "fit"]
        let isFitted = operations.count > plain.count
        let step = try StepDescription.parse(
            ["features": ["data": "t.csv", "do": .array(operations)]],
            outputs: isFitted ? outputs : ["f.csv"])
        let store = SavedPieces()
        let pieces = ContentPieces(
            pieces: [.init(id: sha256(table), sizeBytes: table.count)], read: { _ in table },
            load: load, save: { bytes, key in store.put(bytes, key) })
        let source = ByteSource(name: "t.csv", pieces: { pieces }) {
            var rest = table
            return {
                defer { rest = [] }
                return rest
            }
        }
        _ = try step.run(
            inputs: ["t.csv": source],
            outputs: Dictionary(
                uniqueKeysWithValues: step.outputs.map { ($0.path, ByteSink { _ in }) }),
            context: StepContext(executor: .serial, log: { _ in }))
        return store.all
    }
}

/// What a step kept of a table, by key.
private final class SavedPieces: Sendable {
    private let saved = Mutex<[Digest: [UInt8]]>([:])

    var all: [Digest: [UInt8]] { saved.withLock { $0 } }

    func put(_ bytes: [UInt8], _ key: Digest) { saved.withLock { $0[key] = bytes } }
}

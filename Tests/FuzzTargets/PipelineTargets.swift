import Bytes
import Kernels
import Learning
import Pipelines
import Vocabulary

/// What stage files hold in other languages, and what tracers write.
let pipelineTargets = [
    FuzzTarget("trace", parseTrace),
    FuzzTarget("python-constants") { _ = try Parameters(parsing: $0, file: "settings.py") },
    FuzzTarget("expression", runExpression),
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

import Bytes
import Kernels
import Learning
import Platform
import Synchronization
import Tables
import Vocabulary

/// Parses and runs a step on tables in memory; the bytes of its outputs by path.
func run(
    _ step: JSONValue, outputs: [String], on files: [String: String],
    executor: ParallelExecutor = .serial, pieceBytes: Int = .max
) throws -> [String: [UInt8]] {
    try run(
        step, outputs: outputs, onBytes: files.mapValues { Array($0.utf8) }, executor: executor,
        pieceBytes: pieceBytes)
}

func run(
    _ step: JSONValue, outputs: [String], onBytes files: [String: [UInt8]],
    executor: ParallelExecutor = .serial, pieceBytes: Int = .max
) throws -> [String: [UInt8]] {
    let description = try StepDescription.parse(step, outputs: outputs)
    var sources: [String: ByteSource] = [:]
    for (path, bytes) in files { sources[path] = source(path, bytes, pieceBytes) }
    var written: [String: [UInt8]] = [:]
    var sinks: [String: ByteSink] = [:]
    for file in description.outputs {
        sinks[file.path] = ByteSink { written[file.path, default: []] += $0 }
    }
    _ = try description.run(
        inputs: sources, outputs: sinks, context: StepContext(executor: executor))
    return written
}

/// A source that hands out pieces of at most so many bytes.
private func source(_ path: String, _ bytes: [UInt8], _ pieceBytes: Int) -> ByteSource {
    @Sendable func ranges() -> TableRanges {
        TableRanges(sizeBytes: bytes.count) { Array(bytes[$0]) }
    }
    return ByteSource(name: path, ranges: ranges) {
        var offset = 0
        return {
            let piece = bytes[offset...].prefix(pieceBytes)
            offset += piece.count
            return Array(piece)
        }
    }
}

func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

/// The error that `body` throws; nil when it throws none, or another sort.
func storeError(_ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StoreError
    }
}

/// An executor of that many real threads, which use some instructions.
func executor(_ threads: Int, _ level: InstructionLevel = .best) -> ParallelExecutor {
    ParallelExecutor(level: level) { count, body in
        // The body does not throw, so neither does this.
        try? parallelForEach(count: count, threads: threads) { body($0) }
    }
}

/// The model document inside the header of a model file.
func modelDocument(_ model: [UInt8]) throws -> JSONValue {
    let metadata = try header(model).json["__metadata__"]
    return try JSONValue(parsing: Array((metadata?["model"]?.stringValue ?? "").utf8))
}

private func header(_ model: [UInt8]) throws -> (json: JSONValue, end: Int) {
    var cursor = ByteCursor()
    let length = Int(try cursor.uint64(model.span))
    return (try JSONValue(parsing: Array(model[8..<(8 + length)])), 8 + length)
}

/// The arrays of a model file, read as any safetensors reader would.
func tensors(_ model: [UInt8]) throws -> [String: [Double]] {
    let (header, end) = try header(model)
    var cursor = ByteCursor()
    var result: [String: [Double]] = [:]
    for (name, entry) in header.objectValue ?? [:] where name != "__metadata__" {
        let offsets = (entry["data_offsets"]?.arrayValue ?? []).compactMap(\.integerValue)
        cursor.offset = end + Int(offsets[0])
        result[name] = try (0..<Int(offsets[1] - offsets[0]) / 8).map { _ in
            Double(bitPattern: try cursor.uint64(model.span))
        }
    }
    return result
}

/// What a step logs.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

import Synchronization
import Vocabulary

/// Keeps the lines that a child prints, and passes each on as it comes.
final class LineCollector: Sendable {
    private let kept = Mutex<[String]>([])
    private let onLine: @Sendable (String) -> Void

    init(_ onLine: @escaping @Sendable (String) -> Void) { self.onLine = onLine }

    /// The lines so far.
    var lines: [String] { kept.withLock { $0 } }

    /// One more line, as bytes.
    func add(_ bytes: [UInt8]) {
        let line = String(decoding: bytes, as: UTF8.self)
        kept.withLock { $0.append(line) }
        onLine(line)
    }
}

import Platform
import Vocabulary

/// A line on standard error for each request: when, who, what, how it ended. Never a query, a header
/// or a token.
struct AccessLog: Sendable {
    /// Whether there are such lines.
    let isOn: Bool

    func write(_ line: String) {
        guard isOn else { return }
        let time = WallClock.system.now()
        Environment.writeStandardError(Array("\(time) \(line)\n".utf8))
    }
}

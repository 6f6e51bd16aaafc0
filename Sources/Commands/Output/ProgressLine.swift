import Platform
import Synchronization
import Vocabulary

/// One line on standard error that tells how far a long command is. Shown only on a terminal,
/// ten times a second at most, and wiped before anything else is printed.
final class ProgressLine: Sendable {
    /// What is counted.
    enum Unit {
        case bytes
        case items(String)
    }

    private struct State {
        var started: UInt64?
        var lastShown: UInt64?
        var label = ""
        var isVisible = false
    }

    private let isShown: Bool
    private let state = Mutex(State())

    init(isShown: Bool) { self.isShown = isShown }

    /// Tells how much is done; safe from any thread.
    func update(_ label: String, done: Int, total: Int?, unit: Unit) {
        guard isShown else { return }
        let now = monotonicNanoseconds()
        let line: String? = state.withLock { state in
            if state.label != label {
                state.label = label
                state.started = now
                state.lastShown = nil
            }
            if let last = state.lastShown, now - last < 100_000_000 { return nil }
            // A command that ends within the first moments never flickers.
            guard let started = state.started, now - started >= 300_000_000 else {
                return nil
            }
            state.lastShown = now
            state.isVisible = true
            let seconds = Double(now - started) / 1e9
            return progressText(label, done: done, total: total, seconds: seconds, unit: unit)
        }
        if let line { writeError("\r\u{1b}[K" + line) }
    }

    /// Wipes the line.
    func finish() {
        let wasVisible = state.withLock { state in
            defer { state = State() }
            return state.isVisible
        }
        if wasVisible { writeError("\r\u{1b}[K") }
    }

    private func writeError(_ text: String) {
        Environment.writeStandardError(Array(text.utf8))
    }
}

/// `storing  1.20 GB of 3.00 GB  40 %  210 MB/s  9 s left`.
func progressText(
    _ label: String, done: Int, total: Int?, seconds: Double, unit: ProgressLine.Unit
) -> String {
    func amount(_ number: Int) -> String {
        switch unit {
        case .bytes: ByteCount(number).description
        case .items(let noun): counted(number, noun)
        }
    }
    var parts = [label]
    if let total, total > 0 {
        parts.append("\(amount(done)) of \(amount(total))")
        parts.append("\(min(100, done * 100 / total)) %")
    } else {
        parts.append(amount(done))
    }
    if seconds > 0 {
        let rate = Int(Double(done) / seconds)
        parts.append("\(amount(rate))/s")
        if let total, rate > 0, done < total {
            parts.append("\(durationText(seconds: (total - done) / rate)) left")
        }
    }
    return parts.joined(separator: "  ")
}

/// `9 s`, `3 min 20 s`, `2 h 5 min`.
func durationText(seconds: Int) -> String {
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
    return "\(seconds / 3600) h \(seconds / 60 % 60) min"
}

/// `12 ms`, `1.3 s`, and from a minute on as `durationText(seconds:)`.
func durationText(milliseconds: Int) -> String {
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    if milliseconds < 60_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s" }
    return durationText(seconds: milliseconds / 1000)
}

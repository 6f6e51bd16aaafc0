import Synchronization

/// What was done since the start, in the text format of Prometheus.
final class ServiceMetrics: Sendable {
    private struct Counts {
        var requests: [String: Int] = [:]
        var receivedBytes = 0
        var sentBytes = 0
        var running = 0
        var milliseconds = 0
        var finished = 0
    }

    private let counts = Mutex(Counts())

    func began() { counts.withLock { $0.running += 1 } }

    func ended(method: String, status: Int, received: Int, sent: Int, milliseconds: Int) {
        counts.withLock { counts in
            counts.running -= 1
            counts.finished += 1
            counts.milliseconds += milliseconds
            counts.receivedBytes += received
            counts.sentBytes += sent
            counts.requests["method=\"\(method)\",status=\"\(status)\"", default: 0] += 1
        }
    }

    var text: String {
        let now = counts.withLock { $0 }
        var lines = [
            "# HELP mlstore_requests_total Requests that were answered.",
            "# TYPE mlstore_requests_total counter",
        ]
        for (labels, count) in now.requests.sorted(by: { $0.key < $1.key }) {
            lines.append("mlstore_requests_total{\(labels)} \(count)")
        }
        let seconds =
            "\(now.milliseconds / 1000).\(String(now.milliseconds % 1000 + 1000).dropFirst())"
        lines += [
            "# HELP mlstore_received_bytes_total Bytes of bodies of requests.",
            "# TYPE mlstore_received_bytes_total counter",
            "mlstore_received_bytes_total \(now.receivedBytes)",
            "# HELP mlstore_sent_bytes_total Bytes of bodies of answers.",
            "# TYPE mlstore_sent_bytes_total counter",
            "mlstore_sent_bytes_total \(now.sentBytes)",
            "# HELP mlstore_requests_running Requests that are being answered.",
            "# TYPE mlstore_requests_running gauge",
            "mlstore_requests_running \(now.running)",
            "# HELP mlstore_request_seconds The time that requests took.",
            "# TYPE mlstore_request_seconds summary",
            "mlstore_request_seconds_sum \(seconds)",
            "mlstore_request_seconds_count \(now.finished)",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A request being counted: told once, when its answer is out or broke off.
final class RequestRecord: Sendable {
    private let metrics: ServiceMetrics
    private let log: AccessLog
    private let method: String
    private let path: String
    private let start = ContinuousClock.now
    private let state = Mutex((name: "-", received: 0, sent: 0, isTold: false))

    init(_ metrics: ServiceMetrics, _ log: AccessLog, method: String, path: String) {
        self.metrics = metrics
        self.log = log
        self.method = method
        self.path = path
        metrics.began()
    }

    func named(_ name: String) { state.withLock { $0.name = name } }
    func received(_ count: Int) { state.withLock { $0.received += count } }
    func sent(_ count: Int) { state.withLock { $0.sent += count } }

    /// Counts and logs the request.
    func end(status: Int) {
        let now = state.withLock { state in
            defer { state.isTold = true }
            return state
        }
        guard !now.isTold else { return }
        let duration = start.duration(to: .now).components
        let milliseconds =
            Int(duration.seconds) * 1000 + Int(duration.attoseconds / 1_000_000_000_000_000)
        metrics.ended(
            method: method, status: status, received: now.received, sent: now.sent,
            milliseconds: milliseconds)
        log.write(
            "\(now.name) \(method) \(path) \(status) in=\(now.received) out=\(now.sent)"
                + " ms=\(milliseconds)")
    }
}

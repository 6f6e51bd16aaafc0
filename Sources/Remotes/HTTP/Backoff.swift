package import Platform
import Vocabulary

/// How long to wait before a request is sent again: exponentially longer, by chance anywhere from
/// nothing to the whole of it, so that many clients do not come back at once.
package struct Backoff: Sendable {
    /// How often a request is sent in all.
    package var attempts = 8
    /// The longest first pause.
    package var baseMilliseconds = 100
    /// The longest pause.
    package var maximumMilliseconds = 20_000
    private let entropy: Entropy
    private let pause: @Sendable (Int) throws -> Void

    /// Pauses of the system's clock.
    package init(entropy: Entropy = .system) {
        self.init(entropy: entropy, pause: attentivePause)
    }

    /// Pauses by `pause`: for tests.
    package init(entropy: Entropy, pause: @escaping @Sendable (Int) throws -> Void) {
        self.entropy = entropy
        self.pause = pause
    }

    /// Waits after the attempt with that number (from 1); at least as long as the server asked for,
    /// within the maximum.
    package func wait(after attempt: Int, atLeast asked: Int = 0) throws {
        let longest = min(maximumMilliseconds, baseMilliseconds << min(attempt - 1, 16))
        let random = entropy.bytes(4).reduce(0) { $0 << 8 | Int($1) }
        try pause(max(min(asked, maximumMilliseconds), random % (longest + 1)))
    }
}

extension Backoff {
    /// Sends what may be repeated: again after a broken connection, and when the server is busy.
    /// `request` makes the request of each attempt, `failed` the error of the last.
    func send(
        by transport: any HTTPTransport, _ request: () throws -> HTTPRequest,
        failed: (HTTPFailure) -> StoreError
    ) throws -> HTTPResponse {
        var attempt = 1
        while true {
            let request = try request()
            var asked = 0
            do throws(HTTPFailure) {
                let response = try transport.send(request)
                let isBusy = [408, 429, 500, 502, 503, 504].contains(response.status)
                guard isBusy, attempt < attempts else { return response }
                asked = response.askedMilliseconds
            } catch {
                guard error.isTransient, error.kind != .cannotConnect, attempt < attempts else {
                    throw failed(error)
                }
            }
            try wait(after: attempt, atLeast: asked)
            attempt += 1
        }
    }
}

/// Lets this thread sleep, in steps, so that a signal is noticed: throws `.interrupted` then.
func attentivePause(milliseconds: Int) throws {
    let end = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    while true {
        try SignalWatch.check()
        let now = monotonicNanoseconds()
        guard now < end else { return }
        pause(milliseconds: min(100, Int((end - now) / 1_000_000) + 1))
    }
}

extension HTTPResponse {
    /// How long the server asks to wait before the next request; 0 when it does not say.
    var askedMilliseconds: Int {
        let seconds = headers["retry-after"].flatMap { Int($0) } ?? 0
        return min(max(seconds, 0), 3600) * 1000
    }
}

import Platform
import Synchronization

/// Lets so many bytes pass in a second, on average, over all threads together.
///
/// What passes is paid for by what comes after it: the first piece may pass at once, and the next
/// waits for as long as the bytes before it take at that rate. Time in which nothing passes is not
/// saved up. So pieces must be small: `pieceBytes`.
package final class RateLimit: Sendable {
    private let bytesPerSecond: Int
    private let now: @Sendable () -> UInt64
    private let pause: @Sendable (_ milliseconds: Int) throws -> Void
    /// When all that passed is paid for, in the nanoseconds of `now`.
    private let paid = Mutex<UInt64>(0)

    /// A limit with the machine's clock. The rate is at least 1.
    package convenience init(bytesPerSecond: Int) {
        self.init(
            bytesPerSecond: bytesPerSecond, now: monotonicNanoseconds, pause: attentivePause)
    }

    /// A limit by another clock, in nanoseconds: for tests.
    package init(
        bytesPerSecond: Int, now: @escaping @Sendable () -> UInt64,
        pause: @escaping @Sendable (_ milliseconds: Int) throws -> Void
    ) {
        self.bytesPerSecond = max(1, bytesPerSecond)
        self.now = now
        self.pause = pause
    }

    /// The most bytes that should pass at once: what goes in a sixteenth of a second, within reason.
    package var pieceBytes: Int { min(max(bytesPerSecond / 16, 1 << 10), 1 << 20) }

    /// Waits until so many bytes may pass; throws `.interrupted` on a signal.
    package func pass(_ bytes: Int) throws {
        let moment = now()
        let start = take(bytes, at: moment)
        // Rounded up, so that the rate is never above the limit.
        if start > moment { try pause(Int(clamping: (start - moment + 999_999) / 1_000_000)) }
    }

    /// How many nanoseconds nothing may pass yet, for who cannot wait in `pass`; 0: a piece may now.
    func remaining() -> UInt64 {
        let moment = now()
        return paid.withLock { $0 > moment ? $0 - moment : 0 }
    }

    /// Counts a piece that passes now, since nothing was `remaining`.
    func count(_ bytes: Int) { _ = take(bytes, at: now()) }

    private func take(_ bytes: Int, at moment: UInt64) -> UInt64 {
        paid.withLock { paid in
            let start = max(moment, paid)
            paid = start + cost(bytes)
            return start
        }
    }

    private func cost(_ bytes: Int) -> UInt64 {
        let (high, low) = UInt64(max(0, bytes)).multipliedFullWidth(by: 1_000_000_000)
        // A rate so low that it does not fit is a matter of centuries.
        guard high < UInt64(bytesPerSecond) else { return UInt64.max >> 2 }
        return min(UInt64(bytesPerSecond).dividingFullWidth((high, low)).quotient, .max >> 2)
    }
}

/// A limit that is set, or not yet.
package final class RateLimitSetting: Sendable {
    private let limit = Mutex<RateLimit?>(nil)

    /// No limit.
    package init() {}

    /// The limit; nil: none.
    package var current: RateLimit? { limit.withLock { $0 } }

    /// Sets it.
    package func set(_ new: RateLimit) { limit.withLock { $0 = new } }
}

import Platform
import Synchronization

/// Lets so many bytes pass in a second, on average, over all threads together.
///
/// What passes is paid for by those that come after it: the first may pass at once, however much it
/// is, and the next waits for as long as the bytes before it take at that rate. Time in which nothing
/// passes is not saved up.
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

    /// Waits until so many bytes may pass; throws `.interrupted` on a signal.
    package func pass(_ bytes: Int) throws {
        let moment = now()
        let start = paid.withLock { paid in
            let start = max(moment, paid)
            paid = start + cost(bytes)
            return start
        }
        // Rounded up, so that the rate is never above the limit.
        if start > moment { try pause(Int(clamping: (start - moment + 999_999) / 1_000_000)) }
    }

    private func cost(_ bytes: Int) -> UInt64 {
        let (high, low) = UInt64(max(0, bytes)).multipliedFullWidth(by: 1_000_000_000)
        // A rate so low that it does not fit is a matter of centuries.
        guard high < UInt64(bytesPerSecond) else { return UInt64.max >> 2 }
        return min(UInt64(bytesPerSecond).dividingFullWidth((high, low)).quotient, .max >> 2)
    }
}

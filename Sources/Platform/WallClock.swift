private import CPlatform
package import Vocabulary

/// What time it is, for people. Handed in, so that tests and transcripts can hold it still; no
/// safety argument uses it.
package struct WallClock: Sendable {
    /// The moment of the call.
    package var now: @Sendable () -> Timestamp

    /// A clock that says what `now` says.
    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// The machine's clock.
    package static let system = WallClock {
        Timestamp(milliseconds: mlp_wall_clock_milliseconds())
    }

    /// A clock that stands still.
    package static func fixed(_ moment: Timestamp) -> WallClock { WallClock { moment } }

    /// A clock that stands at `MLSTORE_CLOCK` (RFC 3339, UTC) where that is set; else the
    /// machine's. Throws `.badUsage` when the variable is no time.
    package static func fromEnvironment() throws -> WallClock {
        guard let text = Environment.variable("MLSTORE_CLOCK") else { return .system }
        guard let moment = Timestamp(text) else {
            throw StoreError(
                .badUsage, "cannot use MLSTORE_CLOCK '\(text)': it is no RFC 3339 time in UTC",
                subject: "MLSTORE_CLOCK", advice: "write it like 2026-01-31T12:00:00Z")
        }
        return .fixed(moment)
    }
}

/// Nanoseconds since some moment in the past, never going back: for durations and rates.
package func monotonicNanoseconds() -> UInt64 { mlp_monotonic_nanoseconds() }

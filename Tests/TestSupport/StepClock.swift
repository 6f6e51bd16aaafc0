package import Platform
import Synchronization
package import Vocabulary

extension WallClock {
    /// The moment that tests begin at unless they say otherwise: 2026-01-01T00:00:00Z.
    package static let testMoment = Timestamp(milliseconds: 1_767_225_600_000)

    /// A clock that stands at `testMoment`.
    package static let forTests = WallClock.fixed(testMoment)

    /// A clock that begins at `start` and is one second later at every look.
    package static func stepping(from start: Timestamp = testMoment) -> WallClock {
        let looks = Looks()
        return WallClock {
            Timestamp(milliseconds: start.milliseconds + 1000 * looks.next())
        }
    }
}

private final class Looks: Sendable {
    private let count = Atomic<Int64>(0)
    func next() -> Int64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}

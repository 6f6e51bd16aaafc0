import Platform
import Testing

@testable import schedules

/// Runs writers, readers and a collection of one store in many different orders, with processes that
/// die and power that goes, and looks whether anything is ever lost.
///
/// `MLSTORE_SCHEDULES` says how many are tried, `MLSTORE_SCHEDULE` runs the one with that number. The
/// program `schedules`, which `install.sh test` builds optimised, tries many more.
@Suite struct ScheduleTests {
    @Test(.tags(.crash)) func `no order of writers, readers and a collection loses anything`()
        throws
    {
        let only = Environment.variable("MLSTORE_SCHEDULE").flatMap { UInt64($0) }
        let count = Environment.variable("MLSTORE_SCHEDULES").flatMap { UInt64($0) } ?? 500
        let outcome = try Schedules.run(only.map { $0..<($0 + 1) } ?? 0..<count)
        #expect(outcome.failures == [])
        print("schedules tried: \(outcome.tally)")
    }

    /// 13864: a rescue named a pack that was never committed, and whose writer had removed it.
    @Test(.tags(.crash), arguments: [13864 as UInt64])
    func `a schedule that once found something finds nothing now`(number: UInt64) throws {
        #expect(try Schedules.run(number..<(number + 1)).failures == [])
    }
}

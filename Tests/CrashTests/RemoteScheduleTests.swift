import Platform
import Testing

@testable import schedules

/// Pushes, fetches and collections of one remote at once, in many orders of their requests, with processes
/// that die, answers that are lost and listings that leave out things.
///
/// `MLSTORE_REMOTE_SCHEDULES` says how many are tried, `MLSTORE_REMOTE_SCHEDULE` runs the one with that
/// number. The program `schedules`, which `install.sh test` builds optimised, tries many more.
@Suite struct RemoteScheduleTests {
    @Test(.tags(.crash)) func `in every order all that stays named can be fetched`() throws {
        let only = Environment.variable("MLSTORE_REMOTE_SCHEDULE").flatMap { UInt64($0) }
        let count = Environment.variable("MLSTORE_REMOTE_SCHEDULES").flatMap { UInt64($0) } ?? 300
        let outcome = try Schedules.runRemote(only.map { $0..<($0 + 1) } ?? 0..<count)
        #expect(outcome.failures == [])
        print("orders of requests tried: \(outcome.tally)")
    }

    /// 7: a push relied on what it had taken over and a collection had ended. 10226: a state was removed
    /// between a push being told that it exists and asking how long it is. 55686: a push was taken up without
    /// what it had itself taken up.
    @Test(.tags(.crash), arguments: [7 as UInt64, 10226, 55686])
    func `an order that once found something finds nothing now`(number: UInt64) throws {
        #expect(try Schedules.runRemote(number..<(number + 1)).failures == [])
    }
}

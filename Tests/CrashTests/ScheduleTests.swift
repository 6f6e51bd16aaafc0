import Bytes
import Objects
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// Runs writers, readers and a collection of one store in many different orders, with processes that
/// die and power that goes, and looks whether anything is ever lost.
///
/// `MLSTORE_SCHEDULES` says how many are tried, `MLSTORE_SCHEDULE` runs the one with that number.
@Suite struct ScheduleTests {
    @Test(.tags(.crash)) func `no order of writers, readers and a collection loses anything`()
        throws
    {
        let start = try ScheduledStore()
        let only = Environment.variable("MLSTORE_SCHEDULE").flatMap { UInt64($0) }
        let count = Environment.variable("MLSTORE_SCHEDULES").flatMap { Int($0) } ?? 2000
        let numbers = only.map { $0..<($0 + 1) } ?? 0..<UInt64(count)
        let tally = Mutex(Tally())
        let failures = Mutex<[String]>([])
        try parallelForEach(count: numbers.count) { index in
            guard failures.withLock({ $0.isEmpty }) else { return }
            let schedule = Schedule(number: numbers.lowerBound + UInt64(index), from: start)
            do {
                let happened = try schedule.run()
                tally.withLock { $0.add(happened) }
            } catch { failures.withLock { $0.append("schedule \(schedule.number): \(error)") } }
        }
        #expect(failures.withLock { $0 } == [])
        print("schedules tried: \(tally.withLock { $0 })")
    }
}

/// What happened in some schedules.
struct Tally: CustomStringConvertible {
    var schedules = 0
    var operations = 0
    var commits = 0
    var kills = 0
    var cuts = 0
    var condemned = 0
    var rescued = 0
    var removed = 0
    var reads = 0

    mutating func add(_ other: Tally) {
        schedules += other.schedules
        operations += other.operations
        commits += other.commits
        kills += other.kills
        cuts += other.cuts
        condemned += other.condemned
        rescued += other.rescued
        removed += other.removed
        reads += other.reads
    }

    var description: String {
        "\(schedules), with \(operations) disk operations, \(commits) commits, \(kills) killed"
            + " processes, \(cuts) power cuts, \(condemned) packs condemned, \(rescued) rescued,"
            + " \(removed) removed, \(reads) refs read"
    }
}

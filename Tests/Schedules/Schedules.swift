import Platform
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Tries schedules: `schedules [COUNT [FIRST]]`, by default the 100,000 from number 0. Those that fail are
/// named, and then the status is 1.
@main struct Schedules {
    static func main() throws {
        let numbers = CommandLine.arguments.dropFirst().map { UInt64($0) ?? 0 }
        let first = numbers.count > 1 ? numbers[1] : 0
        let outcome = try run(first..<(first + (numbers.first ?? 100_000)))
        for failure in outcome.failures { print(failure) }
        print("schedules tried: \(outcome.tally)")
        if !outcome.failures.isEmpty { exit(1) }
    }

    /// Runs the schedules with these numbers until one fails.
    static func run(_ numbers: Range<UInt64>) throws -> (tally: Tally, failures: [String]) {
        let start = try ScheduledStore()
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
        return (tally.withLock { $0 }, failures.withLock { $0 })
    }
}

import Platform
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Tries schedules: `schedules [remote] [COUNT [FIRST]]`, by default the 100,000 from number 0, of one
/// store or with `remote` of one remote. One that fails is named with the command that repeats it,
/// and then the status is 1.
@main struct Schedules {
    static func main() throws {
        var arguments = CommandLine.arguments.dropFirst()
        let isRemote = arguments.first == "remote"
        if isRemote { arguments.removeFirst() }
        let numbers = arguments.map { UInt64($0) ?? 0 }
        let first = numbers.count > 1 ? numbers[1] : 0
        let range = first..<(first + (numbers.first ?? 100_000))
        let failures: [String]
        if isRemote {
            let outcome = try runRemote(range)
            print("orders of requests tried: \(outcome.tally)")
            failures = outcome.failures
        } else {
            let outcome = try run(range)
            print("schedules tried: \(outcome.tally)")
            failures = outcome.failures
        }
        for failure in failures { print(failure) }
        if !failures.isEmpty { exit(1) }
    }

    /// Runs the schedules of one store with these numbers until one fails.
    static func run(_ numbers: Range<UInt64>) throws -> (tally: Tally, failures: [String]) {
        let start = try ScheduledStore()
        let tally = Mutex(Tally())
        let failures = try each(of: numbers, command: "schedules") { number in
            let happened = try Schedule(number: number, from: start).run()
            tally.withLock { $0.add(happened) }
        }
        return (tally.withLock { $0 }, failures)
    }

    /// Runs the schedules of one remote with these numbers until one fails.
    static func runRemote(
        _ numbers: Range<UInt64>
    ) throws -> (tally: RemoteTally, failures: [String]) {
        let start = try ScheduledRemote()
        let tally = Mutex(RemoteTally())
        let failures = try each(of: numbers, command: "schedules remote") { number in
            let happened = try RemoteSchedule(number: number, from: start).run()
            tally.withLock { $0.add(happened) }
        }
        return (tally.withLock { $0 }, failures)
    }

    /// Calls `body` with each number, some at once, until one throws; says what it threw.
    private static func each(
        of numbers: Range<UInt64>, command: String, _ body: @Sendable (UInt64) throws -> Void
    ) throws -> [String] {
        let failures = Mutex<[String]>([])
        try parallelForEach(count: numbers.count) { index in
            guard failures.withLock({ $0.isEmpty }) else { return }
            let number = numbers.lowerBound + UInt64(index)
            do { try body(number) } catch {
                let text = "schedule \(number) ('\(command) 1 \(number)' repeats it): \(error)"
                failures.withLock { $0.append(text) }
            }
        }
        return failures.withLock { $0 }
    }
}

import Objects
import Platform
import Remotes
import Synchronization
import TestSupport
import Transfer
import TransferSupport
import Vocabulary

/// One order of the requests of pushes, fetches and collections of one remote, and what befalls those who
/// make them; all of it from the number.
final class RemoteSchedule: Sendable {
    /// What a process does, one after the other.
    private enum Role: Sendable {
        case pushes(versions: [Int])
        /// How many pushes each keeps; nil for all.
        case collections(keeping: [Int?])
        case fetches(versions: [Int])
        /// Pushes each, and frees it at its own end.
        case evictions(versions: [Int])
    }

    let number: UInt64

    private static let attempts = 20

    private let start: ScheduledRemote
    private let remote: FileRemote
    private let clock = WallClock.stepping()
    private let roles: [Role]
    private let troubles: [RemoteTrouble]
    private let scheduler: TurnScheduler
    private let tally = Mutex(RemoteTally())
    /// What pushers were told is there.
    private let pushed: Mutex<Set<ContentID>>
    /// What they began to push: a push that was killed may be the last.
    private let begun: Mutex<Set<ContentID>>
    /// The disks of killed pushers as they were then.
    private let left = Mutex<[Int: SimulatedDisk]>([:])
    private let failure = Mutex<(any Error)?>(nil)

    init(number: UInt64, from start: ScheduledRemote) throws {
        self.number = number
        self.start = start
        remote = try start.copyOfRemote()
        pushed = Mutex([start.versions[0]])
        begun = Mutex([start.versions[0]])
        var random = SmallRandom(seed: number &* 6271 &+ 11)
        func someVersions(_ random: inout SmallRandom) -> [Int] {
            (0..<2).map { _ in random.integer(in: 0..<ScheduledRemote.versions) }
        }
        let keepsAll = random.once(in: 4)
        var roles: [Role] = [
            .collections(keeping: (0..<2).map { keepsAll ? nil : 2 - $0 })
        ]
        // A second collection at once now and then.
        if random.once(in: 4) { roles.append(.collections(keeping: [keepsAll ? nil : 1])) }
        for _ in 0..<[1, 2, 2, 3][random.integer(in: 0..<4)] {
            roles.append(.pushes(versions: someVersions(&random)))
        }
        if random.once(in: 2) { roles.append(.fetches(versions: someVersions(&random))) }
        if random.once(in: 2) { roles.append(.evictions(versions: someVersions(&random))) }
        self.roles = roles
        var kills: [Int?] = roles.map { _ in nil }
        if random.once(in: 3) {
            kills[random.integer(in: 0..<roles.count)] = 1 + random.integer(in: 0..<30)
        }
        var troubles = roles.map { _ in RemoteTrouble() }
        if random.once(in: 3) {
            let process = random.integer(in: 0..<roles.count)
            troubles[process].lostChange = 1 + random.integer(in: 0..<12)
            troubles[process].isMade = !random.once(in: 3)
        }
        if random.once(in: 4) {
            for process in roles.indices { troubles[process].listings = random.next() }
        }
        self.troubles = troubles
        scheduler = TurnScheduler(
            count: roles.count, seed: random.next(), kills: kills, length: 25 * roles.count)
    }

    /// Runs it, looks at what is left, and returns what happened. Throws what must not be.
    func run() throws -> RemoteTally {
        try parallelForEach(count: roles.count, threads: roles.count) { process in
            scheduler.begin(process)
            defer { scheduler.end(process) }
            do { try act(roles[process], process) } catch {
                guard !(error is SimulatedKill) else { return }
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        for (process, disk) in left.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            try goOn(process, disk)
        }
        try check()
        var result = tally.withLock { $0 }
        result.schedules = 1
        result.requests = scheduler.steps
        result.kills = roles.indices.count { scheduler.isKilled($0) }
        return result
    }

    private var keepsAll: Bool {
        roles.allSatisfy { role in
            guard case .collections(let keeping) = role else { return true }
            return keeping.allSatisfy { $0 == nil }
        }
    }

    // MARK: - Processes

    /// An end of a process on a disk; two with the same process and time have the same names.
    private func end(_ process: Int, _ disk: SimulatedDisk, _ remote: any Remote) throws -> End {
        var end = try End(reopening: disk, UInt64(process) + 10, remote, threads: 1)
        end.context.clock = clock
        end.context.threads = 1
        end.context.jobs = 1
        return end
    }

    private func act(_ role: Role, _ process: Int) throws {
        let isPusher = if case .pushes = role { true } else { false }
        let isEvicting = if case .evictions = role { true } else { false }
        let disk = start.copyOfStore(isEmpty: !isPusher && !isEvicting)
        let view = TurnRemote(remote, scheduler, process: process, troubles[process]) {
            guard isPusher else { return }
            self.left.withLock { $0[process] = disk.copy() }
        }
        let end = try end(process, disk, view)
        switch role {
        case .pushes(let versions): for version in versions { try push(version, end) }
        case .collections(let keeping): for keep in keeping { try collect(keep, end) }
        case .fetches(let versions): for version in versions { try fetch(version, end) }
        case .evictions(let versions): for version in versions { try evict(version, end) }
        }
    }

    /// Does it once more when an answer was lost: more than one never is.
    private func again<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as StoreError
            where error.kind == .remoteUnreachable
        {
            tally.withLock { $0.lost += 1 }
            return try body()
        }
    }

    private func push(_ version: Int, _ end: End) throws {
        let id = start.versions[version]
        _ = begun.withLock { $0.insert(id) }
        let report = try again { try end.pushAll([id]) }
        guard report.absent.isEmpty else {
            throw ScheduleFailure("a push left out what is there: \(report.absent)")
        }
        _ = pushed.withLock { $0.insert(id) }
        tally.withLock { $0.pushes += 1 }
    }

    private func collect(_ keep: Int?, _ end: End) throws {
        let roots = RemoteCollectionRoots(
            here: { [] }, keepsAll: keep == nil,
            keepsPush: { number, _ in keep.map { number < $0 } ?? true })
        let report = try again { try Transfer.collect(remote: end.context, roots: roots) }
        tally.withLock { tally in
            tally.condemned += report.condemnedPacks
            tally.ended += report.endedPushes
        }
    }

    private func fetch(_ version: Int, _ end: End) throws {
        let id = start.versions[version]
        // Each attempt that fails is one that a collection or a push came in between of.
        for _ in 0..<RemoteSchedule.attempts {
            let isThere = pushed.withLock { $0.contains(id) }
            do {
                let report = try end.fetchAll([id])
                if report.absent.isEmpty {
                    _ = try end.read(id)
                } else if keepsAll && isThere {
                    throw ScheduleFailure("a fetch was told that \(id) is not there")
                }
                return tally.withLock { $0.fetches += 1 }
            } catch let error as StoreError where error.kind == .notFound && !keepsAll {
                // What no push names any more may go while it is fetched; then it is gone, or comes
                // again with another push.
            }
        }
        throw ScheduleFailure("\(id) can neither be fetched nor is it absent")
    }

    /// Pushes a version and frees it here, in a clone that tracks all the others too.
    private func evict(_ version: Int, _ end: End) throws {
        let id = start.versions[version]
        guard end.store.contains(id) else { return }  // it was evicted before
        try push(version, end)
        let others = start.versions.filter { $0 != id }
        let before = try end.read(id)
        let roots = CollectionRoots(
            all: {
                self.start.versions.map {
                    LiveRoot(.content($0), group: "work tree", reason: "a pointer")
                }
            }, ofCommit: { _ in [] })
        let release = Release(
            of: [(End.path(of: id), id)], protecting: others.map { (End.path(of: $0), $0) },
            heldBy: end.context)
        do {
            let report = try again { try end.store.collect(roots: roots, release: release) }
            tally.withLock { $0.evictions += report.released.count }
            // The note says so: a collection of the remote that keeps the last pushes may drop it when
            // others have pushed since, and no sooner.
            guard keepsAll else { return }
            guard try end.fetchAll([id]).absent.isEmpty, try end.read(id) == before else {
                throw ScheduleFailure("what was evicted is not on the remote: \(id)")
            }
        } catch let error as StoreError where error.kind == .notFound && !keepsAll {
            // A collection took away meanwhile what the push had sent: it stays here.
            guard try end.read(id) == before else {
                throw ScheduleFailure("what could not be evicted is gone: \(id)")
            }
        }
    }

    /// What the user of a killed push does: pushes again, on the disk that it left.
    private func goOn(_ process: Int, _ disk: SimulatedDisk) throws {
        guard case .pushes(let versions) = roles[process] else { return }
        // Another process, with other random numbers.
        let end = try end(process + 40, disk, remote)
        for version in versions { try push(version, end) }
    }

    // MARK: - Afterwards

    private func check() throws {
        let end = try end(80, start.copyOfStore(isEmpty: true), remote)
        var options = RemoteVerifyOptions()
        options.level = .full
        let report = try verify(remote: end.context, options)
        guard report.isSound else { throw ScheduleFailure("damage: \(report.problems)") }
        // What no push that stays names may be gone; what is there is whole.
        let wanted = begun.withLock { Array($0) }
        let absent = Set(try end.fetchAll(wanted).absent)
        let lost = pushed.withLock { $0.filter { absent.contains(End.path(of: $0)) } }
        if keepsAll, !lost.isEmpty { throw ScheduleFailure("pushed and not there: \(lost)") }
        for id in wanted where !absent.contains(End.path(of: id)) { _ = try end.read(id) }
        guard report.pushes > 0, absent.count < wanted.count else {
            throw ScheduleFailure("the last push is gone")
        }
    }
}

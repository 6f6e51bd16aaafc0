import Bytes
import Objects
import Platform
import Synchronization
import TestSupport
import Vocabulary

/// One schedule: which processes there are, what each does, in which order, and what befalls them;
/// all of it from the number.
final class Schedule: Sendable {
    /// What a process does.
    enum Role: Sendable {
        case writer(ref: String, versions: [Int?])
        case collection
        case reader
    }

    let number: UInt64

    private let disk: SimulatedDisk
    private let roles: [Role]
    private let scheduler: TurnScheduler
    /// The commits that writers were told of: these must be there whatever happens.
    private let done = Mutex<[JournalEntry]>([])
    private let reads = Atomic<Int>(0)
    private let removed = Atomic<Int>(0)
    private let failure = Mutex<(any Error)?>(nil)

    init(number: UInt64, from start: ScheduledStore) {
        self.number = number
        disk = start.copy()
        var random = SmallRandom(seed: number &* 7919 &+ 17)
        var roles: [Role] = [.collection]
        // Few writers most of the time: what needs many is seldom.
        let writers = [1, 1, 1, 2, 2, 3, 4][random.integer(in: 0..<7)]
        for writer in 0..<writers {
            let count = 1 + random.integer(in: 0..<2)
            let versions: [Int?] = (0..<count).map { _ in
                random.once(in: 5) ? nil : random.integer(in: 0..<ScheduledStore.versions)
            }
            // Now and then two writers fight for one ref.
            let ref = writer > 0 && random.once(in: 4) ? 0 : writer
            roles.append(.writer(ref: "w\(ref)", versions: versions))
        }
        if random.once(in: 3) { roles.append(.reader) }
        self.roles = roles
        var kills: [Int?] = roles.map { _ in nil }
        if random.once(in: 2) {
            kills[random.integer(in: 0..<roles.count)] = 1 + random.integer(in: 0..<120)
        }
        let length = 90 * roles.count
        scheduler = TurnScheduler(
            count: roles.count, seed: random.next(), kills: kills, length: length)
        if random.once(in: 8) {
            disk.cutPower(
                afterOperation: disk.operationCount + random.integer(in: 0..<length),
                seed: random.next() % 12)
        }
    }

    /// Runs it, looks at what is left, and returns what happened. Throws what must not be.
    func run() throws -> Tally {
        try parallelForEach(count: roles.count, threads: roles.count) { process in
            scheduler.begin(process)
            defer { scheduler.end(process) }
            let disk = ProcessDisk(self.disk, scheduler, process: process)
            do { try act(roles[process], UInt64(process) + 10, on: disk) } catch {
                guard !isExpected(error) else { return }
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        var tally = Tally()
        tally.schedules = 1
        tally.operations = scheduler.steps
        tally.kills = roles.indices.count { scheduler.isKilled($0) }
        tally.cuts = disk.isOff ? 1 : 0
        tally.reads = reads.load(ordering: .relaxed)
        tally.removed = removed.load(ordering: .relaxed)
        try check(disk.isOff ? disk.reopened() : disk.copy(), &tally)
        return tally
    }

    private func isExpected(_ error: any Error) -> Bool {
        error is SimulatedKill || error is SimulatedPowerCut
    }

    // MARK: - Processes

    private func act(_ role: Role, _ seed: UInt64, on disk: ProcessDisk) throws {
        let store = try ScheduledStore.open(disk, seed: seed)
        switch role {
        case .collection:
            let report = try store.collect(roots: ScheduledStore.roots(of: store))
            removed.add(report.removedPacks, ordering: .relaxed)
        case .reader: try readAll(store)
        case .writer(let ref, let versions):
            for version in versions { try write(version, ref, to: store) }
        }
    }

    private func write(_ version: Int?, _ ref: String, to store: ObjectStore) throws {
        do {
            let report =
                if let version {
                    try ScheduledStore.commit(version, as: ref, to: store)
                } else {
                    try ScheduledStore.drop(ref, in: store)
                }
            if let entry = report.entry { done.withLock { $0.append(entry) } }
        } catch let error as StoreError where error.kind == .conflict {
            try store.refresh()
        }
    }

    /// Every version that refs lead to can be read, unless its ref was changed meanwhile.
    private func readAll(_ store: ObjectStore) throws {
        for (name, record) in try store.refs(under: "") {
            do {
                try ScheduledStore.read(record, from: store)
                reads.add(1, ordering: .relaxed)
            } catch {
                guard !isExpected(error) else { throw error }
                try store.refresh()
                if try store.ref(name) == record {
                    throw ScheduleFailure("a reader cannot read '\(name)': \(error)")
                }
            }
        }
    }

    // MARK: - Afterwards

    private func check(_ survivor: SimulatedDisk, _ tally: inout Tally) throws {
        let store = try ScheduledStore.open(survivor, seed: 50)
        let refs = try store.refs(under: "")
        for (name, record) in refs {
            do { try ScheduledStore.read(record, from: store) } catch {
                throw ScheduleFailure("'\(name)' was lost: \(error)")
            }
        }
        try checkRefs(store)
        let entries = try store.journal()
        tally.commits = entries.count
        tally.condemned = entries.reduce(0) { $0 + $1.condemned.count }
        tally.rescued = entries.reduce(0) { $0 + $1.rescued.count }
        // A second recovery changes nothing.
        let before = survivor.allFiles()
        let again = try ScheduledStore.open(survivor, seed: 51)
        guard survivor.allFiles() == before, try again.refs() == store.refs() else {
            throw ScheduleFailure("a second recovery changed something")
        }
        // And a collection in peace neither finds damage nor loses anything.
        guard number % 8 == 0 else { return }
        _ = try again.collect(roots: ScheduledStore.roots(of: again))
        let report = try ScheduledStore.open(survivor, seed: 52).verify(.full)
        guard report.isSound else { throw ScheduleFailure("damage: \(report.problems)") }
        for (_, record) in refs { try ScheduledStore.read(record, from: again) }
    }

    /// Refs moved by compare-and-swap only, and every commit that was told of is there.
    private func checkRefs(_ store: ObjectStore) throws {
        guard try store.ref(try ScheduledStore.name("v0")) != nil else {
            throw ScheduleFailure("a ref that nobody changed is gone")
        }
        var refs: [RefName: RecordID] = [:]
        for entry in try store.journal() {
            for change in entry.refs {
                guard refs[change.name] == change.expected else {
                    throw ScheduleFailure("'\(change.name)' moved without compare-and-swap")
                }
                refs[change.name] = change.new
            }
        }
        let entries = try store.journal()
        for entry in done.withLock({ $0 }) {
            guard entries.count >= entry.sequence, entries[entry.sequence - 1] == entry else {
                throw ScheduleFailure("commit \(entry.sequence) was told of and is not there")
            }
        }
    }
}

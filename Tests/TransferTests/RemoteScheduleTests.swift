import Bytes
import Objects
import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

@testable import Transfer

/// Pushes, fetches and collections of one remote at once, in many orders of their requests.
///
/// `MLSTORE_REMOTE_SCHEDULES` says how many; `MLSTORE_SCHEDULE_SEED` which is the first.
@Suite struct RemoteScheduleTests {
    private static let workers = 5

    /// A file of which versions of a directory have some in common.
    @Sendable private func file(_ number: Int) -> [UInt8] {
        var random = SmallRandom(seed: UInt64(number + 1))
        return random.bytes(200 + number * 37 % 900)
    }

    @Test func `in every order all that stays named can be fetched`() throws {
        let count = Environment.variable("MLSTORE_REMOTE_SCHEDULES").flatMap { Int($0) } ?? 300
        let first = Environment.variable("MLSTORE_SCHEDULE_SEED").flatMap { UInt64($0) } ?? 1
        var totals = Totals()
        for seed in first..<(first + UInt64(count)) {
            do {
                try Schedule(seed: seed, file: file).run(&totals)
            } catch {
                Issue.record("schedule \(seed): \(error)")
                return
            }
        }
        print(
            "orders of requests tried: \(count), with \(totals.pushes) pushes, \(totals.fetches) fetches"
                + " and \(totals.condemned) packs that collections took out")
        #expect(totals.condemned > 0 || count < 100)
    }
}

private struct Totals {
    var pushes = 0
    var fetches = 0
    var condemned = 0
}

private struct Wrong: Error, CustomStringConvertible {
    let description: String
}

/// One order of requests.
private struct Schedule: Sendable {
    let seed: UInt64
    let file: @Sendable (Int) -> [UInt8]

    private static let pushers = 3

    func run(_ totals: inout Totals) throws {
        let (_, remote) = try makeRemote()
        let clock = WallClock.stepping()
        let ends = try (0..<5).map { number -> End in
            var end = try End(UInt64(number) + 10 * seed, remote)
            end.context.clock = clock
            end.context.threads = 1
            end.context.jobs = 1
            return end
        }
        let versions = try (0..<Schedule.pushers).map { pusher in
            try (0..<2).map { version in try ends[pusher].addDirectory(files(pusher, version)) }
        }
        _ = try ends[0].pushAll([versions[0][0]])
        let turnstile = Turnstile(workers: ends.count, seed: seed)
        let results = try parallelMap(count: ends.count, threads: ends.count) { number in
            defer { turnstile.leave() }
            let view = TurnRemote(inner: remote, turnstile: turnstile, worker: number)
            var end = ends[number]
            end.context.remote = view
            return try work(number, end, versions)
        }
        totals.pushes += Schedule.pushers * 2
        totals.fetches += 2
        totals.condemned += results.reduce(0, +)
        try check(remote)
    }

    private func files(_ pusher: Int, _ version: Int) -> [[UInt8]] {
        var random = SmallRandom(seed: seed &* 31 &+ UInt64(pusher * 7 + version))
        return (0..<4).map { _ in file(random.integer(in: 0..<6)) }
    }

    /// What one worker does; returns how many packs it condemned.
    private func work(
        _ number: Int, _ end: End, _ versions: [[ContentID]]
    ) throws -> Int {
        switch number {
        case 0..<Schedule.pushers:
            for version in versions[number] { _ = try end.pushAll([version]) }
        case Schedule.pushers:
            var condemned = 0
            for keep in [2, 1] {
                let roots = RemoteCollectionRoots(
                    here: { [] }, keepsAll: false, keepsPush: { number, _ in number < keep })
                condemned += try collect(remote: end.context, roots: roots).condemnedPacks
            }
            return condemned
        default:
            for version in [versions[0][0], versions[1][1]] {
                do {
                    let report = try end.fetchAll([version])
                    if report.absent.isEmpty { _ = try end.read(version) }
                } catch let error as StoreError where error.kind == .notFound {
                    // What no push names any more may go while it is fetched; then it is gone.
                    let left = try End(7 + 10 * seed, end.context.remote).fetchAll([version])
                    guard !left.absent.isEmpty else { throw error }
                }
            }
        }
        return 0
    }

    private func check(_ remote: any Remote) throws {
        let end = try End(8 + 10 * seed, remote)
        let catalog = try RemoteCatalog(reading: end.context)
        for pack in catalog.index.packs {
            let name = try RemoteLayout.pack(pack.id, session: pack.session)
            guard try remote.size(name) == pack.sizeBytes else {
                throw Wrong(description: "\(name) is missing")
            }
        }
        guard let last = catalog.state.lastPush, catalog.state.refs[last] != nil else {
            throw Wrong(description: "the note of the last push is gone")
        }
        for note in catalog.state.refs where note.key.isPushNote {
            let record = try catalog.record(note.value, end.context)
            for item in record["contents"]?.arrayValue ?? [] {
                guard let id = item.arrayValue?.last?.stringValue.flatMap({ ContentID(text: $0) })
                else { throw Wrong(description: "a note without an id") }
                guard try end.fetchAll([id]).absent.isEmpty else {
                    throw Wrong(description: "\(id) of \(note.key) is absent")
                }
                _ = try end.read(id)
            }
        }
        // Whatever metadata is there, all below it is.
        for key in catalog.index.packs.flatMap(\.keys) where key.kind == .treeNode {
            let fresh = try End(9 + 10 * seed, remote)
            guard try fresh.fetchAll([.directory(TreeID(key.digest))]).absent.isEmpty else {
                throw Wrong(description: "\(key) cannot be fetched whole")
            }
        }
    }
}

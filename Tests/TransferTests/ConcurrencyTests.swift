import Bytes
import Objects
import Platform
import Remotes
import TestSupport
import Testing
import Transfer
import TransferSupport
import Vocabulary

@Suite struct ConcurrencyTests {
    @Test func `a push in between is put together with ours`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let b = try End(2, remote)
        let fromA = try a.add([1, 1, 1])
        let fromB = try b.add([2, 2, 2])
        let runA = try a.run([fromA])
        let runB = try b.run([fromB])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap { _ = try b.pushAll([fromB]) }
        #expect(try a.pushAll([fromA], through: faulty).sequence == 2)
        let c = try End(3, remote)
        let report = try c.fetchAll([fromA, fromB])
        #expect(report.absent.isEmpty)
        #expect(Set(report.refs) == [.run(RunID(runA.digest)), .run(RunID(runB.digest))])
        #expect(try c.read(fromA) == a.read(fromA) && c.read(fromB) == b.read(fromB))
    }

    @Test func `verdicts of two ends on one run both arrive, and the run's ledger with it`() throws
    {
        let (_, remote) = try makeRemote()
        let ends = try (1...3).map { try End($0, remote) }
        let session = try ends[0].store.beginSession()
        let ledger = try session.putRecord(["type": "ledger", "version": 1])
        let run = RunID(
            try session.putRecord(["type": "run", "ledger": .string(ledger.description)]).digest)
        _ = try session.commit(refs: [RefChange(name: .run(run), expected: nil, new: run.record)])
        _ = try ends[0].pushAll()
        _ = try ends[1].fetchAll()
        #expect(ends[1].store.contains(.record, ledger.digest))
        let old = try #require(RefName("verdicts/" + run.digest.hex))
        for (number, end) in ends.prefix(2).enumerated() {
            let session = try end.store.beginSession()
            let id = try session.putRecord(["type": "verdict", "author": JSONValue(number)])
            // The second name is what earlier versions wrote: one for all.
            _ = try session.commit(
                refs: [.verdict(id, on: run), old].map {
                    RefChange(name: $0, expected: nil, new: id)
                })
            _ = try end.pushAll()
        }
        _ = try ends[2].fetchAll()
        let found = try ends[2].store.refs(under: "verdicts/")
        #expect(found.count == 3)
        #expect(Set(found.map(\.id)).count == 2)
    }

    @Test func `of many pushes at once none loses anything`() throws {
        let (_, remote) = try makeRemote()
        let ends = try (1...6).map { try End($0, remote) }
        let results = try parallelMap(count: ends.count, threads: 6) { index in
            var contents: [ContentID] = []
            for number in 0..<4 as Range<UInt8> {
                let content = try ends[index].add([UInt8(index), number, 7])
                _ = try ends[index].run([content])
                contents.append(content)
                _ = try ends[index].pushAll([content])
            }
            return contents
        }
        let all = results.flatMap { $0 }
        let c = try End(99, remote)
        let report = try c.fetchAll(all)
        #expect(report.absent.isEmpty && report.refs.count == 24 && report.sequence >= 24)
        #expect(all.allSatisfy { c.store.contains($0) })
    }

    @Test func `heads move forward at both ends`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let b = try End(2, remote)
        let folder = try a.addDirectory([[1]])
        _ = try a.snapshot(folder, "one")
        _ = try a.pushAll([folder])
        _ = try b.fetchAll([folder])
        let two = try b.snapshot(folder, "two")
        #expect(try b.pushAll().refs == [.head])
        // The end that is behind changes nothing there, and catches up by a fetch.
        #expect(try a.pushAll().refs.isEmpty)
        #expect(try a.fetchAll().refs == [.head])
        #expect(try a.store.ref(.head) == two)
    }

    @Test func `heads that went different ways are a conflict that loses nothing`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let b = try End(2, remote)
        let folder = try a.addDirectory([[1]])
        _ = try a.snapshot(folder, "base")
        _ = try a.pushAll([folder])
        _ = try b.fetchAll([folder])
        let mine = try a.snapshot(folder, "mine")
        let theirs = try b.snapshot(folder, "theirs")
        _ = try b.pushAll()

        let data = try a.add([5, 5])
        let error = #expect(throws: StoreError.self) { try a.pushAll([data]) }
        #expect(error?.kind == .conflict && error?.subject == "head" && error?.advice != nil)
        #expect(try b.fetchAll([data]).absent.isEmpty)

        let fetched = try a.fetchAll()
        #expect(fetched.diverged == [RefConflict(name: .head, local: mine, remote: theirs)])
        #expect(try a.store.ref(.head) == mine)
        #expect(try a.store.ref(RefName("remotes/origin/head")!) == theirs)

        let forced = try push(
            a.selection([], refs: try a.store.refs()), to: a.context,
            options: PushOptions(replacesDiverged: true))
        #expect(forced.refs == [.head])
        let c = try End(3, remote)
        _ = try c.fetchAll()
        #expect(try c.store.ref(.head) == mine)
        #expect(try c.store.ref(RefName("replaced/" + theirs.digest.hex)!) == theirs)
    }

    @Test func `a name that only one end moved follows that end`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let b = try End(2, remote)
        let name = RefName("tags/best")!
        func tag(_ end: End, _ run: RecordID) throws {
            let session = try end.store.beginSession()
            _ = try session.commit(refs: [
                RefChange(name: name, expected: try end.store.ref(name), new: run)
            ])
        }
        try tag(a, try a.run([]))
        _ = try a.pushAll()
        _ = try b.fetchAll()
        let better = try b.run([try b.add([1])])
        try tag(b, better)
        #expect(try b.pushAll().refs.contains(name))
        #expect(try a.fetchAll().refs.contains(name))
        #expect(try a.store.ref(name) == better)
    }
}

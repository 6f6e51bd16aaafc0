import Objects
import Platform
import Remotes
import TestSupport
import Testing
import Transfer
import TransferSupport
import Vocabulary

@Suite struct InterruptionTests {
    /// A remote with one push, and an end with more to push.
    private func prepare() throws -> (remote: SimulatedDisk, end: SimulatedDisk, [ContentID]) {
        let (disk, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 4)
        let old = try a.addDirectory([random.bytes(5000), random.text(5000)])
        _ = try a.snapshot(old, "old")
        _ = try a.pushAll([old])
        let new = try a.addDirectory([random.bytes(200_000), random.text(5000), [7]])
        _ = try a.snapshot(new, "new")
        return (disk.copy(), a.disk.copy(), [old, new])
    }

    private func open(_ disk: SimulatedDisk) throws -> FileRemote {
        try FileRemote(directory: DiskPath("/remote"), on: disk)
    }

    /// A third end fetches what it can: all of the old push always, all of the new or no word of it.
    private func check(_ remote: any Remote, _ contents: [ContentID], hasNew: Bool?) throws {
        let c = try End(3, remote)
        let report = try c.fetchAll([contents[0]])
        #expect(report.absent.isEmpty)
        #expect(try c.read(contents[0]).count == 3)
        if hasNew ?? (report.sequence == 2) {
            #expect(try c.fetchAll([contents[1]]).absent.isEmpty)
            #expect(try c.read(contents[1]).count == 4)
        }
    }

    @Test func `after a power cut all packs that were sent are known, or none is`() throws {
        let (remoteDisk, endDisk, contents) = try prepare()
        let remote = try open(remoteDisk)
        let a = try End(reopening: endDisk, 1, remote)
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap {
            throw StoreError(.remoteUnreachable, "cannot reach remote: it went away")
        }
        #expect(throws: StoreError.self) { try a.pushAll(contents, through: faulty) }
        var found: Set<Int> = []
        for seed in 0..<24 as Range<UInt64> {
            let disk = endDisk.copy().reopened(seed: seed)
            let notes = disk.allFiles().keys.count { $0.hasSuffix(".idx") && $0.contains("/push/") }
            #expect(notes == 0 || notes == 2, "\(seed)")
            found.insert(notes)
            let again = try End(reopening: disk, 5, remote)
            _ = try again.pushAll(contents)
            try check(remote, contents, hasNew: true)
        }
        #expect(found.contains(2))
    }

    @Test(arguments: [FaultyRemote.Moment.before, .after])
    func `a push that loses its remote at any request is completed by the next`(
        moment: FaultyRemote.Moment
    ) throws {
        let (remoteDisk, endDisk, contents) = try prepare()
        var number = 1
        var resumed = 0
        while true {
            let remote = try open(remoteDisk.copy())
            let a = try End(reopening: endDisk.copy(), 1, remote)
            let faulty = FaultyRemote(remote)
            faulty.failRequest(number, moment, persistently: true)
            do {
                _ = try a.pushAll(contents, through: faulty)
                break
            } catch let error as StoreError { #expect(error.kind == .remoteUnreachable) }
            try check(remote, contents, hasNew: nil)
            let report = try a.pushAll(contents)
            resumed += report.resumedPacks
            try check(remote, contents, hasNew: true)
            number += 1
        }
        #expect(number > 8 && resumed > 0)
    }

    @Test func `a push whose machine loses power at any change is completed by the next`() throws {
        let (remoteDisk, endDisk, contents) = try prepare()
        var cut = 0
        while true {
            let disk = endDisk.copy()
            let remote = try open(remoteDisk.copy())
            disk.cutPower(afterChange: cut, seed: UInt64(cut))
            do {
                let a = try End(reopening: disk, 1, remote)
                _ = try a.pushAll(contents)
            } catch is SimulatedPowerCut {}
            let isDone = !disk.isOff
            try check(remote, contents, hasNew: nil)
            let again = try End(reopening: disk.reopened(), 7, remote)
            _ = try again.pushAll(contents)
            try check(remote, contents, hasNew: true)
            if isDone { break }
            cut += 1
        }
        #expect(cut > 10)
    }

    @Test func `a remote that loses power at any change keeps every push that was reported`() throws
    {
        let (remoteDisk, endDisk, contents) = try prepare()
        var cut = 0
        while true {
            let disk = remoteDisk.copy()
            disk.cutPower(afterChange: cut, seed: UInt64(cut))
            let a = try End(reopening: endDisk.copy(), 1, try open(disk))
            var isDone = false
            do {
                _ = try a.pushAll(contents)
                isDone = true
            } catch is SimulatedPowerCut {}
            let after = try open(disk.reopened())
            try check(after, contents, hasNew: isDone ? true : nil)
            _ = try a.pushAll(contents, through: after)
            try check(after, contents, hasNew: true)
            if isDone { break }
            cut += 1
        }
        #expect(cut > 10)
    }

    @Test func `a fetch whose machine loses power at any change is completed by the next`() throws {
        let (remoteDisk, endDisk, contents) = try prepare()
        let remote = try open(remoteDisk)
        _ = try End(reopening: endDisk, 1, remote).pushAll(contents)
        let fresh = try End(3, remote).disk.copy()
        var cut = 0
        while true {
            let disk = fresh.copy()
            disk.cutPower(afterChange: cut, seed: UInt64(cut))
            do {
                _ = try End(reopening: disk, 3, remote).fetchAll(contents)
            } catch is SimulatedPowerCut {}
            let isDone = !disk.isOff
            let c = try End(reopening: disk.reopened(), 4, remote)
            // What the store says it holds, it holds.
            for content in contents where c.store.contains(content) { _ = try c.read(content) }
            if isDone { #expect(contents.allSatisfy { c.store.contains($0) }) }
            #expect(try c.fetchAll(contents).absent.isEmpty)
            #expect(try c.read(contents[1]).count == 4)
            if isDone { break }
            cut += 1
        }
        #expect(cut > 8)
    }

    @Test func `a full disk at either end is told, and nothing is half there`() throws {
        let (remoteDisk, endDisk, contents) = try prepare()
        for number in 1...12 {
            let disk = remoteDisk.copy()
            let remote = try open(disk)
            disk.failChange(number, with: .noSpace, persistently: true)
            let a = try End(reopening: endDisk.copy(), 1, remote)
            do {
                _ = try a.pushAll(contents)
            } catch let error as StoreError { #expect(error.kind == .remoteRefused) }
            try check(try open(disk.copy()), contents, hasNew: nil)
        }
    }
}

import Bytes
import Objects
import Platform
import Remotes
import TestSupport
import Testing
import Transfer
import TransferSupport
import Vocabulary

@Suite struct ExchangeTests {
    @Test func `what one end pushes the other fetches, byte for byte`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 1)
        let big = try a.add(random.text(700_000))
        let small = try a.add([1, 2, 3])
        let empty = try a.add([])
        let folder = try a.addDirectory([random.bytes(300_000), random.text(50), random.text(50)])
        let pushed = try a.pushAll([big, small, empty, folder])
        #expect(pushed.sequence == 1 && pushed.packs == 2 && pushed.absent.isEmpty)

        let b = try End(2, remote)
        let fetched = try b.fetchAll([big, small, empty, folder])
        #expect(fetched.absent.isEmpty && fetched.objects > 5)
        for content in [big, small, empty, folder] {
            #expect(try b.read(content) == a.read(content))
        }
        #expect(try b.fetchAll([big, folder]).objects == 0)
    }

    @Test func `records and refs come along, contents only when wanted`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let data = try a.add([UInt8](repeating: 1, count: 1000))
        let folder = try a.addDirectory([[1], [2]])
        let first = try a.snapshot(folder, "one")
        let second = try a.snapshot(folder, "two")
        let run = try a.run([data, folder])
        _ = try a.pushAll()

        let b = try End(2, remote)
        let report = try b.fetchAll()
        #expect(report.refs == [.head, .run(RunID(run.digest))])
        #expect(try b.store.ref(.head) == second)
        #expect(try b.store.readRecord(first) == a.store.readRecord(first))
        #expect(!b.store.contains(data) && !b.store.contains(folder))
        // What a run names went to the remote with it.
        _ = try b.fetchAll([data, folder])
        #expect(try b.read(folder) == a.read(folder))
    }

    @Test func `a second push sends the change, a third nothing`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 2)
        var rows = random.text(2_000_000)
        let before = try a.add(rows)
        let first = try a.pushAll([before])
        rows.replaceSubrange(1_000_000..<1_000_004, with: Array("abcd".utf8))
        let after = try a.add(rows)
        let second = try a.pushAll([before, after])
        #expect(second.sentBytes < first.sentBytes / 4 && second.sequence == 2)

        let counting = CountingRemote(remote)
        let third = try a.pushAll([before, after], through: counting)
        #expect(third.wasUpToDate && third.objects == 0 && third.sequence == 2)
        #expect(counting.sentBytes == 0 && counting.requestCount <= 4)
    }

    @Test func `a fetch asks for parts of packs, not for the packs`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 3)
        let files = try (0..<20).map { _ in try a.add(random.bytes(120_000)) }
        _ = try a.pushAll(files)
        let counting = CountingRemote(remote)
        let b = try End(2, remote)
        _ = try b.fetchAll([files[10]], through: counting)
        #expect(counting.receivedBytes < 200_000)
        #expect(try b.read(files[10]) == a.read(files[10]))
    }

    @Test func `what is nowhere is told, and the rest is exchanged`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let here = try a.add([1, 2, 3])
        let nowhere = ContentID.file(BlobID(sha256([9, 9])))
        #expect(try a.pushAll([nowhere, here]).absent == ["path-\(nowhere.short)"])
        let b = try End(2, remote)
        #expect(try b.fetchAll([nowhere, here]).absent == ["path-\(nowhere.short)"])
        #expect(b.store.contains(here))
    }

    @Test func `an empty remote is told as such`() throws {
        let (_, remote) = try makeRemote()
        let b = try End(2, remote)
        let report = try b.fetchAll([.file(BlobID(.zero))])
        #expect(report.absent.count == 1 && report.warnings.count == 1)
    }

    @Test func `many pushes stay few index segments`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var contents: [ContentID] = []
        for number in 0..<40 as Range<UInt8> {
            contents.append(try a.add([number, 1]))
            _ = try a.pushAll([contents[Int(number)]])
        }
        let counting = CountingRemote(remote)
        let b = try End(2, remote)
        #expect(try b.fetchAll(contents, through: counting).absent.isEmpty)
        #expect(counting.requestCount < 80)
        #expect(try contents.map { try b.read($0) } == contents.map { try a.read($0) })
    }

    @Test func `a remote that went back in time is noticed`() throws {
        let (disk, remote) = try makeRemote()
        let a = try End(1, remote)
        _ = try a.pushAll([try a.add([1])])
        let backup = disk.copy()
        _ = try a.pushAll([try a.add([2])])
        let old = try FileRemote(directory: DiskPath("/remote"), on: backup)
        #expect(try a.fetchAll(through: old).warnings.count == 1)
        #expect(try a.fetchAll().warnings.isEmpty)
        // A push brings it up to date again.
        let report = try a.pushAll([try a.add([2])], through: old)
        #expect(report.warnings.count == 1 && report.objects == 1)
    }
}

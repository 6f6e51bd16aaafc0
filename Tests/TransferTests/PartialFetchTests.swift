import Objects
import Platform
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary

@testable import Transfer

@Suite struct PartialFetchTests {
    private func pushed() throws -> (remote: FileRemote, end: End, content: ContentID) {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 21)
        let files = (0..<12).map { _ in random.bytes(150_000) }
        let folder = try a.addDirectory(files)
        _ = try a.pushAll([folder])
        return (remote, a, folder)
    }

    private func options() -> FetchOptions {
        var options = FetchOptions()
        options.commitBytes = 200_000
        return options
    }

    @Test func `what was committed of an interrupted fetch is not fetched again`() throws {
        let (remote, a, folder) = try pushed()
        let b = try End(2, remote)
        let whole = CountingRemote(remote)
        _ = try fetch(b.selection([folder]), from: b.through(whole), options: options())
        #expect(try b.store.journal().count > 3)

        let c = try End(3, remote)
        c.disk.cutPower(afterChange: c.disk.changeCount + 40, seed: 5)
        #expect(throws: SimulatedPowerCut.self) {
            try fetch(c.selection([folder]), from: c.context, options: options())
        }
        let again = try End(reopening: c.disk.reopened(), 4, remote)
        #expect(!again.store.contains(folder))
        let rest = CountingRemote(remote)
        _ = try fetch(again.selection([folder]), from: again.through(rest), options: options())
        #expect(rest.receivedBytes < whole.receivedBytes)
        #expect(try again.read(folder) == a.read(folder))
    }

    @Test func `a fetch in parts that loses power at any change never claims what it lacks`() throws
    {
        let (remote, a, folder) = try pushed()
        let fresh = try End(3, remote).disk.copy()
        let wanted = try a.read(folder)
        var cut = 0
        while true {
            let disk = fresh.copy()
            disk.cutPower(afterChange: cut, seed: UInt64(cut))
            do {
                let c = try End(reopening: disk, 3, remote)
                _ = try fetch(c.selection([folder]), from: c.context, options: options())
            } catch is SimulatedPowerCut {}
            let isDone = !disk.isOff
            let c = try End(reopening: disk.reopened(), 4, remote)
            if isDone || c.store.contains(folder) { #expect(try c.read(folder) == wanted) }
            _ = try c.fetchAll([folder])
            #expect(try c.read(folder) == wanted)
            if isDone { break }
            cut += 7
        }
        #expect(cut > 28)
    }

    @Test func `a thorough fetch brings what lies below something that is here`() throws {
        let (remote, a, folder) = try pushed()
        let b = try End(2, remote)
        // The listing without its files: what a damaged store can come to.
        let session = try b.store.beginSession()
        let node = try a.store.readObject(.treeNode, folder.digest, maximumBytes: 1 << 20)
        try session.putObject(.treeNode, folder.digest, node)
        _ = try session.commit()
        #expect(try b.fetchAll([folder]).objects == 0)
        _ = try fetch(
            b.selection([folder]), from: b.context, options: FetchOptions(isThorough: true))
        #expect(try b.read(folder) == a.read(folder))
    }
}

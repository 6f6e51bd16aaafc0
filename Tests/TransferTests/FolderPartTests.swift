import Objects
import Platform
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary
import Workspaces

@testable import Transfer

/// Fetching files of a folder without the rest of it.
@Suite struct FolderPartTests {
    private static let count = 3000

    /// An end with a folder of many files pushed, and the remote.
    private func pushed(
        count: Int = Self.count
    ) throws -> (remote: FileRemote, end: End, tree: TreeID) {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let session = try a.store.beginSession()
        var entries: [TreeEntry] = []
        var random = SmallRandom(seed: 7)
        for number in 0..<count {
            let bytes = random.bytes(300)
            entries.append(
                .file(
                    try RepoPath("d\(1000 + number / 100)/f\(10_000 + number)"),
                    try session.putBlob(bytes).id, size: bytes.count))
        }
        let tree = try session.putTree(entries)
        _ = try session.commit()
        _ = try a.pushAll([.directory(tree)])
        return (remote, a, tree)
    }

    private func selection(_ tree: TreeID, _ paths: String...) throws -> TransferSelection {
        var selection = TransferSelection()
        selection.parts = [
            .init(
                tree: tree, path: try RepoPath("data"), inside: try paths.map { try RepoPath($0) })
        ]
        return selection
    }

    private func files(_ end: End, _ tree: TreeID) throws -> [String] {
        guard let part = try end.store.part(of: tree) else { return [] }
        return try end.read(.directory(part.here)).keys.sorted()
    }

    @Test func `one file costs a few nodes, and another one is put beside it`() throws {
        let (remote, a, tree) = try pushed()
        let b = try End(2, remote)
        let whole = try b.fetchAll([.directory(tree)])
        let c = try End(4, remote)
        let first = try fetch(selection(tree, "d1007/f10777"), from: c.context)
        #expect(first.requests <= 8 && first.receivedBytes < whole.receivedBytes / 3)
        #expect(try files(c, tree) == ["d1007/f10777"])
        #expect(!c.store.contains(.directory(tree)))
        _ = try fetch(selection(tree, "d1002", "d1029/f12999"), from: c.context)
        #expect(try files(c, tree).count == 102)
        let part = try #require(try c.store.part(of: tree))
        #expect(try part.folders == [RepoPath("d1002")] && part.paths == [RepoPath("data")])
        #expect(try part.isWhole(at: RepoPath("d1002/f10200"), in: c.store))
        #expect(try !part.isWhole(at: RepoPath("d1007"), in: c.store))
        let here = try c.read(.directory(part.here))
        let all = try a.read(.directory(tree))
        #expect(here.allSatisfy { all[$0.key] == $0.value })
        #expect(try c.store.verify(.full, roots: [.content(.directory(part.here))]).isSound)
    }

    @Test func `the whole folder completes the part, and its ref goes`() throws {
        let (remote, a, tree) = try pushed(count: 300)
        let b = try End(2, remote)
        _ = try fetch(selection(tree, "d1001"), from: b.context)
        #expect(try b.store.parts().count == 1)
        // Parts that come to all of it are the folder.
        let c = try End(3, remote)
        _ = try fetch(selection(tree, "d1000"), from: c.context)
        _ = try fetch(selection(tree, "d1001", "d1002"), from: c.context)
        #expect(c.store.contains(.directory(tree)))
        _ = try b.fetchAll([.directory(tree)])
        for end in [b, c] {
            #expect(try end.store.refs(under: RefName.partPrefix).isEmpty)
            #expect(try end.read(.directory(tree)) == a.read(.directory(tree)))
        }
    }

    @Test func `what is not there is told, and nothing is kept`() throws {
        let (remote, _, tree) = try pushed(count: 300)
        let b = try End(2, remote)
        let error = #expect(throws: StoreError.self) {
            try fetch(selection(tree, "d1000/f10001", "d1000/no"), from: b.context)
        }
        #expect(error?.kind == .notFound && error?.message.contains("data/d1000/no") == true)
        #expect(try b.store.parts().isEmpty && b.store.journal().isEmpty)
        let other = TreeID(sha256OfNothing)
        #expect(try fetch(selection(other, "x"), from: b.context).absent == ["data"])
        var options = FetchOptions()
        options.isDryRun = true
        let forecast = try fetch(selection(tree, "d1001"), from: b.context, options: options)
        #expect(forecast.files == 100 && forecast.objects > 0)
        #expect(try b.store.parts().isEmpty && b.store.journal().isEmpty)
    }

    private var sha256OfNothing: Digest { Digest(hex: String(repeating: "e3", count: 32)) ?? .zero }

    @Test func `refs of parts stay at home`() throws {
        let (remote, _, tree) = try pushed(count: 300)
        let b = try End(2, remote)
        _ = try fetch(selection(tree, "d1001"), from: b.context)
        #expect(try b.pushAll([.directory(tree)]).absent.isEmpty)
        let c = try End(3, remote)
        _ = try c.fetchAll()
        #expect(try c.store.refs(under: RefName.partPrefix).isEmpty)
        // To a remote that has nothing of it, the folder is not sent as if it were whole.
        let (_, empty) = try makeRemote()
        let content = ContentID.directory(tree)
        let pushed = try push(b.selection([content]), to: b.through(empty))
        #expect(pushed.absent == [End.path(of: content)] && pushed.objects == 0)
    }

    @Test func `two fetches at once bring both parts`() throws {
        let (remote, _, tree) = try pushed(count: 300)
        for round in 0..<5 {
            let b = try End(UInt64(10 + round), remote)
            // Stores of their own on one disk, as two processes have.
            let other = try End(reopening: b.disk, UInt64(20 + round), remote)
            let names = ["d1001", "d1002/f10203"]
            _ = try parallelMap(count: 2, threads: 2) { index in
                try fetch(selection(tree, names[index]), from: [b, other][index].context)
            }
            try b.store.refresh()
            #expect(try files(b, tree).count == 101)
        }
    }

    @Test func `a fetch that loses power at any change leaves a sound store and is completed`()
        throws
    {
        let (remote, a, tree) = try pushed(count: 300)
        let fresh = try End(3, remote).disk.copy()
        let all = try a.read(.directory(tree))
        var cut = 0
        while true {
            let disk = fresh.copy()
            disk.cutPower(afterChange: cut, seed: UInt64(cut))
            do {
                let c = try End(reopening: disk, 3, remote)
                _ = try fetch(selection(tree, "d1000/f10042"), from: c.context)
                _ = try fetch(selection(tree, "d1001"), from: c.context)
            } catch is SimulatedPowerCut {}
            let isDone = !disk.isOff
            let c = try End(reopening: disk.reopened(), 4, remote)
            #expect(!c.store.contains(.directory(tree)))
            if let part = try c.store.part(of: tree) {
                // What is listed is there.
                let here = try c.read(.directory(part.here))
                #expect(here.allSatisfy { all[$0.key] == $0.value })
            }
            _ = try fetch(selection(tree, "d1000/f10042", "d1001"), from: c.context)
            #expect(try files(c, tree).count == 101)
            if isDone { break }
            cut += 5
        }
        #expect(cut > 20)
    }

    @Test func `a part that is lost or damaged is fetched again`() throws {
        let (remote, _, tree) = try pushed(count: 300)
        let b = try End(2, remote)
        _ = try fetch(selection(tree, "d1001"), from: b.context)
        // A record of which the listing was lost: nothing is here then.
        func replace(_ part: FolderPart, of tree: TreeID) throws {
            let session = try b.store.beginSession()
            let id = try session.putRecord(part.json)
            let name = RefName.part(of: tree)
            _ = try session.commit(refs: [
                RefChange(name: name, expected: try b.store.ref(name), new: id)
            ])
        }
        try replace(FolderPart(of: tree, here: TreeID(sha256OfNothing)), of: tree)
        #expect(try b.store.part(of: tree) == nil)
        _ = try fetch(selection(tree, "d1002"), from: b.context)
        #expect(try files(b, tree).count == 100)
        // A record of another folder is told, and a fetch puts a right one in its place.
        try replace(FolderPart(of: TreeID(sha256OfNothing), here: tree), of: tree)
        let error = #expect(throws: StoreError.self) { try b.store.part(of: tree) }
        #expect(error?.kind == .malformed)
        _ = try fetch(selection(tree, "d1000/f10001"), from: b.context)
        #expect(try files(b, tree) == ["d1000/f10001"])
    }
}

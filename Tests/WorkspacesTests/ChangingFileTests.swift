import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Files to which somebody writes while they are added.
@Suite struct ChangingFileTests {
    /// What stands there before and after: what a text table becomes, and a file of many chunks.
    enum Change: String, CaseIterable, Sendable {
        case smallTableGrows, smallTableBreaks, sameSize, largeShrinks, largeTableGrows

        var name: String { self == .largeShrinks ? "d/x.bin" : "d/x.csv" }

        var contents: (old: [UInt8], new: [UInt8]) {
            switch self {
            case .smallTableGrows: (text("1,2\n"), text("1,2\n3,4\n"))
            case .smallTableBreaks: (text("1,2\n3,4\n"), text("1,2,3\n"))
            case .sameSize: (text("1,2\n"), text("1,x\n"))
            case .largeShrinks: (noise(1), Array(noise(2).prefix(1_300_000)))
            case .largeTableGrows: (rows(60_000), rows(80_000))
            }
        }

        private func text(_ rows: String) -> [UInt8] { Array("a,b\n\(rows)".utf8) }

        private func rows(_ count: Int) -> [UInt8] {
            text((0..<count).map { "\($0),\($0 * 7 % 1000)\n" }.joined())
        }

        private func noise(_ seed: UInt64) -> [UInt8] {
            var random = SmallRandom(seed: seed)
            return random.bytes(1_500_000)
        }
    }

    private func workspace(on disk: any Disk) throws -> Workspace {
        let machine = Machine(
            disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [1])
        return try Workspace.open(from: DiskPath("/w"), on: machine)
    }

    private func prepared(_ change: Change) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        try disk.makeDirectories(DiskPath("/w/d"))
        _ = try Workspace.create(
            at: DiskPath("/w"),
            on: Machine(disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: nil))
        try writeAtomically(
            change.contents.old, to: DiskPath("/w") / change.name, on: disk, durable: true)
        return disk
    }

    /// What the pointer says is what an add of a file at rest would say.
    private func check(
        _ pointer: Pointer, _ change: Change, _ disk: SimulatedDisk, _ comment: Comment
    ) throws {
        let (old, new) = change.contents
        let store = try workspace(on: disk).store()
        switch pointer.content {
        case .file(let id):
            let content = try #require(
                [old, new].first { BlobID(sha256($0)) == id }, "\(comment): neither old nor new")
            #expect(try store.readBlob(id, maximumBytes: 1 << 24) == content, comment)
            let place = try prepared(change)
            try writeAtomically(
                content, to: DiskPath("/w") / change.name, on: place, durable: true)
            let quiet = try add([try RepoPath(change.name)], in: workspace(on: place))
            #expect(quiet.paths.first?.pointer == pointer, comment)
        case .directory(let tree):
            let blob = try #require(try store.tree(tree).entries().first?.blob)
            #expect([old, new].contains { BlobID(sha256($0)) == blob }, comment)
            _ = try store.readBlob(blob, maximumBytes: 1 << 24)
        }
    }

    @Test(arguments: Change.allCases, [true, false])
    func `a file that changes at any look is refused, or added as it was before or after`(
        change: Change, inFolder: Bool
    ) throws {
        let path = try RepoPath(inFolder ? "d" : change.name)
        var refused = 0
        var looks = 0
        while true {
            let base = try prepared(change)
            let disk = ChangingDisk(
                base, DiskPath("/w") / change.name, becomes: change.contents.new, before: looks)
            let comment: Comment = "changed before look \(looks)"
            do {
                let report = try add([path], in: workspace(on: disk))
                let pointer = try #require(report.paths.first?.pointer)
                try check(pointer, change, base, comment)
            } catch let error as StoreError {
                #expect(error.kind == .changedMeanwhile, comment)
                #expect(error.message.contains("changed while it was read"), comment)
                #expect(try workspace(on: base).pointer(of: path) == nil, comment)
                refused += 1
            }
            guard disk.hasChanged else { break }
            // Whatever it was, the next look sees what is there now.
            for found in try status(in: workspace(on: base)).paths {
                #expect([.clean, .modified].contains(found.state), comment)
                guard found.state == .clean, case .file(let id) = found.tracked.content else {
                    continue
                }
                #expect(id == BlobID(sha256(change.contents.new)), comment)
            }
            let again = try add([path], in: workspace(on: base))
            let pointer = try #require(again.paths.first?.pointer)
            try check(pointer, change, base, comment)
            #expect(try status(in: workspace(on: base)).paths.map(\.state) == [.clean], comment)
            looks += 1
        }
        #expect(refused > 0 && looks > 2)
    }
}

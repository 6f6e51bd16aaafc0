import Objects
import Platform
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary

@testable import Transfer

@Suite struct RemoteVerifyTests {
    private struct Pushed {
        let disk: SimulatedDisk
        let end: End
        let contents: [ContentID]
    }

    /// A remote to which one end pushed twice: files of one and of several chunks, a directory, a
    /// snapshot, and a new version of a file that is kept as a delta.
    private func pushed() throws -> Pushed {
        let (disk, remote) = try makeRemote()
        let end = try End(1, remote)
        var random = SmallRandom(seed: 8)
        let text = random.text(300_000)
        let folder = try end.addDirectory([random.text(9000), random.bytes(200)])
        let big = try end.add(text)
        _ = try end.snapshot(folder, "one")
        _ = try end.pushAll([folder, big])
        let other = try end.addDirectory([text + random.text(10), random.bytes(70_000)])
        _ = try end.pushAll([folder, big, other])
        return Pushed(disk: disk, end: end, contents: [folder, big, other])
    }

    private func check(
        _ disk: SimulatedDisk, by end: End, _ level: VerifyLevel = .full, sample: Int = 0
    ) throws -> RemoteVerifyReport {
        var options = RemoteVerifyOptions()
        options.level = level
        options.samplePercent = sample
        let remote = try FileRemote(directory: DiskPath("/remote"), on: disk)
        return try verify(remote: end.through(remote), options)
    }

    private func files(_ disk: SimulatedDisk, _ folder: String) -> [String] {
        disk.allFiles().keys.filter { $0.hasPrefix("/remote/\(folder)") }.sorted()
    }

    private func flip(_ name: String, at position: Int, of disk: SimulatedDisk) throws {
        let file = try disk.openFile(DiskPath(name), .readWrite)
        let byte = try file.read(at: position, count: 1)
        try file.write([byte[0] ^ 1], at: position)
    }

    // MARK: - Finding

    @Test(arguments: VerifyLevel.allCases)
    func `what was pushed is sound and stays as it is`(level: VerifyLevel) throws {
        let pushed = try pushed()
        let before = pushed.disk.allFiles()
        let report = try check(pushed.disk, by: pushed.end, level)
        #expect(report.problems == [])
        #expect(report.pushes == 2 && report.refs > 0 && report.objects > 8)
        #expect(report.packs == files(pushed.disk, "packs/").count)
        #expect((report.readPacks == report.packs) == (level == .full))
        #expect((report.receivedBytes > 0) == (level > .structure))
        #expect(pushed.disk.allFiles() == before)
        #expect(
            try pushed.end.context.disk.entries(of: pushed.end.context.stateDirectory)
                .allSatisfy { !"\($0.name)".hasPrefix("fsck") })
    }

    @Test func `an empty remote is sound`() throws {
        let (_, remote) = try makeRemote()
        let report = try verify(remote: try End(1, remote).context)
        #expect(report.isSound && report.packs == 0)
    }

    @Test func `a flipped byte of a pack, an index or a state is found though a copy is here`()
        throws
    {
        let pushed = try pushed()
        var random = SmallRandom(seed: 3)
        var tried = 0
        for folder in ["packs/", "idx/", "state/"] {
            for name in files(pushed.disk, folder) {
                let size = pushed.disk.allFiles()[name]?.count ?? 0
                for _ in 0..<6 {
                    let disk = pushed.disk.copy()
                    try flip(name, at: random.integer(in: 0..<size), of: disk)
                    let report = try check(disk, by: pushed.end)
                    // An older state or index is not read any more.
                    let counts = try folder == "packs/" || isCurrent(name, pushed)
                    #expect(report.isSound == !counts, "\(name)")
                    if counts { tried += 1 }
                }
            }
        }
        #expect(tried >= 30)
    }

    private func isCurrent(_ name: String, _ pushed: Pushed) throws -> Bool {
        let catalog = try RemoteCatalog(reading: pushed.end.context)
        var current = try catalog.state.segments.map { try $0.name().description }
        if let root = catalog.root { current.append(try root.stateName().description) }
        return current.contains(String(name.dropFirst("/remote/".count)))
    }

    @Test func `a pack that is missing or shorter is found without reading it`() throws {
        let pushed = try pushed()
        for name in files(pushed.disk, "packs/") {
            let gone = pushed.disk.copy()
            try gone.removeFile(DiskPath(name))
            let missing = try check(gone, by: pushed.end, .structure)
            #expect(missing.problems.map(\.severity) == [.missing], "\(name)")
            #expect(missing.problems.first.map { name.hasSuffix($0.file) } ?? false)
            #expect(missing.receivedBytes == 0)

            let short = pushed.disk.copy()
            let bytes = pushed.disk.allFiles()[name] ?? []
            try short.removeFile(DiskPath(name))
            let file = try short.openFile(DiskPath(name), .createNew(permissions: 0o644))
            try file.write(Array(bytes.dropLast()), at: 0)
            let damaged = try check(short, by: pushed.end, .structure)
            #expect(damaged.problems.map(\.severity) == [.damaged], "\(name)")
        }
    }

    @Test func `a sample finds damage in what it reads`() throws {
        let pushed = try pushed()
        let index = try RemoteCatalog(reading: pushed.end.context).index
        for pack in index.packs where pack.keys.first?.kind.packClass == .data {
            let disk = pushed.disk.copy()
            let name = try pack.name()
            try flip("/remote/\(name)", at: pack.range(ofFrame: 0).upperBound - 1, of: disk)
            #expect(try check(disk, by: pushed.end, .connectivity).isSound)
            let report = try check(disk, by: pushed.end, .connectivity, sample: 100)
            #expect(report.problems.count == 1)
            let affected = pack.objects(ofFrame: 0).map { pack.keys[$0] }
            #expect(report.problems.first?.affected == affected)
        }
    }

    @Test func `an index that leaves out what its metadata names is found`() throws {
        let pushed = try pushed()
        let context = pushed.end.context
        let catalog = try RemoteCatalog(reading: context)
        var state = catalog.state
        let packs = catalog.index.packs.filter { $0.keys.first?.kind.packClass == .metadata }
        state.segments = [try catalog.send(packs)]
        #expect(try catalog.swap(to: state))
        #expect(try check(pushed.disk, by: pushed.end, .structure).isSound)
        let report = try check(pushed.disk, by: pushed.end, .connectivity)
        #expect(!report.isSound && report.problems.allSatisfy { $0.severity == .missing })
        #expect(report.loosePacks > 0)
    }

    @Test func `a ref whose record is not there is found`() throws {
        let pushed = try pushed()
        let catalog = try RemoteCatalog(reading: pushed.end.context)
        var state = catalog.state
        let name = try #require(RefName("tags/lost"))
        state.refs[name] = RecordID(try #require(Digest(bytes: [UInt8](repeating: 7, count: 32))))
        #expect(try catalog.swap(to: state))
        let report = try check(pushed.disk, by: pushed.end)
        #expect(report.problems.count == 1)
        #expect(report.problems.first?.message.contains("tags/lost") ?? false)
    }

    @Test func `a remote that does not answer is no damage`() throws {
        let pushed = try pushed()
        for request in 1...6 {
            let faulty = FaultyRemote(
                try FileRemote(directory: DiskPath("/remote"), on: pushed.disk))
            faulty.failRequest(request, .before)
            #expect(throws: StoreError.self) {
                try verify(remote: pushed.end.through(faulty))
            }
        }
    }

    // MARK: - Mending

    @Test func `whatever pack is lost, a repair and a push bring everything back`() throws {
        let pushed = try pushed()
        for name in files(pushed.disk, "packs/") {
            let disk = pushed.disk.copy()
            try disk.removeFile(DiskPath(name))
            try mend(disk, pushed, losing: name)
        }
    }

    @Test func `whatever pack is damaged, a repair and a push bring everything back`() throws {
        let pushed = try pushed()
        for name in files(pushed.disk, "packs/") {
            let disk = pushed.disk.copy()
            try flip(name, at: 100, of: disk)
            try mend(disk, pushed, losing: name)
        }
    }

    private func mend(_ disk: SimulatedDisk, _ pushed: Pushed, losing name: String) throws {
        let remote = try FileRemote(directory: DiskPath("/remote"), on: disk)
        let context = pushed.end.through(remote)
        var options = RemoteVerifyOptions()
        options.level = .full
        let report = try repair(remote: context, options)
        #expect(!report.found.isSound && report.forgotten > 0, "\(name)")
        // Whether or not something is damaged, a fetch never gives wrong bytes; a push sends the rest.
        #expect(try pushed.end.pushAll(pushed.contents, through: remote).sentBytes > 0)
        let after = try check(disk, by: pushed.end)
        #expect(after.problems.filter { $0.file != "state" } == [], "\(name)")
        let other = try End(5, remote)
        #expect(try other.fetchAll(pushed.contents).absent.isEmpty)
        for content in pushed.contents {
            #expect(try other.read(content) == pushed.end.read(content))
        }
    }

    @Test
    func `a note that nobody sends again stops collections until a second repair gives it up`()
        throws
    {
        let (disk, remote) = try makeRemote()
        let end = try End(1, remote)
        let lost = try End(2, remote)
        var random = SmallRandom(seed: 4)
        _ = try lost.pushAll([try lost.add(random.bytes(500))])
        let before = Set(files(disk, "packs/"))
        let content = try end.add(random.bytes(600))
        _ = try end.pushAll([content])
        for name in before { try disk.removeFile(DiskPath(name)) }
        #expect(try repair(remote: end.context).forgotten > 0)
        _ = try end.pushAll([content])
        let roots = RemoteCollectionRoots(here: { [] })
        #expect(throws: StoreError.self) { try collect(remote: end.context, roots: roots) }
        let second = try repair(remote: end.context)
        #expect(second.forgotten == 0 && second.forgottenPushes == 1)
        #expect(try check(disk, by: end).isSound)
        _ = try collect(remote: end.context, roots: roots)
        let other = try End(3, remote)
        #expect(try other.fetchAll([content]).absent.isEmpty)
    }

    @Test func `a repair of what is sound changes nothing`() throws {
        let pushed = try pushed()
        let before = pushed.disk.allFiles()
        let report = try repair(remote: pushed.end.context)
        #expect(report.found.isSound && report.forgotten == 0)
        #expect(pushed.disk.allFiles() == before)
    }

    @Test func `a remote whose index is damaged cannot be mended, and says so`() throws {
        let pushed = try pushed()
        for name in try files(pushed.disk, "idx/").filter({ try isCurrent($0, pushed) }) {
            let disk = pushed.disk.copy()
            try flip(name, at: 40, of: disk)
            let before = disk.allFiles()
            let remote = try FileRemote(directory: DiskPath("/remote"), on: disk)
            #expect(throws: StoreError.self) { try repair(remote: pushed.end.through(remote)) }
            #expect(disk.allFiles() == before)
        }
    }
}

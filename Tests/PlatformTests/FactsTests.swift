import TestSupport
import Testing
import Vocabulary

@testable import Platform

@Suite struct FactsTests {
    @Test func `the process knows its surroundings`() throws {
        #expect(Environment.processorCount >= 1)
        #expect(Environment.peakMemoryBytes() > 1 << 20)
        #expect(try Environment.currentDirectory().isAbsolute)
        #expect(try Environment.executablePath().isAbsolute)
        #expect(try Environment.homeDirectory().isAbsolute)
        #expect(Environment.variable("PATH") == Environment.variables["PATH"])
        #expect(Environment.variable("NO_SUCH_VARIABLE_XYZ") == nil)
        #expect(!Environment.systemName.system.isEmpty && !Environment.systemName.machine.isEmpty)
    }

    @Test func `a real path has no links in it`() throws {
        try withTemporaryFolder { directory in
            try LocalDisk().makeDirectory(directory / "d")
            try LocalDisk().makeSymlink(at: directory / "l", target: Array("d/.".utf8))
            #expect(try Environment.realPath(directory / "l/../l") == directory / "d")
            #expect(throws: StoreError.self) {
                try Environment.realPath(directory / "missing")
            }
        }
    }

    @Test func `seeded entropy repeats and the system's does not`() {
        #expect(Entropy.seeded(7).bytes(20) == Entropy.seeded(7).bytes(20))
        #expect(Entropy.seeded(7).bytes(20) != Entropy.seeded(8).bytes(20))
        let seeded = Entropy.seeded(7)
        #expect(seeded.bytes(16) != seeded.bytes(16))
        #expect(Entropy.system.bytes(16) != Entropy.system.bytes(16))
        #expect(Entropy.system.bytes(1000).count == 1000)
    }

    @Test func `clocks tell the time they were given`() {
        #expect(WallClock.forTests.now().description == "2026-01-01T00:00:00.000Z")
        let stepping = WallClock.stepping()
        _ = stepping.now()
        #expect(stepping.now().description == "2026-01-01T00:00:01.000Z")
        #expect(WallClock.system.now().milliseconds > 1_700_000_000_000)
        let before = monotonicNanoseconds()
        #expect(monotonicNanoseconds() >= before)
    }

    @Test func `a temporary directory is gone with its last reference`() throws {
        var directory: TemporaryFolder? = try TemporaryFolder()
        let path = try #require(directory?.path)
        try writeAtomically([1], to: path / "f", on: LocalDisk(), durable: false)
        directory = nil
        #expect(try LocalDisk().status(of: path, followingLinks: false) == nil)
    }

    @Test(
        arguments: [
            (0x6969, "NFS"), (0xff53_4d42, "SMB"), (0xfe53_4d42, "SMB"), (0x6573_5546, "FUSE"),
            (0xef53, nil), (0x5846_5342, nil), (0x9123_683e, nil), (0x0102_1994, nil),
        ] as [(Int64, String?)])
    func `network file systems are told from local ones`(type: Int64, name: String?) {
        #expect(Environment.networkFileSystem(type: type) == name)
    }

    @Test func `what cannot be looked at is taken for local`() {
        #expect(Environment.networkFileSystem(of: DiskPath("/there/is/no/such/place")) == nil)
    }
}

import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

@Suite struct RemoteTests {
    @Test(arguments: remoteConformance)
    func `a directory remote keeps the rules`(rule: ConformanceCheck<any Remote>) throws {
        try withTemporaryFolder { directory in
            try rule.run(try FileRemote(directory: directory / "remote", on: LocalDisk()))
        }
    }

    @Test(arguments: remoteConformance)
    func `a directory remote on a simulated disk keeps the rules`(
        rule: ConformanceCheck<any Remote>
    ) throws {
        try rule.run(try FileRemote(directory: DiskPath("/remote"), on: SimulatedDisk()))
    }

    @Test(arguments: remoteConformance)
    func `the decorators keep the rules`(rule: ConformanceCheck<any Remote>) throws {
        let inner = try FileRemote(directory: DiskPath("/remote"), on: SimulatedDisk())
        inner.slow(to: RateLimit(bytesPerSecond: 1 << 40))
        try rule.run(CountingRemote(FaultyRemote(inner)))
    }

    @Test func `requests and bytes are counted`() throws {
        let disk = SimulatedDisk()
        let remote = CountingRemote(try FileRemote(directory: DiskPath("/r"), on: disk))
        try remote.put(try remoteName("f"), .bytes([1, 2, 3]))
        _ = try remote.read(try remoteName("f"), range: 1..<3)
        _ = try remote.list(nil)
        #expect(remote.requestCount == 3)
        #expect(remote.sentBytes == 3 && remote.receivedBytes == 2)
    }

    @Test func `a remote is made when only its own directory is missing`() throws {
        let disk = SimulatedDisk()
        _ = try FileRemote(directory: DiskPath("/new"), on: disk)
        let error = #expect(throws: StoreError.self) {
            _ = try FileRemote(directory: DiskPath("/not-mounted/new"), on: disk)
        }
        #expect(error?.kind == .remoteUnreachable && error?.advice != nil)
        try writeAtomically([], to: DiskPath("/file"), on: disk, durable: false)
        let other = #expect(throws: StoreError.self) {
            _ = try FileRemote(directory: DiskPath("/file"), on: disk)
        }
        #expect(other?.kind == .remoteUnreachable)
    }

    @Test func `what was put survives a power cut after, and is whole or absent before`() throws {
        let name = try remoteName("packs/s/1.pack")
        let bytes = [UInt8](repeating: 3, count: 5000)
        let whole = SimulatedDisk()
        try FileRemote(directory: DiskPath("/r"), on: whole).put(name, .bytes(bytes))
        for cut in 0...whole.changeCount {
            for seed in 0..<6 as Range<UInt64> {
                let disk = SimulatedDisk()
                disk.cutPower(afterChange: cut, seed: seed)
                try? FileRemote(directory: DiskPath("/r"), on: disk).put(name, .bytes(bytes))
                let after = try FileRemote(directory: DiskPath("/r"), on: disk.reopened())
                let found = try? after.read(name, maximumBytes: 9999)
                #expect(found == nil || found == bytes)
                if cut == whole.changeCount { #expect(found == bytes) }
            }
        }
    }

    @Test func `a full or broken remote refuses, and nothing is left under the name`() throws {
        for kind in [StoreError.Kind.noSpace, .io, .readOnly, .permission] {
            let disk = SimulatedDisk()
            let remote = try FileRemote(directory: DiskPath("/r"), on: disk)
            disk.failChange(disk.changeCount + 2, with: kind, persistently: true)
            let error = #expect(throws: StoreError.self) {
                try remote.put(try remoteName("f"), .bytes([1]))
            }
            #expect(error?.kind == .remoteRefused)
            #expect(try remote.list(nil).isEmpty)
        }
    }

    @Test(arguments: ["", "/", "a/", "/a", "a//b", ".", "..", "a/../b", ".hidden", "A", "a b", "é"])
    func `names that could mean something else are refused`(text: String) {
        #expect(RemoteFileName(text) == nil)
    }

    @Test func `names of strangers in the directory are not listed`() throws {
        let disk = SimulatedDisk()
        let remote = try FileRemote(directory: DiskPath("/r"), on: disk)
        try remote.put(try remoteName("ok"), .bytes([1]))
        for name in [".DS_Store", "Thumbs DB", ".mlstore-tmp-0"] {
            try writeAtomically([1], to: DiskPath("/r") / name, on: disk, durable: false)
        }
        try disk.makeSymlink(at: DiskPath("/r/link"), target: Array("/etc".utf8))
        #expect(try remote.list(nil).map(\.name.description) == ["ok"])
    }
}

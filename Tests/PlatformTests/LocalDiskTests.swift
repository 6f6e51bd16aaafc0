import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct LocalDiskTests {
    private let disk = LocalDisk()

    private func kind(_ body: () throws -> Void) -> StoreError.Kind? {
        do { try body() } catch let error as StoreError { return error.kind } catch {}
        return nil
    }

    @Test func `sockets, pipes and devices are listed as other and refused when opened`() throws {
        try withTemporaryFolder { directory in
            let pipe = directory / "pipe"
            #expect(mkfifo("\(pipe)", 0o600) == 0)
            let entries = try disk.entries(of: directory)
            #expect(entries.map(\.kind) == [.other])
            #expect(try disk.entriesWithStatus(of: directory).first?.status.kind == .other)
            // Opening must not wait for a writer at the other end.
            #expect(kind { _ = try disk.openFile(pipe, .read) } == .unsupportedFile)
            #expect(kind { _ = try disk.map(pipe) } == .unsupportedFile)
            let device = try disk.status(of: DiskPath("/dev/null"), followingLinks: true)
            #expect(device?.kind == .other)
            #expect(
                kind { _ = try disk.openFile(DiskPath("/dev/null"), .read) } == .unsupportedFile)
        }
    }

    @Test func `a loop of links is refused, not followed for ever`() throws {
        try withTemporaryFolder { directory in
            try disk.makeSymlink(at: directory / "a", target: Array("b".utf8))
            try disk.makeSymlink(at: directory / "b", target: Array("a".utf8))
            #expect(kind { _ = try disk.openFile(directory / "a", .read) } == .unsupportedFile)
            #expect(
                kind { _ = try disk.status(of: directory / "a", followingLinks: true) }
                    == .unsupportedFile)
        }
    }

    @Test func `the error names the path and says what the system says`() throws {
        let error = #expect(throws: StoreError.self) {
            _ = try disk.openFile(DiskPath("/nowhere/at all"), .read)
        }
        #expect(
            error?.message == "cannot open '/nowhere/at all': no such file or directory")
        #expect(error?.subject == "/nowhere/at all")
    }

    @Test func `a name with NUL and a name that is too long are refused`() throws {
        #expect(kind { _ = try disk.openFile(DiskPath(bytes: [0x61, 0]), .read) } == .io)
        let long = DiskPath(bytes: [UInt8](repeating: 0x61, count: 5000))
        #expect(kind { try disk.makeDirectory(long) } == .io)
        #expect(kind { try disk.makeDirectory(DiskPath("")) } == .notFound)
    }

    @Test(.enabled(if: !Environment.isSuperuser, "the superuser may read everything"))
    func `a file without permission is refused as such`() throws {
        try withTemporaryFolder { directory in
            try writeAtomically([1], to: directory / "f", on: disk, durable: false)
            try disk.setPermissions(directory / "f", 0)
            #expect(kind { _ = try disk.openFile(directory / "f", .read) } == .permission)
            try disk.setPermissions(directory, 0o500)
            #expect(kind { try disk.makeDirectory(directory / "d") } == .permission)
            try disk.setPermissions(directory, 0o700)
        }
    }

    #if os(Linux)
        @Test func `what even the superuser may not do is refused as permission`() {
            // The kernel's own file system takes no directories from anybody.
            #expect(kind { try disk.makeDirectory(DiskPath("/sys/mlstore-test")) } == .permission)
        }
    #endif

    @Test func `a full disk is told as such, and a write that fits goes on`() throws {
        #if os(Linux)
            // Writing to /dev/full fails as a full disk does, wherever tests may run.
            let result = try ChildProcess(
                arguments: ["sh", "-c", "echo x > /dev/full"], directory: DiskPath("/"),
                standardError: .capture(limit: 1000)
            ).run()
            #expect(!result.succeeded)
        #endif
        try withTemporaryFolder { directory in
            try withSmallFileSystem(at: directory / "small") { small in
                let file = try disk.openFile(small / "f", .createNew(permissions: 0o644))
                let much = [UInt8](repeating: 7, count: 1 << 20)
                #expect(kind { for n in 0..<4 { try file.write(much, at: n << 20) } } == .noSpace)
                #expect(try disk.capacityLeft(at: small) < 1 << 20)
                #expect(
                    kind { try writeAtomically(much, to: small / "g", on: disk, durable: true) }
                        == .noSpace)
                #expect(try disk.entries(of: small).count == 1)
                try file.truncate(to: 0)
                try writeAtomically(
                    Array(much.prefix(100)), to: small / "g", on: disk, durable: true)
            }
        }
    }

    /// Calls `body` with a file system of 1 MiB; says so and does nothing where none may be made.
    private func withSmallFileSystem(at path: DiskPath, _ body: (DiskPath) throws -> Void) throws {
        try disk.makeDirectory(path)
        let mount = ChildProcess(
            arguments: ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "\(path)"],
            directory: DiskPath("/"), standardOutput: .discard, standardError: .discard)
        guard (try? mount.run())?.succeeded == true else {
            return print("SKIPPED: no small file system can be mounted here")
        }
        defer {
            _ = try? ChildProcess(
                arguments: ["umount", "\(path)"], directory: DiskPath("/"),
                standardError: .discard
            ).run()
        }
        try body(path)
    }

    @Test func `a lock that waits gets its turn`() throws {
        try withTemporaryFolder { directory in
            let path = directory / "lock"
            let order = Mutex<[Int]>([])
            let first = try #require(try disk.lock(path, .exclusive, wait: .never))
            try WorkerPool(threads: 2).forEach(count: 2) { index in
                if index == 0 {
                    usleep(20_000)
                    order.withLock { $0.append(0) }
                    first.unlock()
                } else {
                    let second = try LocalDisk().lock(path, .exclusive, wait: .forever)
                    order.withLock { $0.append(1) }
                    second?.unlock()
                }
            }
            #expect(order.withLock { $0 } == [0, 1])
        }
    }

    @Test func `a lock vanishes with its process and is not inherited by children`() throws {
        try withTemporaryFolder { directory in
            let path = directory / "lock"
            do {
                let held = try disk.lock(path, .exclusive, wait: .never)
                let child = ChildProcess(
                    arguments: ["sh", "-c", "sleep 5 & exit 0"], directory: directory,
                    standardOutput: .discard)
                #expect(try child.run().succeeded)
                held?.unlock()
            }
            #expect(try disk.lock(path, .exclusive, wait: .never) != nil)
        }
    }

    @Test func `a lock on a file that was replaced is a lock on the new one`() throws {
        try withTemporaryFolder { directory in
            let path = directory / "lock"
            let old = try disk.lock(path, .exclusive, wait: .never)
            try disk.removeFile(path)
            let new = try disk.lock(path, .exclusive, wait: .never)
            #expect(old != nil && new != nil)
            #expect(try disk.lock(path, .exclusive, wait: .never) == nil)
        }
    }

    @Test func `a sparse file far beyond 4 GiB keeps its offsets`() throws {
        try withTemporaryFolder { directory in
            let file = try disk.openFile(directory / "f", .createNew(permissions: 0o644))
            try file.write([7], at: 5 << 30)
            #expect(try file.status().size == (5 << 30) + 1)
            #expect(try file.read(at: 5 << 30, count: 10) == [7])
            #expect(try file.read(at: 1 << 30, count: 3) == [0, 0, 0])
        }
    }

    @Test func `ten thousand names are listed once each`() throws {
        try withTemporaryFolder { directory in
            for number in 0..<10_000 {
                let path = directory / "file-\(number)"
                try disk.openFile(path, .createNew(permissions: 0o644)).close()
            }
            let names = try disk.entriesWithStatus(of: directory).map(\.name)
            #expect(Set(names).count == 10_000 && names.count == 10_000)
        }
    }
}

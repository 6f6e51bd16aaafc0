import Bytes
import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

@Suite(.enabled(if: SSHServer.isInstalled)) struct SFTPRemoteTests {
    /// OpenSSH's server on a pipe, without ssh.
    private func onPipe(_ directory: DiskPath, lockAttempts: Int = 100) throws -> any Remote {
        let url = try RemoteURL(parsing: "ssh://host\(directory)", relativeTo: DiskPath("/"))
        return try openSSHRemote(
            url, with: SSHProgram(shellLine: "exec \(SSHServer.sftpProgram) #"),
            lockAttempts: lockAttempts)
    }

    @Test(arguments: remoteConformance)
    func `a remote behind a plain SFTP server keeps the rules`(
        rule: ConformanceCheck<any Remote>
    ) throws {
        try withTemporaryFolder { try rule.run(try onPipe($0 / "remote")) }
    }

    @Test(arguments: [
        // Either request gets the server, or only the subsystem does.
        "ForceCommand internal-sftp",
        "ForceCommand sh -c 'test \"$SSH_ORIGINAL_COMMAND\" = internal-sftp && exec \(SSHServer.sftpProgram); exit 127'",
    ])
    func `an account that can only do SFTP keeps them too`(setting: String) throws {
        let server = try SSHServer(path: [], settings: [setting])
        for (number, rule) in remoteConformance.enumerated() {
            let url = try RemoteURL(
                parsing: server.url(server.place / "r\(number)"), relativeTo: DiskPath("/"))
            try rule.run(try openSSHRemote(url, with: SSHProgram(shellLine: server.client)))
        }
    }

    @Test func `an account without either is told so`() throws {
        let server = try SSHServer(path: [], settings: ["ForceCommand exit 127"])
        let error = #expect(throws: StoreError.self) {
            let url = try RemoteURL(
                parsing: server.url(server.place / "r"), relativeTo: DiskPath("/"))
            _ = try openSSHRemote(url, with: SSHProgram(shellLine: server.client))
        }
        #expect(error?.kind == .remoteUnreachable)
        #expect(error?.message.contains("neither mlstore nor an SFTP server") == true)
    }

    @Test func `both ways to one directory see the same files and exclude each other`() throws {
        try withTemporaryFolder { folder in
            let place = folder / "remote"
            let direct = try FileRemote(directory: place, on: LocalDisk())
            let far = try onPipe(place)
            let name = try remoteName("packs/a/1")
            try far.put(name, .bytes([1, 2]))
            #expect(try direct.read(name, maximumBytes: 2) == [1, 2])
            let counter = try remoteName("counter")
            try parallelForEach(count: 40, threads: 4) { index in
                let remote: any Remote = index.isMultiple(of: 2) ? direct : far
                while true {
                    let seen = try remote.readVersioned(counter, maximumBytes: 9)
                    let next = [(seen?.bytes.first ?? 0) + 1]
                    if try remote.compareAndSwap(counter, expected: seen?.version, new: next) {
                        return
                    }
                }
            }
            #expect(try direct.read(counter, maximumBytes: 9) == [40])
            #expect(try LocalDisk().status(of: place / ".lock-held", followingLinks: false) == nil)
        }
    }

    @Test func `a lock that a killed push left is told, with the way out`() throws {
        try withTemporaryFolder { folder in
            let place = folder / "remote"
            let far = try onPipe(place, lockAttempts: 1)
            let root = try remoteName("root")
            #expect(try far.compareAndSwap(root, expected: nil, new: [0]))
            let version = try far.readVersioned(root, maximumBytes: 1)?.version
            try writeAtomically([], to: place / ".lock-held", on: LocalDisk(), durable: false)
            let direct = try FileRemote(directory: place, on: LocalDisk(), lockAttempts: 1)
            for remote in [far, direct] as [any Remote] {
                let error = #expect(throws: StoreError.self) {
                    _ = try remote.compareAndSwap(root, expected: version, new: [1])
                }
                #expect(error?.kind == .locked)
                #expect(error?.advice?.contains("remove '.lock-held'") == true)
            }
            try LocalDisk().removeFile(place / ".lock-held")
            #expect(try far.compareAndSwap(root, expected: version, new: [1]))
        }
    }

    @Test func `a lock that a crash left under the kernel's lock is taken over`() throws {
        let root = try remoteName("root")
        let place = DiskPath("/r")
        for cut in 1... {
            let disk = SimulatedDisk()
            disk.cutPower(afterChange: cut, seed: 1)
            let remote = try? FileRemote(directory: place, on: disk)
            _ = try? remote?.compareAndSwap(root, expected: nil, new: [0])
            let first = RemoteVersion(sha256([0]).hex)
            let isDone = (try? remote?.compareAndSwap(root, expected: first, new: [1])) ?? nil
            let after = try FileRemote(directory: place, on: disk.reopened(), lockAttempts: 0)
            let seen = try after.readVersioned(root, maximumBytes: 9)
            #expect(try after.compareAndSwap(root, expected: seen?.version, new: [2]))
            if isDone == true, disk.changeCount < cut { break }
        }
    }

    @Test func `what the server refuses is told with its reason`() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: StoreError.self) { _ = try onPipe(folder / "no/such") }
            #expect(error?.kind == .remoteUnreachable)
            let remote = try onPipe(folder / "remote")
            try remote.put(try remoteName("a"), .bytes([1]))
            let refused = #expect(throws: StoreError.self) {
                try remote.put(try remoteName("a/b"), .bytes([1]))
            }
            #expect(refused?.kind == .remoteRefused)
            #expect(try remote.list(nil).map(\.name.description) == ["a"])
        }
    }
}

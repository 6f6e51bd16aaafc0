import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

@Suite(.enabled(if: SSHServer.isInstalled)) struct SSHRemoteTests {
    private func open(
        _ server: SSHServer, _ name: String = "remote", client: String? = nil
    ) throws -> any Remote {
        let url = try RemoteURL(
            parsing: server.url(server.place / name), relativeTo: DiskPath("/"))
        return try openSSHRemote(url, with: SSHProgram(shellLine: client ?? server.client))
    }

    private func failure(_ body: () throws -> Void) -> StoreError? {
        #expect(throws: StoreError.self) { try body() }
    }

    @Test(arguments: remoteConformance)
    func `a remote behind ssh and mlstore keeps the rules`(
        rule: ConformanceCheck<any Remote>
    ) throws {
        let server = try SSHServer(path: [try BuiltProgram.path().parent])
        try rule.run(try open(server))
    }

    @Test func `names that a shell would take apart are one directory`() throws {
        let server = try SSHServer(path: [try BuiltProgram.path().parent])
        let directory = server.place / "with 'quotes' $HOME `x` \"and\" ; blanks"
        let encoded = RemoteURL(directory: directory).description.dropFirst("file://".count)
        let text = String(server.url(DiskPath("/")).dropLast()) + encoded
        let remote = try openSSHRemote(
            try RemoteURL(parsing: text, relativeTo: DiskPath("/")),
            with: SSHProgram(shellLine: server.client))
        let name = try remoteName("f")
        try remote.put(name, .bytes([7]))
        let kept = try FileRemote(directory: directory, on: LocalDisk())
        #expect(try kept.read(name, maximumBytes: 1) == [7])
    }

    @Test func `a host key that changed is refused with the way out`() throws {
        let server = try SSHServer(path: [try BuiltProgram.path().parent])
        try server.expectOtherHostKey()
        let error = failure { _ = try open(server) }
        #expect(error?.kind == .remoteUnreachable)
        #expect(error?.message.contains("the key of its host has changed") == true)
        #expect(error?.advice?.contains("ssh-keygen -R '[127.0.0.1]:") == true)
    }

    @Test func `a refused login and a closed port are told apart`() throws {
        let server = try SSHServer(path: [try BuiltProgram.path().parent])
        let refused = failure { _ = try open(server, client: server.client(key: "host_key")) }
        #expect(refused?.kind == .remoteRefused)
        #expect(refused?.message.contains("Permission denied (publickey)") == true)
        let nowhere = try RemoteURL(parsing: "ssh://127.0.0.1:1/x", relativeTo: DiskPath("/"))
        let closed = failure {
            _ = try openSSHRemote(nowhere, with: SSHProgram(shellLine: server.client))
        }
        #expect(closed?.kind == .remoteUnreachable)
        #expect(closed?.message.contains("Connection refused") == true)
    }

    @Test func `a directory that cannot be made is told with the remote's name`() throws {
        let server = try SSHServer(path: [try BuiltProgram.path().parent])
        let error = failure { _ = try open(server, "no/such/place") }
        #expect(error?.kind == .remoteUnreachable)
        #expect(error?.message.contains("cannot use remote 'ssh://127.0.0.1:") == true)
    }

    @Test func `every waiting thread learns that the far side was killed`() throws {
        let server = try SSHServer(path: [try BuiltProgram.path().parent])
        let remote = try open(server)
        let name = try remoteName("f")
        try remote.put(name, .bytes(Array(repeating: 1, count: 1000)))
        let kinds = try parallelMap(count: 4, threads: 4) { index -> StoreError.Kind? in
            if index == 0 {
                _ = BuiltProgram.can("pkill -9 -f '[s]erve-stdio -- \(server.place)/remote'")
            }
            do {
                while true { _ = try remote.read(name, maximumBytes: 1000) }
            } catch let error as StoreError {
                return error.kind
            }
        }
        #expect(kinds.allSatisfy { $0 == .remoteUnreachable }, "\(kinds)")
        #expect(failure { _ = try remote.size(name) }?.kind == .remoteUnreachable)
        #expect(try open(server).size(name) == 1000)
    }

    @Test func `a start-up file that prints is named as the reason`() throws {
        let url = try RemoteURL(parsing: "ssh://host/x", relativeTo: DiskPath("/"))
        let error = failure {
            _ = try openSSHRemote(url, with: SSHProgram(shellLine: "echo Welcome to host; cat #"))
        }
        #expect(error?.kind == .malformed)
        #expect(error?.message.contains("'Welcome to host") == true)
        #expect(error?.advice?.contains("start-up file") == true)
    }
}

import Platform
package import Vocabulary

/// A real sshd on loopback with one key for its host and one for its users, stopped with the last
/// reference. A login is that of the user who runs the tests.
package final class SSHServer: Sendable {
    private let folder: TemporaryFolder
    private let process: ConnectedProcess
    private let port: Int

    /// Where its own files are; remotes can be beside them.
    package var place: DiskPath { folder.path }

    /// Whether there is one to start.
    package static let isInstalled = BuiltProgram.can("test -x /usr/sbin/sshd && command -v ssh")

    /// OpenSSH's program that speaks SFTP on its standard input and output.
    package static let sftpProgram = "/usr/lib/openssh/sftp-server"

    /// Starts it. Logins find programs in `path` and in the system's own directories; `settings` are
    /// more lines for sshd_config.
    package init(path: [DiskPath], settings: [String] = []) throws {
        let folder = try TemporaryFolder()
        for key in ["host_key", "key"] {
            try folder.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        }
        try folder.run("cp", "key.pub", "authorized_keys")
        // What sshd wants when root starts it.
        try folder.run("sh", "-c", "test \"$(id -u)\" != 0 || mkdir -p /run/sshd")
        let search = (path.map(\.description) + ["/usr/bin", "/bin"]).joined(separator: ":")
        let lines = [
            "ListenAddress 127.0.0.1", "HostKey \(folder.path)/host_key",
            "PidFile none", "AuthorizedKeysFile \(folder.path)/authorized_keys",
            "PasswordAuthentication no", "KbdInteractiveAuthentication no", "UsePAM no",
            "StrictModes no", "PermitRootLogin prohibit-password", "MaxStartups 100",
            "Subsystem sftp internal-sftp", "SetEnv PATH=\(search)",
        ]
        try folder.write((lines + settings).joined(separator: "\n") + "\n", to: "sshd_config")
        (process, port) = try SSHServer.start(in: folder)
        self.folder = folder
        try trustHostKey()
    }

    /// On the first port that is free, of those that the folder's random name leads to.
    private static func start(
        in folder: TemporaryFolder
    ) throws -> (ConnectedProcess, Int) {
        var random = SmallRandom(seed: UInt64(truncatingIfNeeded: folder.path.hashValue))
        for _ in 0..<50 {
            let port = random.integer(in: 20_000..<32_000)
            let process = try ConnectedProcess(
                arguments: [
                    "/usr/sbin/sshd", "-D", "-e", "-f", "\(folder.path)/sshd_config", "-p",
                    "\(port)",
                ], directory: folder.path)
            while process.readSome(maximum: 4096) != nil {
                let said = String(decoding: process.errors, as: UTF8.self)
                if said.contains("Server listening on") { return (process, port) }
            }
            let said = String(decoding: process.errors, as: UTF8.self)
            guard said.contains("in use") else { throw StoreError(.io, "sshd: \(said)") }
        }
        throw StoreError(.io, "no port is free for sshd")
    }

    deinit { process.kill() }

    /// Writes down the key that the host has now.
    private func trustHostKey() throws {
        let key = try folder.read("host_key.pub").split(separator: " ").prefix(2)
        try folder.write(
            "[127.0.0.1]:\(port) \(key.joined(separator: " "))\n", to: "known_hosts")
    }

    /// Lets the client believe that the host had another key.
    package func expectOtherHostKey() throws {
        let key = try folder.read("key.pub").split(separator: " ").prefix(2)
        try folder.write(
            "[127.0.0.1]:\(port) \(key.joined(separator: " "))\n", to: "known_hosts")
    }

    /// The ssh that knows this server and nothing else, as a line of the shell.
    package var client: String { client(key: "key") }

    /// The same with another of the server's files as the key of the user.
    package func client(key: String) -> String {
        "ssh -F /dev/null -i \(place)/\(key) -o UserKnownHostsFile=\(place)/known_hosts"
            + " -o IdentitiesOnly=yes -o BatchMode=yes"
    }

    /// The URL of a directory there.
    package func url(_ directory: DiskPath) -> String { "ssh://127.0.0.1:\(port)\(directory)" }
}

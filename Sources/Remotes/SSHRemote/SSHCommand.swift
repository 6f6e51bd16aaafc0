import Platform
import Vocabulary

/// The program that connects: its words before the options.
package struct SSHProgram: Sendable {
    /// The program and what stands before the options of each call.
    package let words: [String]

    /// A line of the shell, to which options and the host are appended.
    package init(shellLine: String) { words = ["/bin/sh", "-c", shellLine + " \"$@\"", shellLine] }

    private init(words: [String]) { self.words = words }

    /// `ssh`, or what `MLSTORE_SSH` or git's own variables name: lines of the shell but for
    /// `GIT_SSH`, which is one program.
    package static func fromEnvironment() -> SSHProgram {
        for name in ["MLSTORE_SSH", "GIT_SSH_COMMAND"] {
            if let line = Environment.variable(name) { return SSHProgram(shellLine: line) }
        }
        return SSHProgram(words: [Environment.variable("GIT_SSH") ?? "ssh"])
    }
}

/// How the system's `ssh` is called, so that the user's configuration, agent, jump hosts and host
/// keys do what they always do.
struct SSHCommand: Sendable {
    /// Where to.
    let host: RemoteHost
    /// What is called.
    let program: SSHProgram

    /// The arguments that run `command` there, or ask for a subsystem.
    func arguments(_ request: Request) -> [String] {
        var options = ["-o", "ServerAliveInterval=30", "-T"]
        if let port = host.port { options += ["-p", String(port)] }
        let target = (host.user.map { $0 + "@" } ?? "") + host.name
        switch request {
        case .command(let command): return program.words + options + ["--", target, command]
        case .subsystem(let name): return program.words + options + ["-s", "--", target, name]
        }
    }

    /// What the far side is to start.
    enum Request: Sendable {
        /// A line for the user's shell there.
        case command(String)
        /// What its settings call so.
        case subsystem(String)
    }

    /// The line that starts mlstore there on a directory. Where its installation is not in the
    /// path of a shell without a terminal, the usual places are looked into as well.
    static func serving(_ directory: DiskPath) -> String {
        let script =
            "PATH=\"$PATH:$HOME/.local/bin:/usr/local/bin:/opt/homebrew/bin\"; "
            + "exec mlstore serve-stdio -- \"$0\""
        return "exec sh -c \(quoted(script)) \(quoted(farPath(directory)))"
    }

    /// The directory there: below the home directory, where the login begins, for `/~/x`. A path of
    /// a URL with a host is UTF-8.
    static func farPath(_ path: DiskPath) -> String {
        let text = String(decoding: path.bytes, as: UTF8.self)
        if text == "/~" { return "." }
        return text.hasPrefix("/~/") ? "./" + text.dropFirst(3) : text
    }

    /// One word for a POSIX shell, whatever is in it.
    static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }
}

extension StoreError {
    /// What it means that ssh ended, for the user: the last line that it said, and what to do about
    /// the usual reasons.
    static func sshEnded(_ ending: SSHEnding, _ remote: String, _ host: RemoteHost) -> StoreError {
        let failure = "cannot reach remote '\(remote)'"
        guard case .ended(let end, let errors) = ending else {
            return nonsense(ending, remote)
        }
        let text = String(decoding: errors, as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline)
            .map { printable(Array($0.utf8).filter { $0 != 0x0d }) }
            .filter { !$0.isEmpty }
        if text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            return StoreError(
                .remoteUnreachable, "\(failure): the key of its host has changed", subject: remote,
                advice: "if that is expected, run 'ssh-keygen -R \(keyName(host))' and connect once"
                    + " with ssh; else somebody may be in between",
                safety: "nothing was sent")
        }
        if text.contains("Host key verification failed") {
            return StoreError(
                .remoteUnreachable, "\(failure): the key of its host is not known",
                subject: remote, advice: "run '\(login(host))' once and compare the key",
                safety: "nothing was sent")
        }
        if let line = lines.last(where: { $0.contains("Permission denied (") }) {
            return StoreError(
                .remoteRefused, "\(failure): the login was refused (\(line))", subject: remote,
                advice: "check that '\(login(host))' works without questions: the key, the"
                    + " agent, the user name")
        }
        return StoreError(
            .remoteUnreachable, "\(failure): \(lines.last ?? "ssh ended \(reason(end))")",
            subject: remote,
            advice: "check that '\(login(host))' works, then run the command again",
            safety: "what has arrived there will not be sent twice")
    }

    private static func nonsense(_ ending: SSHEnding, _ remote: String) -> StoreError {
        var said = ""
        if case .nonsense(let bytes) = ending, !bytes.isEmpty {
            said = ": '\(printable(Array(bytes.prefix(60))))'"
        }
        return StoreError(
            .malformed,
            "cannot talk to remote '\(remote)': something else than the protocol came\(said)",
            subject: remote,
            advice: "a start-up file of the shell there may print: it must be silent without a"
                + " terminal")
    }

    private static func reason(_ end: ChildProcess.Ending) -> String {
        switch end {
        case .exited(let status): "with status \(status)"
        case .killed(let signal): "by signal \(signal)"
        }
    }

    /// What a user types to get there.
    static func login(_ host: RemoteHost) -> String {
        "ssh " + (host.port.map { "-p \($0) " } ?? "") + (host.user.map { $0 + "@" } ?? "")
            + host.name
    }

    private static func keyName(_ host: RemoteHost) -> String {
        host.port.map { "'[\(host.name)]:\($0)'" } ?? host.name
    }
}

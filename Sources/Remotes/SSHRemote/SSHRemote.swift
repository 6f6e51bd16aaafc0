import Platform
import Vocabulary

/// Opens the remote of an `ssh` URL: one ssh process, with mlstore on the far side, or, where there
/// is none, its SFTP server. `lockAttempts` is as in `FileRemote`, for the latter.
package func openSSHRemote(
    _ url: RemoteURL, with program: SSHProgram = .fromEnvironment(),
    lockAttempts: Int = FileRemote.lockAttempts
) throws -> any Remote {
    guard let host = url.host else { throw StoreError.noRemoteURL("\(url)") }
    let command = SSHCommand(host: host, program: program)
    let opening = SSHOpening(url: url, host: host, lockAttempts: lockAttempts)
    do {
        return try opening.converse(
            command.arguments(.command(SSHCommand.serving(url.path))), isLast: false)
    } catch is NoServiceThere {
        return try opening.converse(command.arguments(.subsystem("sftp")), isLast: true)
    }
}

/// The far side has no such program.
struct NoServiceThere: Error {}

/// One remote being opened.
struct SSHOpening: Sendable {
    let url: RemoteURL
    let host: RemoteHost
    let lockAttempts: Int

    /// Starts a process and greets what is behind it. Throws `NoServiceThere` when the login worked
    /// and the program did not, unless there is nothing else to try.
    func converse(_ arguments: [String], isLast: Bool) throws -> any Remote {
        let process: ConnectedProcess
        do {
            process = try ConnectedProcess(arguments: arguments, directory: DiskPath("/"))
        } catch let error as StoreError where error.kind == .notFound {
            throw StoreError(
                .remoteUnreachable, "cannot reach remote '\(url)': there is no ssh program here",
                subject: url.description, advice: "install OpenSSH's client", cause: error)
        }
        let remote = url.description
        let exchange = FramedExchange(process, largest: StdioProtocol.largestMessage) { ending in
            StoreError.sshEnded(ending, remote, host)
        }
        exchange.open(greeting: StdioProtocol.version)
        let answer: FramedMessage
        do {
            try exchange.send(StdioProtocol.greeting(StdioProtocol.hello))
            answer = try exchange.receive(StdioProtocol.version)
        } catch {
            // ssh itself ends with 255 when it could not connect or log in.
            let ending = process.finish()
            if SignalWatch.isInterrupted || ending == .exited(255) { throw error }
            guard isLast else { throw NoServiceThere() }
            throw (error as? StoreError)?.kind == .malformed ? error : noService(error)
        }
        exchange.close(StdioProtocol.version)
        return try greet(answer, exchange)
    }

    private func greet(_ answer: FramedMessage, _ exchange: FramedExchange) throws -> any Remote {
        if answer.kind == StdioProtocol.Kind.failed.rawValue {
            throw try openingFailure(answer.body)
        }
        guard answer.kind == StdioProtocol.welcome,
            let extensions = try? StdioProtocol.extensions(of: answer)
        else { throw StoreError.sshEnded(.nonsense(answer.encoded), url.description, host) }
        if let version = extensions[StdioProtocol.extensionName] {
            guard version == StdioProtocol.extensionValue else { throw newer(version) }
            return StdioRemote(exchange, description: url.description)
        }
        let session = SFTPSession(
            exchange: exchange, extensions: Set(extensions.keys), remote: url.description)
        return try SFTPRemote(
            session, directory: SSHCommand.farPath(url.path), lockAttempts: lockAttempts)
    }

    /// The far side could not open the directory.
    private func openingFailure(_ body: [UInt8]) throws -> StoreError {
        var fields = FieldReader(body)
        _ = try fields.string()
        let message = printableText(Array(try fields.string().prefix(1000)))
        return StoreError(
            .remoteUnreachable, "cannot use remote '\(url)': \(message)", subject: url.description,
            advice: "create the directory that should hold it there, then run the command again")
    }

    private func newer(_ version: String) -> StoreError {
        StoreError(
            .newerFormat,
            "cannot use remote '\(url)': the mlstore there speaks version"
                + " '\(printable(Array(version.utf8.prefix(20))))' of the protocol, this one only"
                + " \(StdioProtocol.extensionValue)", subject: url.description,
            advice: "install the same mlstore at both ends")
    }

    private func noService(_ error: any Error) -> StoreError {
        StoreError(
            .remoteUnreachable,
            "cannot use remote '\(url)': there is neither mlstore nor an SFTP server on its host",
            subject: url.description,
            advice: "install mlstore there, in a directory that is in the path of"
                + " '\(StoreError.login(host)) env'", cause: error)
    }
}

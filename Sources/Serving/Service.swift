import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import Platform
import Remotes
import ServiceLifecycle
import UnixSignals
import Vocabulary

/// The server: listens, answers, and ends in order.
struct Service {
    private let settings: ServiceSettings
    private let responder: StoreResponder

    /// Opens the remote and reads the tokens.
    init(_ settings: ServiceSettings) throws {
        self.settings = settings
        let disk = LocalDisk()
        let tokens = try settings.tokens.map { path in
            try AccessTokens(parsing: try disk.readFile(path, maximumBytes: 1 << 20))
        }
        responder = StoreResponder(
            remote: try FileRemote(directory: settings.directory, on: disk),
            access: AccessRules(tokens: tokens, isPublic: settings.isPublic),
            limits: ServiceLimits(
                bodyBytes: settings.maximumBodyBytes, seconds: settings.requestSeconds),
            log: AccessLog(isOn: settings.logsRequests))
    }

    /// Serves until SIGTERM or SIGINT; requests that run then have their time to end.
    func run() async throws {
        let scheme = settings.certificate == nil ? "http" : "https"
        let (host, directory) = (settings.host, settings.directory)
        let application = Application(
            responder: responder, server: try server(),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), serverName: nil,
                backlog: 256, reuseAddress: true,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    settings.maximumConnections)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                let shown = host.contains(":") ? "[\(host)]" : host
                let line = "serving \(directory) on \(scheme)://\(shown):\(port)\n"
                _ = try? Environment.writeStandardOutput(Array(line.utf8))
            }, logger: Logger(label: "mlstore") { _ in SwiftLogNoOpLogHandler() })
        var configuration = ServiceGroupConfiguration(
            services: [application], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: application.logger)
        configuration.maximumGracefulShutdownDuration = .seconds(settings.graceSeconds)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw StoreError(
                .io, "cannot listen on \(settings.host), port \(settings.port): \(error)",
                advice: "choose another with '--listen HOST:PORT'")
        }
    }

    private func server() throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                idleTimeout: .seconds(60),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10,
                    maxHeaderFieldCount: 100)))
        guard let certificate = settings.certificate, let key = settings.key else { return plain }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate)
            let configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            return try .tls(plain, tlsConfiguration: configuration)
        } catch {
            throw StoreError(
                .malformed,
                "cannot use '\(certificate)' and '\(key)' as a certificate and its key: \(error)",
                advice: "both are files in PEM; the certificate's with those of its authorities")
        }
    }
}

/// The bounds of one request.
struct ServiceLimits: Sendable {
    /// The most bytes of a body.
    let bodyBytes: Int
    /// The time for all of it.
    let seconds: Int
}

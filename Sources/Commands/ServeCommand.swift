import ArgumentParser
import Bytes
import Platform
import Vocabulary

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a remote's directory over HTTP.",
        discussion: helpText(
            examples: [
                "mlstore serve /srv/project",
                "mlstore serve /srv/project --listen 0.0.0.0:8443 --tokens tokens --certificate c.pem --key k.pem",
            ],
            notes: """
                Others use it as http://HOST:PORT or https://HOST:PORT. Without tokens everybody who can \
                connect may read and write, so then it listens on this machine only. A file of tokens \
                has lines of a name, 'read' or 'write', and the SHA-256 of the token. It ends in order \
                at SIGTERM and Ctrl-C. /healthz tells that it runs, /metrics is for Prometheus.
                """))

    @Argument(
        help: "The directory of the remote; made when only it is missing.", completion: .directory)
    var directory = "."

    @Option(help: ArgumentHelp("Where to listen; port 0 for any.", valueName: "host:port"))
    var listen = "127.0.0.1:8090"

    @Option(help: ArgumentHelp("Who may do what.", valueName: "file"), completion: .file())
    var tokens: String?

    @Flag(help: "Let everybody read, also without a token.")
    var `public` = false

    @Option(
        help: ArgumentHelp("Encrypt, with this certificate (PEM).", valueName: "file"),
        completion: .file())
    var certificate: String?

    @Option(
        help: ArgumentHelp("The certificate's key (PEM).", valueName: "file"), completion: .file())
    var key: String?

    @Option(help: ArgumentHelp("The most MiB of one file.", valueName: "mib"))
    var maxFile = 4096

    @Option(help: ArgumentHelp("The most connections at once.", valueName: "n"))
    var maxConnections = 256

    @Option(help: ArgumentHelp("The seconds that a request may take.", valueName: "s"))
    var requestSeconds = 3600

    @Option(help: ArgumentHelp("The seconds for running requests at the end.", valueName: "s"))
    var graceSeconds = 30

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = Console(isJSON: common.json, isQuiet: common.quiet)
        let context = try CommandContext(common, console: console)
        let place = try parsedAddress()
        try check(host: place.host)
        let directory = context.path(directory)
        try checkIsRemote(directory, on: context.disk)
        func file(_ path: String?) -> JSONValue {
            path.map { .string("\(context.path($0))") } ?? nil
        }
        let settings: JSONValue = [
            "directory": .string("\(directory)"), "host": .string(place.host),
            "port": JSONValue(place.port), "tokens": file(tokens), "public": .bool(self.public),
            "certificate": file(certificate), "key": file(key),
            "maximumBodyBytes": JSONValue(maxFile << 20),
            "maximumConnections": JSONValue(maxConnections),
            "requestSeconds": JSONValue(requestSeconds), "graceSeconds": JSONValue(graceSeconds),
            "logsRequests": .bool(!common.quiet),
        ]
        let program = try Environment.executablePath().parent / "mlstore-serve"
        guard try context.disk.status(of: program, followingLinks: true)?.kind == .file else {
            throw StoreError(
                .notFound, "cannot serve: there is no '\(program)', which does it",
                subject: "\(program)",
                advice: "install mlstore again, without '--without-server'")
        }
        try Environment.replaceProcess(
            with: program,
            arguments: ["mlstore-serve", String(decoding: settings.canonical, as: UTF8.self)])
    }

    private func parsedAddress() throws -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":"),
            let port = Int(listen[listen.index(after: colon)...]), (0...65_535).contains(port)
        else {
            throw StoreError(
                .badUsage, "cannot listen on '\(listen)': a host and a port are needed",
                advice: "write '--listen 127.0.0.1:8090'")
        }
        var host = String(listen[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }

    private func check(host: String) throws {
        let isLocal = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        guard isLocal || tokens != nil else {
            throw StoreError(
                .badUsage, "cannot listen on '\(host)' without tokens: everybody could write",
                advice: "name a file of tokens with '--tokens FILE'", safety: "nothing was started")
        }
        guard (certificate == nil) == (key == nil) else {
            throw StoreError(
                .badUsage, "a certificate and its key are needed together",
                advice: "give '--certificate FILE' and '--key FILE'", safety: "nothing was started")
        }
        guard tokens != nil || !self.public else {
            throw StoreError(
                .badUsage, "'--public' means nothing without '--tokens'",
                safety: "nothing was started")
        }
        guard maxFile > 0, maxConnections > 0, requestSeconds > 0, graceSeconds >= 0,
            maxFile <= 1 << 30
        else {
            throw StoreError(.badUsage, "limits must be above 0", safety: "nothing was started")
        }
    }

    /// A folder with something else in it is not made a remote by accident.
    private func checkIsRemote(_ directory: DiskPath, on disk: any Disk) throws {
        guard try disk.status(of: directory, followingLinks: true)?.kind == .directory else {
            return
        }
        let names = try disk.entries(of: directory).map(\.name)
        // A first push that died has sent packs and no more.
        let own = ["format", "packs", ".lock"].map { Array($0.utf8) }
        guard names.isEmpty || names.contains(where: own.contains) else {
            throw StoreError(
                .badUsage, "cannot serve '\(directory)': it holds something else than a remote",
                subject: "\(directory)", advice: "give an empty directory, or that of a remote",
                safety: "nothing was started")
        }
    }
}

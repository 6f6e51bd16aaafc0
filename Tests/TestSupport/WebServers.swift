package import Platform
import Remotes
package import Vocabulary

/// A running `mlstore serve` on loopback, ended with the last reference.
package final class ServeProcess: Sendable {
    private let process: ConnectedProcess
    /// Where it listens: `http://127.0.0.1:PORT`.
    package let url: String

    /// Serves a directory, on a port that is free unless one is given. A log is kept for few requests
    /// only: nobody reads the pipe meanwhile.
    package init(
        _ directory: DiskPath, _ options: String..., port: Int = 0, logs: Bool = false
    ) throws {
        process = try ConnectedProcess(
            arguments: [
                "\(try BuiltProgram.path())", "serve", "\(directory)", "--listen",
                "127.0.0.1:\(port)",
            ] + options + (logs ? [] : ["--quiet"]), directory: directory.parent)
        var said: [UInt8] = []
        while let more = process.readSome(maximum: 4096) {
            said += more
            guard said.contains(0x0a) else { continue }
            let line = String(decoding: said, as: UTF8.self)
            guard let place = line.firstRange(of: " on ") else { break }
            url = String(line[place.upperBound...].prefix { $0 != "\n" })
            return
        }
        throw StoreError(.io, "mlstore serve: \(String(decoding: process.errors, as: UTF8.self))")
    }

    deinit { process.kill() }

    /// What it wrote on standard error so far, at the end of it.
    package var log: String { String(decoding: process.errors, as: UTF8.self) }

    /// Kills it as a power cut would.
    package func kill() { process.kill() }

    /// Asks it to end, and waits for it.
    package func stop() -> ChildProcess.Ending {
        process.terminate()
        return process.finish()
    }
}

/// A real nginx on loopback that shows a directory, ended with the last reference.
package final class NginxProcess: Sendable {
    private let folder: TemporaryFolder
    private let process: ConnectedProcess
    /// Where it listens: `http://127.0.0.1:PORT`.
    package let url: String

    /// Whether there is one to start.
    package static let isInstalled = BuiltProgram.can("command -v nginx")

    /// Shows `directory`; `settings` are more lines for the server.
    package init(_ directory: DiskPath, settings: String = "") throws {
        let folder = try TemporaryFolder()
        var random = SmallRandom(seed: UInt64(truncatingIfNeeded: folder.path.hashValue))
        for _ in 0..<50 {
            let port = random.integer(in: 20_000..<32_000)
            try folder.write(
                """
                daemon off; worker_processes 1; pid \(folder.path)/pid;
                error_log stderr notice;
                events {}
                http {
                  access_log off; client_body_temp_path \(folder.path)/body;
                  proxy_temp_path \(folder.path)/proxy; fastcgi_temp_path \(folder.path)/fastcgi;
                  uwsgi_temp_path \(folder.path)/uwsgi; scgi_temp_path \(folder.path)/scgi;
                  server { listen 127.0.0.1:\(port); root \(directory); \(settings) }
                }
                """, to: "nginx.conf")
            let process = try ConnectedProcess(
                arguments: ["nginx", "-p", "\(folder.path)", "-c", "\(folder.path)/nginx.conf"],
                directory: folder.path)
            while process.readSome(maximum: 4096) != nil {
                let said = String(decoding: process.errors, as: UTF8.self)
                if said.contains("start worker processes") {
                    (self.folder, self.process) = (folder, process)
                    url = "http://127.0.0.1:\(port)"
                    return
                }
                if said.contains("in use") { break }
            }
            let said = String(decoding: process.errors, as: UTF8.self)
            guard said.contains("in use") else { throw StoreError(.io, "nginx: \(said)") }
        }
        throw StoreError(.io, "no port is free for nginx")
    }

    deinit {
        // Its workers end with it only when it is asked.
        process.terminate()
        _ = process.finish()
    }
}

/// A real Apache on loopback that shows a directory, ended with the last reference.
package final class ApacheProcess: Sendable {
    private let folder: TemporaryFolder
    private let process: PeerProcess
    /// Where it listens: `http://127.0.0.1:PORT`.
    package let url: String

    /// Whether there is one to start.
    package static let isInstalled = BuiltProgram.can("command -v apache2")

    /// Shows `directory`, with more modules; `settings` are more lines for the server.
    package init(
        _ directory: DiskPath, modules more: [String] = [], settings: String = ""
    ) throws {
        folder = try TemporaryFolder()
        let port = try PeerProcess.freePort()
        let modules = (["mpm_event", "authz_core", "alias"] + more).map { name in
            "LoadModule \(name)_module modules/mod_\(name).so"
        }
        try folder.write(
            """
            ServerRoot /usr/lib/apache2
            ServerName 127.0.0.1
            Listen 127.0.0.1:\(port)
            PidFile \(folder.path)/apache.pid
            Mutex file:\(folder.path) default
            ErrorLog /dev/stderr
            \(modules.joined(separator: "\n"))
            User www-data
            Group www-data
            DocumentRoot "\(directory)"
            <Directory "\(directory)">
              Require all granted
            </Directory>
            \(settings)
            """, to: "apache.conf")
        url = "http://127.0.0.1:\(port)"
        let place = HTTPURL(isSecure: false, host: "127.0.0.1", port: port, path: "/")
        let client = BucketServer.directClient()
        process = try PeerProcess(
            "exec apache2 -f '\(folder.path)/apache.conf' -DFOREGROUND", in: folder.path
        ) {
            _ = try client.send(HTTPRequest(.get, place))
            return true
        }
    }

    // Before the folder, which says what to stop.
    deinit { process.stop() }
}

import Bytes
import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

@Suite struct HTTPRemoteTests {
    private func open(
        _ url: String, token: String? = nil, netrc: String = "",
        options: HTTPClientOptions = HTTPClientOptions()
    ) throws -> HTTPRemote {
        let place = try RemoteURL(parsing: url, relativeTo: DiskPath("/"))
        let tokens = token.map { "\(place.host.map { "\($0)" } ?? "")=\($0)" }
        return try HTTPRemote(
            place, transport: HTTPClient(options),
            credentials: try HTTPCredentials(tokens: tokens, netrc: Array(netrc.utf8)))
    }

    private func failure(_ body: () throws -> Void) -> StoreError? {
        #expect(throws: StoreError.self) { try body() }
    }

    private func write(_ text: String, to path: DiskPath) throws {
        try writeAtomically(Array(text.utf8), to: path, on: LocalDisk(), durable: false)
    }

    @Test(arguments: remoteConformance)
    func `a remote behind mlstore serve keeps the rules`(
        rule: ConformanceCheck<any Remote>
    ) throws {
        try withTemporaryFolder { folder in
            let server = try ServeProcess(folder / "remote")
            try rule.run(try open(server.url))
        }
    }

    @Test func `lists of many pages are whole`() throws {
        try withTemporaryFolder { folder in
            let place = folder / "remote"
            let direct = try FileRemote(directory: place, on: LocalDisk())
            try direct.put(try remoteName("format"), .bytes([1]))
            try LocalDisk().makeDirectories(place / "a")
            for number in 0..<5003 { try write("", to: place / "a/\(number)") }
            let server = try ServeProcess(place)
            let names = try open(server.url).list(nil).map(\.name)
            #expect(names == (try direct.list(nil).map(\.name)))
            #expect(names.count == 5004)
        }
    }

    @Test func `each token may do what its line says, and nothing is told of it`() throws {
        try withTemporaryFolder { folder in
            try write(
                """
                # who may what
                ci write \(sha256(Array("w-secret".utf8)).hex)
                web read \(sha256(Array("r-secret".utf8)).hex)

                """, to: folder / "tokens")
            let server = try ServeProcess(
                folder / "remote", "--tokens", "\(folder)/tokens", logs: true)
            let name = try remoteName("root")
            let writer = try open(server.url, token: "w-secret")
            #expect(try writer.compareAndSwap(name, expected: nil, new: [1]))
            let reader = try open(server.url, token: "r-secret")
            #expect(try reader.read(name, maximumBytes: 9) == [1])
            let refused = failure { try reader.put(try remoteName("f"), .bytes([1])) }
            #expect(refused?.message.contains("403 this token may only read") == true)
            for token in [nil, "wrong", "w-secret2"] {
                let error = failure {
                    _ = try open(server.url, token: token).read(name, maximumBytes: 9)
                }
                #expect(error?.kind == .remoteRefused)
                #expect(error?.message.contains("401 a token is needed") == true)
                #expect(error?.advice?.contains("MLSTORE_HTTP_TOKENS='127.0.0.1:") == true)
                #expect(error?.message.contains("secret") == false)
            }
            let basic = "machine 127.0.0.1 login me password w-secret"
            try open(server.url, netrc: basic).remove(name)
            _ = server.stop()
            #expect(server.log.contains(" ci PUT /root 201 in=1 out=0"))
            #expect(server.log.contains(" web PUT /f 403"))
            #expect(!server.log.contains("secret"))
        }
    }

    @Test func `what may be read without a token may not be written`() throws {
        try withTemporaryFolder { folder in
            try write("ci write \(sha256([1]).hex)\n", to: folder / "tokens")
            let server = try ServeProcess(
                folder / "remote", "--tokens", "\(folder)/tokens", "--public")
            let remote = try open(server.url)
            #expect(try remote.size(try remoteName("root")) == nil)
            let error = failure { try remote.put(try remoteName("f"), .bytes([1])) }
            #expect(error?.message.contains("401") == true)
        }
    }

    @Test func `a secret is not sent in the clear to another machine`() throws {
        let error = failure { _ = try open("http://store.example/x", token: "secret") }
        #expect(error?.kind == .remoteRefused)
        #expect(error?.message.contains("unencrypted") == true)
        #expect(throws: Never.self) { _ = try open("https://store.example/x", token: "secret") }
    }

    @Test func `over TLS with an authority of one's own`() throws {
        let folder = try TemporaryFolder()
        try folder.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=test",
            "-addext", "subjectAltName=IP:127.0.0.1")
        let server = try ServeProcess(
            folder.path / "remote", "--certificate", "\(folder.path)/cert.pem", "--key",
            "\(folder.path)/key.pem")
        #expect(server.url.hasPrefix("https://"))
        var options = HTTPClientOptions()
        options.authorities = "\(folder.path)/cert.pem"
        let name = try remoteName("f")
        try open(server.url, options: options).put(name, .bytes([1, 2]))
        #expect(try open(server.url, options: options).read(name, range: 1..<2) == [2])
        let error = failure { _ = try open(server.url).size(name) }
        #expect(error?.kind == .remoteUnreachable)
        #expect(error?.advice?.contains("SSL_CERT_FILE") == true)
    }

    @Test func `the limits hold, and a put without a condition is refused`() throws {
        try withTemporaryFolder { folder in
            let server = try ServeProcess(folder / "remote", "--max-file", "1")
            let remote = try open(server.url)
            let name = try remoteName("f")
            let error = failure {
                try remote.put(name, .bytes(.init(repeating: 0, count: 1_048_577)))
            }
            #expect(error?.message.contains("413") == true)
            let url = try #require(HTTPURL(server.url + "/f"))
            let client = HTTPClient()
            #expect(try client.send(HTTPRequest(.put, url, body: .bytes([1]))).status == 428)
            var lone = HTTPRequest(.put, url, body: .bytes([1]))
            lone.headers["X-Long"] = String(repeating: "x", count: 20_000)
            #expect((try? client.send(lone).status) != 201)
            for path in ["/.lock", "/../x", "/a/../../x", "/A", "/%2e%2e/x", "/a//b", "/a/"] {
                let place = try #require(HTTPURL(server.url + path))
                var request = HTTPRequest(.put, place, body: .bytes([1]))
                request.headers["If-None-Match"] = "*"
                #expect(try client.send(request).status == 404, "\(path)")
            }
            #expect(try remote.list(nil).isEmpty)
        }
    }

    @Test func `health, metrics, and an end in order`() throws {
        let folder = try TemporaryFolder()
        let server = try ServeProcess(folder.path / "remote")
        let client = HTTPClient()
        func get(_ path: String) throws -> String {
            let url = try #require(HTTPURL(server.url + path))
            return String(decoding: try client.send(HTTPRequest(.get, url)).body, as: UTF8.self)
        }
        #expect(try get("/healthz") == "ok\n")
        try open(server.url).put(try remoteName("f"), .bytes([1, 2, 3]))
        let metrics = try get("/metrics")
        #expect(metrics.contains("mlstore_requests_total{method=\"PUT\",status=\"201\"} 1"))
        #expect(metrics.contains("mlstore_received_bytes_total 3"))
        if BuiltProgram.can("command -v promtool") {
            try folder.write(metrics, to: "metrics")
            try folder.run("sh", "-c", "promtool check metrics < metrics")
        }
        #expect(server.stop() == .exited(0))
    }

    @Test(.enabled(if: NginxProcess.isInstalled))
    func `nginx can be read, in parts, and not written to`() throws {
        try withTemporaryFolder { folder in
            let whole = "location /whole/ { max_ranges 0; alias \(folder)/www/; }"
            try checkStatic(folder) {
                try NginxProcess(folder, settings: whole)
            } url: {
                $0.url
            }
        }
    }

    @Test(.enabled(if: ApacheProcess.isInstalled))
    func `Apache can be read, in parts, and not written to`() throws {
        try withTemporaryFolder { folder in
            let whole = """
                Alias /whole "\(folder)/www"
                <Location /whole>
                  MaxRanges none
                </Location>
                """
            try checkStatic(folder) {
                try ApacheProcess(folder, settings: whole)
            } url: {
                $0.url
            }
        }
    }

    /// Checks a server of plain files that shows `folder`, and under `/whole/` its `www` without
    /// ranges.
    private func checkStatic<Server>(
        _ folder: DiskPath, start: () throws -> Server, url: (Server) -> String
    ) throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let direct = try FileRemote(directory: folder / "www", on: LocalDisk())
        let name = try remoteName("packs/a/1.pack")
        try direct.put(name, .bytes(bytes))
        try LocalDisk().setPermissions(folder, 0o755)
        let server = try start()
        let remote = try open(url(server) + "/www")
        #expect(try remote.read(name, maximumBytes: 100_000) == bytes)
        #expect(try remote.read(name, range: 7..<70_000) == Array(bytes[7..<70_000]))
        #expect(try remote.size(name) == 100_000)
        #expect(try remote.size(try remoteName("no")) == nil)
        #expect(failure { _ = try remote.read(name, range: 99_999..<100_001) }?.kind == .corrupt)
        let written = failure { try remote.put(try remoteName("f"), .bytes([1])) }
        #expect(written?.kind == .remoteRefused)
        #expect(written?.message.contains("this server can only be read") == true)
        #expect(failure { _ = try remote.list(nil) }?.kind == .remoteRefused)
        let lax = try open(url(server) + "/whole")
        let parts = failure { _ = try lax.read(name, range: 7..<9) }
        #expect(parts?.message.contains("does not send parts of files") == true)
    }

    @Test func `what listens to all needs tokens, and only a remote is served`() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "else/data.csv")
        for (line, part) in [
            ("--listen 0.0.0.0:0 .", "without tokens"), ("--certificate c .", "together"),
            ("--public .", "means nothing"), ("--listen x .", "a host and a port"),
            ("else", "something else than a remote"),
        ] {
            let result = try BuiltProgram.shell("mlstore serve \(line)", in: folder.path)
            #expect(result.status == 2 && result.errors.contains(part), "\(line): \(result.errors)")
        }
        try folder.write("ci write nonsense\n", to: "tokens")
        let bad = try BuiltProgram.shell(
            "mkdir r; mlstore serve r --listen 127.0.0.1:0 --tokens tokens", in: folder.path)
        #expect(
            bad.status == 1 && bad.errors.contains("line 1 is not as it should"), "\(bad.errors)")
    }
}

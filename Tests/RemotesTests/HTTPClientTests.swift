import Bytes
import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite struct HTTPClientTests {
    private func withServer(_ body: (FaultServer, HTTPClient) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try FaultServer(in: folder)
            var options = HTTPClientOptions()
            options.usesProxies = false
            options.connectMilliseconds = 2000
            try body(server, HTTPClient(options))
        }
    }

    private func failure(
        _ request: HTTPRequest, _ client: HTTPClient
    ) -> HTTPFailure? {
        #expect(throws: HTTPFailure.self) { _ = try client.send(request) }
    }

    @Test func `methods, paths, headers and bodies arrive as they are`() throws {
        try withServer { server, client in
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            for method in [HTTPRequest.Method.put, .post] {
                var request = HTTPRequest(
                    method, try server.at("/echo/a%20b/../c//d?x=%2F&y"), body: .bytes(bytes))
                request.maximumBytes = 4_000_000
                let answer = try client.send(request)
                #expect(answer.status == 200 && answer.body == bytes)
                #expect(answer.headers["x-method"] == method.rawValue)
                #expect(answer.headers["X-Path"] == "/echo/a%20b/../c//d?x=%2F&y")
            }
            let nothing = try client.send(
                HTTPRequest(.put, try server.at("/echo"), body: .bytes([])))
            #expect(nothing.status == 200 && nothing.body.isEmpty)
            let deletion = try client.send(HTTPRequest(.delete, try server.at("/echo")))
            #expect(deletion.headers["x-method"] == "DELETE")
            let head = try client.send(HTTPRequest(.head, try server.at("/bytes?n=77")))
            #expect(head.headers["content-length"] == "77" && head.body.isEmpty)
            var request = HTTPRequest(.get, try server.at("/headers"))
            request.headers = ["X-One": "a b", "X-Empty": ""]
            request.secrets = ["Authorization": "Bearer s3cret"]
            let seen = try JSONValue(parsing: try client.send(request).body)
            #expect(seen["X-One"]?.stringValue == "a b" && seen["X-Empty"]?.stringValue == "")
            #expect(seen["Authorization"]?.stringValue == "Bearer s3cret")
            #expect(seen["Expect"] == nil)
        }
    }

    @Test func `a part of a file is sent from where it is`() throws {
        try withServer { server, client in
            try withTemporaryFolder { folder in
                var random = SmallRandom(seed: 3)
                let bytes = random.bytes(2_000_000)
                let path = folder / "file"
                try writeAtomically(bytes, to: path, on: LocalDisk(), durable: false)
                let file = try LocalDisk().openFile(path, .read)
                var request = HTTPRequest(
                    .put, try server.at("/echo"), body: .file(file, 1000..<1_500_000))
                request.maximumBytes = 2_000_000
                #expect(try client.send(request).body == Array(bytes[1000..<1_500_000]))
                request.body = .file(file, 1_999_000..<2_000_001)
                #expect(failure(request, client)?.kind == .sourceFailed)
                try file.close()
                #expect(failure(request, client)?.kind == .sourceFailed)
            }
        }
    }

    @Test func `a sink takes good answers, and may refuse`() throws {
        try withServer { server, client in
            let taken = Mutex<[UInt8]>([])
            var request = HTTPRequest(.get, try server.at("/bytes?n=5000000"))
            request.maximumBytes = 0
            request.sink = { bytes in
                taken.withLock { taken in
                    for index in bytes.indices { taken.append(bytes[index]) }
                }
            }
            #expect(try client.send(request).body.isEmpty)
            #expect(taken.withLock { $0.count } == 5_000_000)
            request.url = try server.at("/status?n=503")
            #expect(try client.send(request).body == Array("because".utf8))
            #expect(taken.withLock { $0.count } == 5_000_000)
            request.url = try server.at("/bytes?n=9")
            request.sink = { _ in throw StoreError(.noSpace, "the disk is full") }
            let refused = failure(request, client)
            #expect(refused?.kind == .sinkFailed)
            #expect(refused?.storeError("cannot fetch 'x'", place: "there").kind == .noSpace)
        }
    }

    @Test func `answers that are too long, cut off, endless or no HTTP are failures`() throws {
        try withServer { server, client in
            let cases: [(String, HTTPFailure.Kind)] = [
                ("/bytes?n=1001", .tooLarge), ("/endless", .tooLarge),
                ("/truncated", .truncated), ("/headings", .badAnswer), ("/garbage", .badAnswer),
            ]
            for (path, kind) in cases {
                var request = HTTPRequest(.get, try server.at(path))
                request.maximumBytes = 1000
                let found = failure(request, client)
                #expect(found?.kind == kind, "\(path): \(String(describing: found))")
                #expect(found?.mayHaveArrived == true)
            }
            #expect(try client.send(HTTPRequest(.get, try server.at("/bytes?n=9"))).status == 200)
        }
    }

    @Test func `nobody there, no such name and no answer are told apart`() throws {
        try withServer { server, client in
            let port = try PeerProcess.freePort()
            let nobody = HTTPRequest(
                .get, HTTPURL(isSecure: false, host: "127.0.0.1", port: port))
            let refused = failure(nobody, client)
            #expect(refused?.kind == .cannotConnect && refused?.mayHaveArrived == false)
            let nowhere = HTTPRequest(.get, HTTPURL(isSecure: false, host: "no-such.invalid"))
            #expect(failure(nowhere, client)?.kind == .cannotResolve)
            var slow = HTTPRequest(.get, try server.at("/slow"))
            slow.totalMilliseconds = 200
            let late = failure(slow, client)
            #expect(late?.kind == .timedOut && late?.isTransient == true)
            let error = late?.storeError("cannot read 'x'", place: "http://h")
            #expect(error?.kind == .remoteUnreachable && error?.advice != nil)
        }
    }

    @Test func `redirects are followed so far, and secrets stay with their host`() throws {
        try withServer { server, client in
            try withServer { other, _ in
                var request = HTTPRequest(.get, try server.at("/redirect?to=/headers"))
                request.secrets = ["Authorization": "Bearer s3cret"]
                #expect(try client.send(request).status == 302)
                request.maximumRedirects = 3
                let same = try client.send(request)
                #expect(same.url.path == "/headers")
                #expect(try JSONValue(parsing: same.body)["Authorization"] != nil)
                let place = PercentEncoding.encode(try other.at("/headers").text.utf8)
                request.url = try server.at("/redirect?to=\(place)")
                let away = try client.send(request)
                #expect(away.url.origin == other.url.origin)
                #expect(try JSONValue(parsing: away.body)["Authorization"] == nil)
                request.url = try server.at("/redirect?to=")
                #expect(failure(request, client)?.kind == .badRedirect)
                request.url = try server.at("/redirect?to=ftp%3A%2F%2Fx%2F")
                #expect(failure(request, client)?.kind == .badRedirect)
                request.url = try server.at("/redirect")
                #expect(failure(request, client)?.kind == .badRedirect)
                var put = HTTPRequest(
                    .put, try server.at("/redirect?n=307&to=/echo"), body: .bytes([1]))
                put.maximumRedirects = 3
                #expect(try client.send(put).status == 307)
            }
        }
    }

    @Test func `many threads share few connections`() throws {
        try withTemporaryFolder { folder in
            let server = try FaultServer(in: folder)
            var options = HTTPClientOptions()
            options.usesProxies = false
            options.maximumConnections = 4
            let client = HTTPClient(options)
            try parallelForEach(count: 200, threads: 16) { index in
                let text = "n=\(index)"
                let request = HTTPRequest(
                    .put, try server.at("/echo"), body: .bytes(Array(text.utf8)))
                let answer = try client.send(request)
                try demand(answer.body == Array(text.utf8), "own answer")
            }
            #expect(client.requestCount == 200)
            #expect(client.connectionCount <= 8)
        }
    }

    @Test func `a request that was sent again because a connection died says so`() throws {
        try withServer { server, client in
            let request = HTTPRequest(.put, try server.at("/drop"), body: .bytes([1, 2]))
            #expect(try !client.send(request).wasSentTwice)
            #expect(try client.send(request).wasSentTwice)
        }
    }

    @Test func `headers cannot smuggle others`() throws {
        let client = HTTPClient()
        for (name, value) in [("X", "a\r\nY: b"), ("X", "a\u{0}"), ("", "a"), ("X Y", "a")] {
            var request = HTTPRequest(.get, HTTPURL(isSecure: false, host: "127.0.0.1", port: 9))
            request.headers.add(name, value)
            #expect(failure(request, client)?.kind == .badRequest)
        }
    }

    @Test func `a certificate must be trusted and of this host`() throws {
        try withTemporaryFolder { folder in
            let made = try BuiltProgram.shell(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 \
                -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 && cat certificate key >both
                """, in: folder)
            try #require(made.status == 0, "\(made.errors)")
            let server = try FaultServer(in: folder, certificate: "both")
            var options = HTTPClientOptions()
            options.usesProxies = false
            let stranger = failure(
                HTTPRequest(.get, try server.at("/count")), HTTPClient(options))
            #expect(stranger?.kind == .untrusted && stranger?.isTransient == false)
            let error = stranger?.storeError("cannot read 'x'", place: "here")
            #expect(error?.advice?.contains("SSL_CERT_FILE") == true)
            options = .fromEnvironment { $0 == "SSL_CERT_FILE" ? "\(folder)/certificate" : nil }
            options.usesProxies = false
            let client = HTTPClient(options)
            #expect(try client.send(HTTPRequest(.get, try server.at("/count"))).status == 200)
            let wrong = HTTPURL(isSecure: true, host: "localhost", port: server.url.port)
            #expect(failure(HTTPRequest(.get, wrong), client)?.kind == .untrusted)
        }
    }
}

@Suite struct HTTPURLTests {
    @Test func `URLs are taken apart and put together`() throws {
        let url = try #require(HTTPURL("https://Example.org:8443/a%20b/c?x=1&y#z"))
        #expect(url.isSecure && url.host == "example.org" && url.port == 8443)
        #expect(url.path == "/a%20b/c" && url.query == "x=1&y")
        #expect(url.text == "https://example.org:8443/a%20b/c?x=1&y")
        #expect("\(url)" == "https://example.org:8443/a%20b/c")
        #expect(HTTPURL("http://h:80")?.text == "http://h/")
        #expect(HTTPURL("http://[::1]:9000/")?.authority == "[::1]:9000")
        #expect(HTTPURL("http://h?q")?.text == "http://h/?q")
    }

    @Test(arguments: [
        "", "h", "ftp://h/", "http://", "http:///p", "http://u:p@h/", "http://h:0/", "http://h:x/",
        "http://h:99999/", "http://h/a b", "http://h/\u{1}", "http://h/é", "http://a:b:c/",
        "http://h%41/",
    ])
    func `what is no URL for us is refused`(text: String) {
        #expect(HTTPURL(text) == nil)
    }

    @Test func `redirects lead from where they are`() throws {
        let url = try #require(HTTPURL("http://h:1/a/b?q"))
        #expect(url.resolving("/c")?.text == "http://h:1/c")
        #expect(url.resolving("c?d")?.text == "http://h:1/a/c?d")
        #expect(url.resolving("?d")?.text == "http://h:1/a/b?d")
        #expect(url.resolving("//other/x")?.text == "http://other/x")
        #expect(url.resolving("https://other/x")?.text == "https://other/x")
        #expect(url.resolving("file:///etc/passwd") == nil)
        #expect(url.resolving("") == nil)
    }
}

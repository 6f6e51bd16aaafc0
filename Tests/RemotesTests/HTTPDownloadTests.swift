import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite struct HTTPDownloadTests {
    /// Answers that were written down, one after the other; remembers what was asked.
    private final class Script: HTTPTransport {
        enum Answer {
            case reply(Int, String, HTTPHeaders)
            case broken(after: String, HTTPFailure.Kind)
        }

        private let state: Mutex<(answers: [Answer], asked: [HTTPRequest])>

        init(_ answers: [Answer]) { state = Mutex((answers, [])) }

        var asked: [HTTPRequest] { state.withLock { $0.asked } }

        func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
            let answer = state.withLock { state in
                state.asked.append(request)
                return state.answers.removeFirst()
            }
            func write(_ text: String) throws(HTTPFailure) {
                do {
                    try request.sink?(Array(text.utf8).span)
                } catch { throw HTTPFailure(.sinkFailed, "the sink failed", cause: error) }
            }
            switch answer {
            case .reply(let status, let body, let headers):
                if status == 200 { try write(body) }
                return HTTPResponse(status: status, headers: headers, url: request.url)
            case .broken(let body, let kind):
                try write(body)
                throw HTTPFailure(kind, "it broke")
            }
        }
    }

    private let url = HTTPURL(isSecure: true, host: "example.org", path: "/a.csv", query: "key=s3")
    private let target = DiskPath("/f")

    private func run(
        _ script: Script, ifNot known: HTTPDownload.Version? = nil
    ) throws -> (version: HTTPDownload.Version?, bytes: String) {
        let disk = SimulatedDisk()
        let file = try disk.openFile(target, .createNew(permissions: 0o644))
        let backoff = Backoff(entropy: .seeded(1)) { _ in }
        let credentials = try HTTPCredentials(tokens: "example.org=t0ken", netrc: [])
        let download = HTTPDownload(
            transport: script, credentials: credentials, backoff: backoff)
        let version = try download.run(url, ifNot: known, to: file)
        try file.close()
        let bytes = try disk.readFile(target, maximumBytes: 1 << 20)
        return (version, String(decoding: bytes, as: UTF8.self))
    }

    private func failure(_ script: Script) -> StoreError? {
        #expect(throws: StoreError.self) { _ = try run(script) }
    }

    @Test func `an answer that nothing has changed counts only where that was asked`() throws {
        #expect(failure(Script([.reply(304, "", [:])]))?.kind == .remoteRefused)
        let known = HTTPDownload.Version(etag: "\"v1\"", modified: nil)
        #expect(try run(Script([.reply(304, "", [:])]), ifNot: known).version == nil)
    }

    @Test func `a short answer is not said to be gone on with`() throws {
        let broken = Script(Array(repeating: .broken(after: "on", .truncated), count: 20))
        let error = failure(broken)
        #expect(error?.kind == .corrupt)
        #expect(error?.advice == "try again; it begins from the first byte")
    }

    @Test func `a full disk is called so, and nothing is asked again`() throws {
        let disk = SimulatedDisk()
        let file = try disk.openFile(target, .createNew(permissions: 0o644))
        let script = Script([.reply(200, "one", [:])])
        let download = HTTPDownload(
            transport: script, credentials: try HTTPCredentials(tokens: nil, netrc: []),
            backoff: Backoff(entropy: .seeded(1)) { _ in })
        disk.failChange(disk.changeCount + 2, with: .noSpace, persistently: true)
        let error = #expect(throws: StoreError.self) { _ = try download.run(url, to: file) }
        #expect(error?.kind == .noSpace && script.asked.count == 1)
    }

    @Test func `the version is what the server says, and asked for the next time`() throws {
        let first = Script([.reply(200, "one", ["ETag": "\"v1\"", "Last-Modified": "Monday"])])
        let found = try run(first)
        #expect(found.version == .init(etag: "\"v1\"", modified: "Monday"))
        #expect(found.bytes == "one")
        #expect(first.asked[0].headers["If-None-Match"] == nil)
        #expect(first.asked[0].secrets["Authorization"] == "Bearer t0ken")
        let second = Script([.reply(304, "", [:])])
        let same = try run(second, ifNot: found.version)
        #expect(same.version == nil && same.bytes == "")
        #expect(second.asked[0].headers["If-None-Match"] == "\"v1\"")
        #expect(second.asked[0].headers["If-Modified-Since"] == nil)
        let third = Script([.reply(200, "two", [:])])
        let other = try run(third, ifNot: .init(etag: nil, modified: "Monday"))
        #expect(third.asked[0].headers["If-Modified-Since"] == "Monday")
        #expect(other.version == .init(etag: nil, modified: nil))
    }

    @Test func `what breaks off is begun again, so that no two versions are mixed`() throws {
        let script = Script([
            .broken(after: "a long beginning of the old", .truncated),
            .reply(503, "", [:]),
            .broken(after: "new", .connectionLost),
            .reply(200, "new!", ["ETag": "2"]),
        ])
        #expect(try run(script).bytes == "new!")
        #expect(script.asked.count == 4)
    }

    @Test func `what does not pass is told without the query`() throws {
        for (status, kind) in [
            (404, StoreError.Kind.notFound), (410, .notFound), (403, .remoteRefused),
            (301, .remoteRefused), (206, .remoteRefused),
        ] {
            let error = failure(Script([.reply(status, "no", [:])]))
            #expect(error?.kind == kind)
            #expect(error?.message.contains("s3") == false)
        }
        let cut = failure(Script(Array(repeating: .broken(after: "x", .truncated), count: 8)))
        #expect(cut?.kind == .corrupt)
        #expect(failure(Script([.broken(after: "", .cannotConnect)]))?.kind == .remoteUnreachable)
        #expect(failure(Script([.broken(after: "", .interrupted)]))?.kind == .interrupted)
    }

    @Test func `a version with characters that no header has is not kept`() throws {
        let bad = try run(Script([.reply(200, "", ["ETag": "a\nb", "Last-Modified": "\u{7f}"])]))
        #expect(bad.version == .init(etag: nil, modified: nil))
        let long = String(repeating: "x", count: 2000)
        #expect(try run(Script([.reply(200, "", ["ETag": long])])).version?.etag == nil)
    }

    @Test func `a real server that breaks off, redirects or has nothing`() throws {
        try withTemporaryFolder { folder in
            let server = try FaultServer(in: folder)
            var options = HTTPClientOptions()
            options.usesProxies = false
            let client = HTTPClient(options)
            let backoff = Backoff(entropy: .seeded(1)) { _ in }
            let download = HTTPDownload(
                transport: client, credentials: HTTPCredentials(), backoff: backoff)
            func take(_ path: String) throws -> Int {
                let place = folder / "out"
                try LocalDisk().removeTree(place)
                let file = try LocalDisk().openFile(place, .createNew(permissions: 0o644))
                defer { try? file.close() }
                _ = try download.run(try server.at(path), to: file)
                return try file.status().size
            }
            #expect(try take("/bytes?n=3000000") == 3_000_000)
            #expect(try take("/redirect?to=/bytes?n=5") == 5)
            for (path, kind) in [
                ("/truncated", StoreError.Kind.corrupt), ("/status?n=404", .notFound),
                ("/redirect", .remoteRefused),
            ] {
                let error = #expect(throws: StoreError.self) { _ = try take(path) }
                #expect(error?.kind == kind, "\(path)")
            }
        }
    }
}

import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// What is sent again over http, and when.
@Suite struct HTTPBackoffTests {
    /// A server that answers with these statuses in turn, and then with 200.
    private final class BusyServer: HTTPTransport {
        private let statuses: Mutex<[Int]>
        let count = Atomic<Int>(0)

        init(_ statuses: [Int]) { self.statuses = Mutex(statuses) }

        func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
            count.wrappingAdd(1, ordering: .relaxed)
            let status = statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
            var headers = HTTPHeaders()
            if status == 429 { headers["Retry-After"] = "3" }
            return HTTPResponse(status: status, headers: headers, body: [1], url: request.url)
        }
    }

    private final class Pauses: Sendable {
        let all = Mutex<[Int]>([])
    }

    private func read(_ server: BusyServer, _ pauses: Pauses) throws -> [UInt8] {
        let backoff = Backoff(entropy: .seeded(1)) { time in pauses.all.withLock { $0.append(time) }
        }
        let remote = try HTTPRemote(
            RemoteURL(parsing: "http://127.0.0.1:1/data", relativeTo: DiskPath("/")),
            transport: server, credentials: HTTPCredentials(tokens: nil, netrc: []),
            backoff: backoff)
        let name = try remoteName("root")
        return try remote.read(name, maximumBytes: 9)
    }

    @Test func `a busy server is asked again, after the time that it asked for`() throws {
        let server = BusyServer([503, 429, 500])
        let pauses = Pauses()
        #expect(try read(server, pauses) == [1])
        #expect(server.count.load(ordering: .relaxed) == 4)
        let taken = pauses.all.withLock { $0 }
        #expect(taken.count == 3 && taken[0] <= 100 && taken[1] >= 3000 && taken[2] <= 400)
    }

    @Test func `a server that stays busy is given up after the last attempt`() throws {
        let server = BusyServer(Array(repeating: 503, count: 100))
        let pauses = Pauses()
        let error = #expect(throws: StoreError.self) { try read(server, pauses) }
        #expect(error?.kind == .remoteRefused)
        #expect(server.count.load(ordering: .relaxed) == Backoff().attempts)
    }

    @Test func `a refusal is not repeated`() throws {
        let server = BusyServer([403])
        let pauses = Pauses()
        #expect(throws: StoreError.self) { try read(server, pauses) }
        #expect(server.count.load(ordering: .relaxed) == 1)
    }
}

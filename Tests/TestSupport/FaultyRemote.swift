package import Remotes
import Synchronization
import Vocabulary

/// A remote that fails on demand: at one request, or from one on, before or after the request has
/// had its effect (an answer that is lost on the way back).
package final class FaultyRemote: Remote {
    /// When the fault strikes, seen from the request's effect.
    package enum Moment: Sendable {
        /// Nothing was done.
        case before
        /// It was done, but nobody learns so.
        case after
    }

    private struct Plan {
        var requests = 0
        var changes = 0
        var failing: Int?
        var failingChange: Int?
        var moment = Moment.before
        var persists = false
        var beforeSwap: (@Sendable () throws -> Void)?
    }

    private let inner: any Remote
    private let plan = Mutex(Plan())

    /// Passes requests on to `inner`.
    package init(_ inner: any Remote) { self.inner = inner }

    /// How many requests came.
    package var requestCount: Int { plan.withLock { $0.requests } }

    /// How many of them were to change something.
    package var changeCount: Int { plan.withLock { $0.changes } }

    /// Lets the request with this number (from 1) fail; with `persistently`, all from it on.
    package func failRequest(_ number: Int, _ moment: Moment, persistently: Bool = false) {
        plan.withLock { plan in
            (plan.failing, plan.moment, plan.persists) = (number, moment, persistently)
        }
    }

    /// Lets the change with this number (from 1) fail; with `persistently`, all from it on.
    package func failChange(_ number: Int, _ moment: Moment, persistently: Bool = false) {
        plan.withLock { plan in
            (plan.failingChange, plan.moment, plan.persists) = (number, moment, persistently)
        }
    }

    /// Runs `body` once, before the next `compareAndSwap`: for another's push in between.
    package func beforeNextSwap(_ body: @escaping @Sendable () throws -> Void) {
        plan.withLock { $0.beforeSwap = body }
    }

    package var description: String { inner.description }

    package func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try request { try inner.read(name, maximumBytes: maximumBytes) }
    }

    package func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        try request { try inner.read(name, range: range) }
    }

    package func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        try request { try inner.readVersioned(name, maximumBytes: maximumBytes) }
    }

    package func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        try request(isChange: true) { try inner.put(name, content) }
    }

    package func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        let first = plan.withLock { plan in
            defer { plan.beforeSwap = nil }
            return plan.beforeSwap
        }
        try first?()
        return try request(isChange: true) {
            try inner.compareAndSwap(name, expected: expected, new: new)
        }
    }

    package func list(
        _ prefix: RemoteFileName?
    ) throws -> [(name: RemoteFileName, size: Int)] {
        try request { try inner.list(prefix) }
    }

    package func size(_ name: RemoteFileName) throws -> Int? {
        try request { try inner.size(name) }
    }

    package func remove(_ name: RemoteFileName) throws {
        try request(isChange: true) { try inner.remove(name) }
    }

    private func request<Result>(
        isChange: Bool = false, _ body: () throws -> Result
    ) throws -> Result {
        let fault = plan.withLock { plan -> Moment? in
            plan.requests += 1
            if isChange { plan.changes += 1 }
            func strikes(_ number: Int?, _ count: Int) -> Bool {
                number.map { count == $0 || plan.persists && count > $0 } ?? false
            }
            let hit =
                strikes(plan.failing, plan.requests)
                || isChange && strikes(plan.failingChange, plan.changes)
            return hit ? plan.moment : nil
        }
        if case .before? = fault { throw FaultyRemote.failure }
        let result = try body()
        if case .after? = fault { throw FaultyRemote.failure }
        return result
    }

    private static var failure: StoreError {
        StoreError(.remoteUnreachable, "cannot reach remote 'faulty': the connection was lost")
    }
}

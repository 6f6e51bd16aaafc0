import CCurl
import Platform
import Synchronization

/// The thread that moves the bytes of all requests of a client, and the handles that it uses.
@safe final class CurlDriver: Sendable {
    private struct Waiting {
        var exchanges: [CurlExchange] = []
        var isClosing = false
    }

    private let curl: CurlFunctions
    // nonisolated(unsafe): used by the driver's thread alone, but for `multi_wakeup`, which any
    // thread may call, and which is called under the lock of `waiting` while the handle lives.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer
    private let waiting = Mutex(Waiting())

    /// Starts the thread.
    init(_ options: HTTPClientOptions) throws(HTTPFailure) {
        curl = try CurlLibrary.functions()
        var table = curl.table
        guard let multi = curl.table.multi_init() else {
            throw HTTPFailure(.noLibrary, "the library 'libcurl' gives no handle")
        }
        unsafe self.multi = multi
        unsafe mlstore_curl_limit_connections(&table, multi, options.maximumConnections)
        do {
            try startBackgroundThread { [self] in run() }
        } catch {
            _ = unsafe curl.table.multi_cleanup(multi)
            throw HTTPFailure(.other, "no thread could be started", cause: error)
        }
    }

    /// Hands over a request; its gate opens when it has ended.
    func submit(_ exchange: CurlExchange) {
        waiting.withLock { waiting in
            waiting.exchanges.append(exchange)
            _ = unsafe curl.table.multi_wakeup(multi)
        }
    }

    /// Lets the thread end once nothing is under way.
    func close() {
        waiting.withLock { waiting in
            guard !waiting.isClosing else { return }
            waiting.isClosing = true
            _ = unsafe curl.table.multi_wakeup(multi)
        }
    }

    // MARK: - On the driver's thread

    private func run() {
        var active: [UnsafeMutableRawPointer: CurlExchange] = unsafe [:]
        var idle: [UnsafeMutableRawPointer] = unsafe []
        while true {
            let (new, isClosing) = waiting.withLock { waiting in
                defer { waiting.exchanges = [] }
                return (waiting.exchanges, waiting.isClosing)
            }
            let isIdle = unsafe new.isEmpty && active.isEmpty
            if isClosing, isIdle { break }
            for exchange in new { unsafe start(exchange, &active, &idle) }
            var running: Int32 = 0
            _ = unsafe curl.table.multi_perform(multi, &running)
            unsafe finishEnded(&active, &idle)
            if SignalWatch.isInterrupted { unsafe interrupt(&active) }
            // Awake often enough for a signal while somebody waits, else until there is work.
            var patience: Int32 = unsafe active.isEmpty ? 60_000 : 100
            for unsafe(handle, exchange) in unsafe active {
                guard let left = unsafe exchange.goOn(handle, curl) else { continue }
                patience = min(patience, Int32(clamping: left))
            }
            _ = unsafe curl.table.multi_poll(multi, nil, 0, patience, nil)
        }
        while let handle = unsafe idle.popLast() { unsafe curl.table.easy_cleanup(handle) }
        _ = unsafe curl.table.multi_cleanup(multi)
    }

    private func start(
        _ exchange: CurlExchange, _ active: inout [UnsafeMutableRawPointer: CurlExchange],
        _ idle: inout [UnsafeMutableRawPointer]
    ) {
        guard let handle = unsafe (idle.popLast() ?? curl.table.easy_init()) else {
            return exchange.end(HTTPFailure(.other, "the library 'libcurl' gives no handle"), curl)
        }
        unsafe exchange.prepare(handle, curl)
        guard unsafe curl.table.multi_add_handle(multi, handle) == CURLM_OK else {
            unsafe curl.table.easy_cleanup(handle)
            return exchange.end(HTTPFailure(.other, "the library 'libcurl' takes no request"), curl)
        }
        unsafe active[handle] = exchange
    }

    private func finishEnded(
        _ active: inout [UnsafeMutableRawPointer: CurlExchange],
        _ idle: inout [UnsafeMutableRawPointer]
    ) {
        var table = curl.table
        var code = CURLE_OK
        while let handle = unsafe mlstore_curl_next_ended(&table, multi, &code) {
            let count = unsafe mlstore_curl_new_connections(&table, handle)
            _ = unsafe curl.table.multi_remove_handle(multi, handle)
            unsafe active.removeValue(forKey: handle)?.end(code, newConnections: count, curl)
            unsafe curl.table.easy_reset(handle)
            unsafe idle.append(handle)
        }
    }

    private func interrupt(_ active: inout [UnsafeMutableRawPointer: CurlExchange]) {
        while let (handle, exchange) = unsafe active.popFirst() {
            _ = unsafe curl.table.multi_remove_handle(multi, handle)
            unsafe curl.table.easy_cleanup(handle)
            exchange.end(HTTPFailure(.interrupted, "a signal came"), curl)
        }
    }
}

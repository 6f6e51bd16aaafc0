import Diffs
import Platform
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("work on versions of several sizes")
struct SizedWorkTests {
    /// What is being worked on.
    private struct Busy {
        var bytes = 0
        var mostBytes = 0
        var count = 0
        var mostCount = 0
    }

    @Test("results come in order, and what is in work at once is small or one")
    func bounded() throws {
        let megabytes = [40, 10, 10, 500, 1, 2, 60, 64, 65, 3, 3, 3, 3, 3, 3, 3]
        let sizes = megabytes.map { $0 << 20 }
        let busy = Mutex(Busy())
        let results = try WorkerPool(threads: 16).map(weights: sizes) { index in
            let size = sizes[index]
            busy.withLock {
                $0.bytes += size
                $0.count += 1
                $0.mostCount = max($0.mostCount, $0.count)
                if $0.count > 1 { $0.mostBytes = max($0.mostBytes, $0.bytes) }
            }
            // Others are to have begun by then.
            usleep(2_000)
            busy.withLock {
                $0.bytes -= size
                $0.count -= 1
            }
            return index
        }
        #expect(results == Array(sizes.indices))
        let most = busy.withLock { $0 }
        #expect(most.mostBytes <= 64 << 20)
        #expect(most.mostCount <= 4)
        #expect(most.count == 0)
    }

    @Test("of several errors that of the first is thrown")
    func errors() throws {
        struct Failure: Error, Equatable { let index: Int }
        #expect(throws: Failure(index: 2)) {
            try WorkerPool(threads: 4).map(weights: Array(repeating: 30 << 20, count: 9)) { index in
                if index >= 2 { throw Failure(index: index) }
            }
        }
    }
}

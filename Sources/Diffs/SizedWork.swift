package import Platform

extension WorkerPool {
    /// Versions of so many bytes may be read at once: reading one takes some times its size at most.
    private static let mostBytesAtOnce = 64 << 20
    /// So many at most, as each takes some memory however small it is.
    private static let mostAtOnce = 4

    /// The results of `body` for versions of these sizes in bytes, in that order. Small ones are worked on
    /// at the same time; a large one has all threads for itself. Of several errors that of the first is
    /// thrown.
    package func map<Result: Sendable>(
        sizes: [Int], _ body: @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        let pool = WorkerPool(threads: min(threads, WorkerPool.mostAtOnce))
        var results: [Result] = []
        while results.count < sizes.count {
            let start = results.count
            var bytes = sizes[start]
            var end = start + 1
            while end < sizes.count, bytes + sizes[end] <= WorkerPool.mostBytesAtOnce {
                bytes += sizes[end]
                end += 1
            }
            results += try pool.map(count: end - start) { try body(start + $0) }
        }
        return results
    }
}

import Objects
package import Platform
import Tables
package import Vocabulary

extension WorkerPool {
    /// So much may be in work at once.
    static let mostWeightAtOnce = 64 << 20
    /// So many at most, as each takes some memory however small it is.
    private static let mostAtOnce = 4

    /// The results of `body` for pieces of work of these weights in bytes, in that order. Small ones are
    /// worked on at the same time; a large one has all threads for itself. Of several errors that of the
    /// first is thrown.
    package func map<Result: Sendable>(
        weights: [Int], _ body: @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        let pool = WorkerPool(threads: min(threads, WorkerPool.mostAtOnce))
        var results: [Result] = []
        while results.count < weights.count {
            let start = results.count
            var weight = weights[start]
            var end = start + 1
            while end < weights.count, weight + weights[end] <= WorkerPool.mostWeightAtOnce {
                weight += weights[end]
                end += 1
            }
            results += try pool.map(count: end - start) { try body(start + $0) }
        }
        return results
    }
}

/// What weighs in the comparison of two versions at `path`: bytes, and for the memory that profiles and
/// diffs take the columns of tables. A table of which nobody told the columns is worked on alone.
package func comparisonWeight(
    of old: TrackedVersion?, _ new: TrackedVersion?, at path: RepoPath
) -> Int {
    let isTable = TableFormats.format(forName: path.lastComponent) != nil
    return [old, new].compactMap { $0 }.map { version in
        let isFolder = if case .directory = version.content { true } else { false }
        guard isTable || isFolder else { return version.sizeBytes }
        guard let columns = version.columnCount else { return WorkerPool.mostWeightAtOnce }
        return max(version.sizeBytes, columns << 14)
    }.max() ?? 0
}

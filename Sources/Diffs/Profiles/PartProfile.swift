import Platform
import Tables

extension TableProfile {
    /// The largest part that is read beside others, in bytes: what is unpacked may be many times that.
    private static let mostPartBytes = 64 << 20
    /// A table of more columns is read in one go: the profiles of its parts would take as much memory each.
    static let mostColumnsInParts = 1_000

    /// The profile of a whole table: of its parts at the same time, where it has some (the row groups of
    /// Parquet), else in one pass. The same for any number of threads.
    init(of source: TableSource, pairs: [ColumnPair], _ pool: WorkerPool) throws {
        let isWide = try source.header().columnNames.count > TableProfile.mostColumnsInParts
        let parts = pool.threads > 1 && !isWide ? try source.parts() : []
        guard parts.count > 1, parts.allSatisfy({ $0.range.count <= TableProfile.mostPartBytes })
        else {
            self = try TableProfile(of: source, pairs: pairs)
            return
        }
        var total: TableProfile?
        for start in stride(from: 0, to: parts.count, by: 2 * pool.threads) {
            let count = min(2 * pool.threads, parts.count - start)
            let found = try pool.map(count: count) { index in
                try TableProfile(of: source.selecting([start + index]), pairs: pairs)
            }
            for profile in found {
                if total == nil { total = profile } else { try total?.merge(profile) }
            }
        }
        self = try total ?? TableProfile(of: source, pairs: pairs)
    }
}

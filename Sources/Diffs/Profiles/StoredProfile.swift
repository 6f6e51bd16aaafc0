import Bytes
import Objects
import Platform
import Synchronization
package import Tables
package import Vocabulary
package import Workspaces

/// The profile of a version of a table that is in the store. `name` is what errors call it.
///
/// What was profiled before of a delimited table, piece by piece and in whatever version, is not read
/// again. On as many threads as the workspace has; some tens of megabytes of memory each.
package func profileStoredTable(
    _ id: BlobID, named name: String, format: any TableFormat, pairs: [ColumnPair] = [],
    in workspace: Workspace
) throws -> TableProfile {
    let store = try workspace.store()
    let source = TableSource(id, name: name, format: format, in: store)
    let threads = workspace.machine.threads
    let pool = WorkerPool(threads: threads)
    guard format is CSVFormat else { return try TableProfile(of: source, pairs: pairs, pool) }
    let table = try StoredTable(id, source, summary: nil, in: store, threads: threads)
    guard !table.chunks.isEmpty, try !table.start.isPacked() else {
        return try TableProfile(of: source, pairs: pairs)
    }
    let cache = workspace.profiles
    let header = try table.start.header()
    let names = header.columnNames
    guard names.count <= TableProfile.mostColumnsInParts else {
        return try TableProfile(of: source, pairs: pairs)
    }
    let guess = Mutex(TableProfile.Guess())
    let sums = PieceSums(
        load: { key in
            cache.load(key).flatMap {
                try? TableProfile(decoding: $0, columnNames: names, pairs: pairs)
            }
        },
        save: { cache.save($0.encoded(), $1) },
        read: { pieces in
            try pool.map(count: pieces.count) { index in
                let profile = try table.profile(
                    pieces[index], header, pairs, guess: guess.withLock { $0 })
                guess.withLock { $0 = profile.guess }
                return profile
            }
        },
        merge: { parts in
            var total = try TableProfile(columnNames: names, pairs: pairs)
            for part in parts { try total.merge(part) }
            return total
        })
    do {
        let profile = try sums.value(
            of: PieceTree(
                chunks: table.chunks.map { ($0.id.digest, $0.length) }, header: header,
                purpose: purpose(pairs)))
        cache.trim()
        return profile
    } catch is TableError {
        // Pieces that do not end between rows, or a fault, which is told with its line.
        return try TableProfile(of: source, pairs: pairs)
    }
}

/// What tells kept profiles from others: of other pairs they are others.
private func purpose(_ pairs: [ColumnPair]) -> String {
    guard !pairs.isEmpty else { return "profile \(TableProfile.version)" }
    let names = JSONValue.array(
        pairs.map { .array([.string($0.first), .string($0.second)]) })
    return "profile \(TableProfile.version) \(String(decoding: names.canonical, as: UTF8.self))"
}

extension StoredTable {
    /// The profile of some chunks. Throws `TableError` where they do not end between rows.
    fileprivate func profile(
        _ places: Range<Int>, _ header: TableHeader, _ pairs: [ColumnPair],
        guess: TableProfile.Guess
    ) throws -> TableProfile {
        let isLast = places.upperBound == chunks.count
        return unsafe try TableProfile(
            ofPiece: header, holdsHeader: places.lowerBound == 0, pairs: pairs, guess: guess
        ) { body in
            for place in places {
                let bytes = try piece(place)
                if place == places.upperBound - 1, !isLast, bytes.last != 0x0a {
                    throw TableError(line: nil, "is cut inside a row")
                }
                unsafe try bytes.withUnsafeBytes { unsafe try body($0) }
            }
        }
    }
}

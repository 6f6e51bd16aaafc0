import Objects
import Platform
package import Tables
package import Vocabulary
package import Workspaces

/// The profile of a version of a table that is in the store. `name` is what errors call it.
///
/// What was profiled before of a delimited table, piece by piece and in whatever version, is not read
/// again. On as many threads as the workspace has; some tens of megabytes of memory each.
package func profileStoredTable(
    _ id: BlobID, named name: String, format: any TableFormat, in workspace: Workspace
) throws -> TableProfile {
    let store = try workspace.store()
    let source = TableSource(id, name: name, format: format, in: store)
    guard format is CSVFormat, try !source.isPacked() else { return try TableProfile(of: source) }
    let threads = workspace.machine.threads
    let table = try StoredTable(id, source, summary: nil, in: store, threads: threads)
    guard !table.chunks.isEmpty else { return try TableProfile(of: source) }
    let cache = ProfileCache(folder: workspace.profiles, disk: workspace.disk)
    let reading = StoredProfileReading(
        table: table, header: try source.header(), cache: cache, pool: WorkerPool(threads: threads))
    do {
        let profile = try reading.profile(of: PieceTree(table.chunks, reading.header))
        cache.trim()
        return profile
    } catch is TableError {
        // Pieces that do not end between rows, or a fault, which is told with its line.
        return try TableProfile(of: source)
    }
}

/// The making of a profile from those of pieces.
private struct StoredProfileReading: Sendable {
    let table: StoredTable
    let header: TableHeader
    let cache: ProfileCache
    let pool: WorkerPool

    func profile(of node: PieceTree) throws -> TableProfile {
        if let known = cache.load(node.key, columnNames: header.columnNames) { return known }
        let profile: TableProfile
        switch node.content {
        case .chunks(let places): profile = try read(places)
        case .nodes(let nodes): profile = try merged(nodes)
        }
        cache.save(profile, node.key)
        return profile
    }

    private func merged(_ nodes: [PieceTree]) throws -> TableProfile {
        var total = TableProfile(columnNames: header.columnNames)
        // Pieces are shared out among threads; what is above them is worked out one by one.
        if nodes.allSatisfy(\.isPiece) {
            for part in try pool.map(count: nodes.count, { try profile(of: nodes[$0]) }) {
                try total.merge(part)
            }
        } else {
            for node in nodes { try total.merge(try profile(of: node)) }
        }
        return total
    }

    private func read(_ places: Range<Int>) throws -> TableProfile {
        let isLast = places.upperBound == table.chunks.count
        return unsafe try TableProfile(ofPiece: header, holdsHeader: places.lowerBound == 0) {
            body in
            for place in places {
                let bytes = try table.piece(place)
                if place == places.upperBound - 1, !isLast, bytes.last != 0x0a {
                    throw TableError(line: nil, "is cut inside a row")
                }
                unsafe try bytes.withUnsafeBytes { unsafe try body($0) }
            }
        }
    }
}

extension PieceTree {
    fileprivate var isPiece: Bool { if case .chunks = content { true } else { false } }
}

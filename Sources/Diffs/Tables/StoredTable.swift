package import Objects
import Platform
package import Tables
package import Vocabulary

extension TableSource {
    /// A version of a table that is in the store, of which any part can be read.
    package init(_ id: BlobID, name: String, format: any TableFormat, in store: ObjectStore) {
        @Sendable func ranges() throws -> TableRanges {
            try ByteAccess(id, in: store).ranges
        }
        unsafe self.init(name: name, format: format, ranges: ranges) { body in
            unsafe try store.streamBlob(id, body)
        }
    }
}

/// A version of a table that is in the store, whose chunks can be read one by one.
struct StoredTable: Sendable {
    let id: BlobID
    let source: TableSource
    /// Rows, columns and types, where a pointer tells them.
    let summary: TableSummary?
    let chunks: [ChunkReference]
    private let store: ObjectStore
    let threads: Int

    /// How many chunks are decoded together.
    static let chunksAhead = 32

    init(
        _ id: BlobID, _ source: TableSource, summary: TableSummary?, in store: ObjectStore,
        threads: Int
    ) throws {
        self.id = id
        self.threads = threads
        self.source = source
        self.summary = summary
        self.store = store
        chunks = try store.chunkList(of: id)
    }

    /// The bytes of one chunk.
    func piece(_ place: Int) throws -> [UInt8] { try store.readChunk(chunks[place].id) }

    /// The same table, read chunk by chunk: for those who want no more than its start.
    var start: TableSource {
        unsafe TableSource(name: source.name, format: source.format) { body in
            for place in chunks.indices {
                // The piece lives for the call.
                unsafe try piece(place).withUnsafeBytes { unsafe try body($0) }
            }
        }
    }

    /// Hands the bytes of some chunks to `body`, in order; they are decoded ahead of it.
    func forEachPiece(of places: [Int], _ body: ([UInt8]) throws -> Void) throws {
        let pool = WorkerPool(threads: threads)
        for start in stride(from: 0, to: places.count, by: StoredTable.chunksAhead) {
            let batch = places[start..<min(start + StoredTable.chunksAhead, places.count)]
            let pieces = try pool.map(count: batch.count) { index in
                try piece(batch[batch.startIndex + index])
            }
            try pieces.forEach(body)
        }
    }
}

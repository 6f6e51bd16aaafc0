import Objects
import Platform
import Tables
import Vocabulary

/// The bytes of one version of a file, of which any part can be read.
struct ByteAccess {
    /// How many there are.
    let sizeBytes: Int
    /// The chunks that a stored version is made of; empty for a file on disk.
    private let chunks: [(start: Int, chunk: ChunkReference)]
    private let reading: (Range<Int>) throws -> [UInt8]

    /// A blob of the store.
    init(_ id: BlobID, in store: ObjectStore) throws {
        var start = 0
        var placed: [(start: Int, chunk: ChunkReference)] = []
        for chunk in try store.chunkList(of: id) {
            placed.append((start, chunk))
            start += chunk.length
        }
        let size = start
        sizeBytes = size
        chunks = placed
        reading = { range in
            var bytes: [UInt8] = []
            try store.streamBlob(id, sizeBytes: size, in: range) { bytes += $0 }
            return bytes
        }
    }

    /// Bytes that are read otherwise, of which is not known what they are made of.
    init(_ ranges: TableRanges) {
        sizeBytes = ranges.sizeBytes
        chunks = []
        reading = ranges.read
    }

    /// A file on disk.
    init(_ path: DiskPath, on disk: any Disk) throws {
        let file = try disk.openFile(path, .read)
        sizeBytes = try file.status().size
        chunks = []
        reading = { try file.read(at: $0.lowerBound, count: $0.count) }
    }

    /// The same for whoever reads formats.
    var ranges: TableRanges { TableRanges(sizeBytes: sizeBytes) { try read($0) } }

    /// The bytes of `range` as far as there are any; throws `.changedMeanwhile` where a file has become
    /// shorter.
    func read(_ range: Range<Int>) throws -> [UInt8] {
        let range = range.clamped(to: 0..<sizeBytes)
        guard !range.isEmpty else { return [] }
        let bytes = try reading(range)
        guard bytes.count == range.count else {
            throw StoreError(
                .changedMeanwhile, "cannot compare a file: it changed while it was read",
                advice: "try again when nothing writes to it", safety: "nothing was written")
        }
        return bytes
    }

    /// All bytes; nil where there are more than `limit`.
    func readAll(limit: Int) throws -> [UInt8]? {
        sizeBytes <= limit ? try read(0..<sizeBytes) : nil
    }

    /// Whether it is known what the bytes are made of.
    var isChunked: Bool { !chunks.isEmpty }

    /// What the range is made of. Equal ranges of two versions that are made of the same hold the same
    /// bytes; nil where that is not known.
    func makeup(of range: Range<Int>) -> [Part]? {
        guard !chunks.isEmpty else { return nil }
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            let end = chunks[middle].start + chunks[middle].chunk.length
            if end > range.lowerBound { high = middle } else { low = middle + 1 }
        }
        var parts: [Part] = []
        while low < chunks.count, chunks[low].start < range.upperBound {
            let (start, chunk) = chunks[low]
            parts.append(
                Part(
                    chunk: chunk.id,
                    range: max(range.lowerBound, start) - start..<min(
                        range.upperBound, start + chunk.length) - start))
            low += 1
        }
        return parts
    }

    /// A part of a chunk.
    struct Part: Hashable {
        let chunk: ChunkID
        let range: Range<Int>
    }
}

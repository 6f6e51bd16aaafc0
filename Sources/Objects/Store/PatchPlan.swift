import Vocabulary

/// How a file that holds one blob becomes one that holds another: what both share, and what is new.
///
/// Made from the two lists of chunks alone. Chunks that both have, at places that differ by a
/// multiple of the file system's unit, are shared where they fill whole units; all between is
/// decoded. All offsets and lengths are bytes.
struct PatchPlan: Sendable {
    /// A part that is the same in both; its bounds are multiples of the unit.
    struct Shared: Equatable, Sendable {
        let range: Range<Int>
        /// Where it starts in the old file.
        let oldStart: Int
    }

    /// A part of the new file that is written; no more than `pieceBytes` and a chunk.
    struct Piece: Equatable, Sendable {
        /// What is written: the rest of the first and last chunk is shared.
        var range: Range<Int>
        /// The chunks that lie in it, by index.
        var chunks: Range<Int>
        /// What is added to a place to find the like of it in the old file.
        let shift: Int
    }

    /// A chunk with its place in the new file, and the shift to the same chunk in the old one.
    struct Placed: Equatable, Sendable {
        let chunk: ChunkReference
        let start: Int
        let shift: Int?

        var end: Int { start + chunk.length }
    }

    /// Less is written rather than shared: every shared part is an extent more.
    static let minimumSharedBytes = 32 << 10
    static let pieceBytes = 1 << 20
    /// Longer lists (of some 256 GB) are not compared: that takes about 150 bytes a chunk.
    static let maximumChunks = 1 << 20

    /// The new file's chunks, in order.
    let chunks: [Placed]
    /// In order, apart.
    private(set) var shared: [Shared] = []
    /// All that is between, in order.
    private(set) var pieces: [Piece] = []
    /// The size of the new file.
    let sizeBytes: Int

    /// The plan, or nil where less than half of the new file would be shared, or the lists are too long.
    init?(from old: [ChunkReference], to new: [ChunkReference], unit: Int) {
        guard unit > 0, max(old.count, new.count) <= PatchPlan.maximumChunks else { return nil }
        chunks = PatchPlan.place(new, in: old)
        sizeBytes = chunks.last?.end ?? 0
        findShared(unit)
        let total = shared.reduce(0) { $0 + $1.range.count }
        guard total > 0, total >= sizeBytes / 2 else { return nil }
        var start = 0
        for part in shared {
            cut(start..<part.range.lowerBound, shift: part.oldStart - part.range.lowerBound)
            start = part.range.upperBound
        }
        let last = shared[shared.count - 1]
        cut(start..<sizeBytes, shift: last.oldStart - last.range.lowerBound)
    }

    private static func place(_ new: [ChunkReference], in old: [ChunkReference]) -> [Placed] {
        var starts: [Int] = []
        starts.reserveCapacity(old.count)
        // By a part of the id, to be small; what it leads to is compared.
        var firsts: [UInt64: Int] = [:]
        firsts.reserveCapacity(old.count)
        var end = 0
        for (index, chunk) in old.enumerated() {
            starts.append(end)
            end += chunk.length
            if firsts[chunk.id.digest.prefix64] == nil { firsts[chunk.id.digest.prefix64] = index }
        }
        var placed: [Placed] = []
        placed.reserveCapacity(new.count)
        var start = 0
        // Chunks mostly follow each other as they did, also where one was replaced.
        var expected = 0
        for chunk in new {
            let follows = expected < old.count && old[expected] == chunk
            let first = firsts[chunk.id.digest.prefix64].flatMap { old[$0] == chunk ? $0 : nil }
            let found = follows ? expected : first
            placed.append(
                Placed(chunk: chunk, start: start, shift: found.map { starts[$0] - start }))
            expected = (found ?? expected) + 1
            start += chunk.length
        }
        return placed
    }

    private mutating func findShared(_ unit: Int) {
        var first = 0
        while first < chunks.count {
            var end = first + 1
            while end < chunks.count, chunks[end].shift == chunks[first].shift { end += 1 }
            if let shift = chunks[first].shift, shift % unit == 0 {
                let lower = (chunks[first].start + unit - 1) / unit * unit
                let upper = chunks[end - 1].end / unit * unit
                if upper - lower >= PatchPlan.minimumSharedBytes {
                    shared.append(Shared(range: lower..<upper, oldStart: lower + shift))
                }
            }
            first = end
        }
    }

    /// Cuts a part that is not shared into pieces.
    private mutating func cut(_ gap: Range<Int>, shift: Int) {
        var start = gap.lowerBound
        var index = firstChunk(endingBehind: start)
        while start < gap.upperBound {
            let first = index
            var end = start
            while end < gap.upperBound, end - start < PatchPlan.pieceBytes {
                end = min(chunks[index].end, gap.upperBound)
                index += 1
            }
            pieces.append(Piece(range: start..<end, chunks: first..<index, shift: shift))
            start = end
        }
    }

    private func firstChunk(endingBehind place: Int) -> Int {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].end > place { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

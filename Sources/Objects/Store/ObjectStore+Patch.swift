import Bytes
package import Platform
package import Vocabulary

/// The old file is not what it was thought to be, or cannot be read: it is not built upon.
private struct PatchDoubt: Error {}

extension ObjectStore {
    /// Makes of the new, empty `file` the blob `id` by sharing what is equal with `source`, a file
    /// that holds the blob `known`, and writing the rest. False where that does not pay, the file
    /// system cannot share, or `source` is not what was said: then `file` may hold anything.
    ///
    /// Every byte that is written comes from a chunk whose SHA-256 was checked. What is shared is
    /// not read: the caller vouches that `source` holds `known`, before and after. Chunks that border
    /// on a change are compared with it. Costs the changed chunks, in memory some MiB a thread.
    package func patch(
        _ file: any DiskFile, to id: BlobID, from source: any DiskFile, holding known: BlobID
    ) throws -> Bool {
        let unit = try file.cloneUnit()
        guard contains(known),
            let plan = PatchPlan(
                from: try chunkList(of: known), to: try chunkList(of: id), unit: unit)
        else { return false }
        try file.truncate(to: plan.sizeBytes)
        for part in plan.shared {
            let range = part.oldStart..<(part.oldStart + part.range.count)
            guard try file.clone(range, of: source, at: part.range.lowerBound) else {
                return false
            }
        }
        do {
            try WorkerPool(threads: threads).forEach(count: plan.pieces.count) { index in
                let piece = plan.pieces[index]
                let work = PiecePatch(plan: plan, piece: piece, unit: unit)
                try work.run(file, source, try self.bytes(of: plan.chunks[piece.chunks]))
            }
        } catch is PatchDoubt { return false }
        return true
    }

    private func bytes(of chunks: ArraySlice<PatchPlan.Placed>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(chunks.reduce(0) { $0 + $1.chunk.length })
        for placed in chunks {
            let chunk = try readChunk(placed.chunk.id)
            guard chunk.count == placed.chunk.length else { throw PatchDoubt() }
            bytes += chunk
        }
        return bytes
    }
}

/// Writes one piece, sharing again what inside of changed chunks is as it was.
private struct PiecePatch {
    let plan: PatchPlan
    let piece: PatchPlan.Piece
    let unit: Int

    /// `bytes` are those of all chunks of the piece.
    func run(_ file: any DiskFile, _ source: any DiskFile, _ bytes: [UInt8]) throws {
        let start = plan.chunks[piece.chunks.lowerBound].start
        let old = try likes(of: start..<(start + bytes.count), in: source)
        try checkKnown(bytes, old, from: start)
        var written = piece.range.lowerBound
        for run in equalRuns(bytes, old, from: start) {
            let place = (run.lowerBound + piece.shift)..<(run.upperBound + piece.shift)
            guard try file.clone(place, of: source, at: run.lowerBound) else { throw PatchDoubt() }
            try write(bytes, from: start, written..<run.lowerBound, to: file)
            written = run.upperBound
        }
        try write(bytes, from: start, written..<piece.range.upperBound, to: file)
    }

    private func write(
        _ bytes: [UInt8], from start: Int, _ range: Range<Int>, to file: any DiskFile
    ) throws {
        guard !range.isEmpty else { return }
        // The part lives as long as the array, which outlives the call.
        try unsafe bytes.withUnsafeBytes { all in
            try unsafe file.write(
                UnsafeRawBufferPointer(
                    rebasing: all[(range.lowerBound - start)..<(range.upperBound - start)]),
                at: range.lowerBound)
        }
    }

    /// The bytes of the old file that correspond to `range`; none before its start or behind its end.
    private func likes(of range: Range<Int>, in source: any DiskFile) throws -> Likes {
        let lower = max(range.lowerBound, -piece.shift)
        guard lower < range.upperBound else { return Likes(start: lower, bytes: []) }
        do {
            let bytes = try source.read(at: lower + piece.shift, count: range.upperBound - lower)
            return Likes(start: lower, bytes: bytes)
        } catch let error as StoreError where error.kind != .interrupted { throw PatchDoubt() }
    }

    /// Chunks that are known to stand in the old file must be found there.
    private func checkKnown(_ bytes: [UInt8], _ old: Likes, from start: Int) throws {
        for placed in plan.chunks[piece.chunks] where placed.shift == piece.shift {
            guard old.equal(bytes, from: start, placed.start..<placed.end) else {
                throw PatchDoubt()
            }
        }
    }

    /// Whole units in the piece that are equal in both, where enough of them follow each other.
    private func equalRuns(_ bytes: [UInt8], _ old: Likes, from start: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var unitStart = (piece.range.lowerBound + unit - 1) / unit * unit
        var runStart = unitStart
        while unitStart + unit <= piece.range.upperBound {
            if !old.equal(bytes, from: start, unitStart..<(unitStart + unit)) {
                if unitStart - runStart >= PatchPlan.minimumSharedBytes {
                    runs.append(runStart..<unitStart)
                }
                runStart = unitStart + unit
            }
            unitStart += unit
        }
        if unitStart - runStart >= PatchPlan.minimumSharedBytes {
            runs.append(runStart..<unitStart)
        }
        return runs
    }
}

/// Bytes of the old file at the places that they would have in the new one.
private struct Likes {
    let start: Int
    let bytes: [UInt8]

    /// Whether `range` is here and the same as in `others`, which begin at `othersStart`.
    func equal(_ others: [UInt8], from othersStart: Int, _ range: Range<Int>) -> Bool {
        guard range.lowerBound >= start, range.upperBound - start <= bytes.count else {
            return false
        }
        return bytes[(range.lowerBound - start)..<(range.upperBound - start)]
            == others[(range.lowerBound - othersStart)..<(range.upperBound - othersStart)]
    }
}

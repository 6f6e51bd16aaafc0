import Vocabulary

/// The version that a blob replaces: tells of which of its chunks a new chunk was probably made.
///
/// Chunks that both versions have are anchors: between two of them, and behind the last, places of
/// the old version are found in proportion. What encoding then finds (`learn`) corrects the place,
/// so that a column added to every row or rows added at the front are followed too.
///
/// Wrong answers cost size, never correctness. For one thread.
final class PriorVersion {
    /// Its chunks, for the threads that encode.
    let chunks: PriorChunks
    private let newSize: Int
    /// Chunks that occur once.
    private let numbers: [Digest: Int]
    /// A place in the new version, and what stands there in the old one.
    private var anchor = (new: 0, old: 0)
    /// Bytes of the old version for each byte of the new one.
    private var rate = 1.0
    /// Chunks in a row that were not made of what stood there.
    private var misses = 0
    private var planned = 0

    /// A version of more chunks is not compared: its list alone would take 100 MB.
    static let maximumChunks = 1 << 20
    /// After so many chunks in a row that were nothing like the old ones, only some are tried.
    private static let patience = 16

    /// Nil where the blob is not here, or too long.
    init?(_ blob: BlobID, newSize: Int, in store: ObjectStore) {
        guard let list = try? store.chunkList(of: blob), list.count <= PriorVersion.maximumChunks
        else { return nil }
        chunks = PriorChunks(list)
        self.newSize = newSize
        var numbers: [Digest: Int] = [:]
        numbers.reserveCapacity(list.count)
        for (number, chunk) in list.enumerated() {
            // Not as an anchor where it occurs twice: it would say nothing of where it is.
            numbers[chunk.id.digest] = numbers[chunk.id.digest] == nil ? number : -1
        }
        self.numbers = numbers
    }

    /// A chunk of the new version.
    struct Piece {
        let digest: Digest
        /// Where it stands in the blob.
        let start: Int
        let length: Int
        /// Whether it must be encoded.
        let isNew: Bool

        var end: Int { start + length }
    }

    typealias Candidate = PriorChunks.Candidate

    /// For each piece of a window, in order, the places to try, the likeliest first.
    func plan(_ pieces: [Piece]) -> [[Candidate]] {
        var next = nextAnchors(pieces)
        var plans: [[Candidate]] = []
        plans.reserveCapacity(pieces.count)
        for piece in pieces {
            if let number = anchorNumber(piece) {
                anchor = (piece.end, chunks.offsets[number + 1])
                // What follows is another part: a tensor made anew says nothing of the next.
                misses = 0
                next.removeLast()
                plans.append([])
            } else {
                plans.append(piece.isNew && isWorthTrying() ? candidates(piece, next.last) : [])
            }
        }
        return plans
    }

    private func isWorthTrying() -> Bool {
        planned += 1
        return misses < PriorVersion.patience || planned % 8 == 0
    }

    private func anchorNumber(_ piece: Piece) -> Int? {
        guard let number = numbers[piece.digest], number >= 0 else { return nil }
        return number
    }

    /// The starts of the anchors among the pieces, the first last.
    private func nextAnchors(_ pieces: [Piece]) -> [(new: Int, old: Int)] {
        pieces.reversed().compactMap { piece in
            anchorNumber(piece).map { (piece.start, chunks.offsets[$0]) }
        }
    }

    private func candidates(_ piece: Piece, _ next: (new: Int, old: Int)?) -> [Candidate] {
        let distance = Double(piece.start - anchor.new)
        var guesses: [Int] = []
        if let next, next.old > anchor.old, next.new > anchor.new {
            let share = Double(next.old - anchor.old) / Double(next.new - anchor.new)
            guesses.append(anchor.old + Int(distance * share))
        }
        guesses.append(anchor.old + Int(distance * rate))
        if newSize > anchor.new, chunks.sizeBytes > anchor.old {
            let share = Double(chunks.sizeBytes - anchor.old) / Double(newSize - anchor.new)
            guesses.append(anchor.old + Int(distance * share))
        }
        var found: [Candidate] = []
        for guess in guesses {
            guard let candidate = chunks.candidate(forLength: piece.length, at: guess, rate: rate)
            else { continue }
            if candidate.isAligned {
                anchor = (piece.end, candidate.range.upperBound)
                return [candidate]
            }
            if !found.contains(candidate), found.count < 2 { found.append(candidate) }
        }
        return found
    }

    /// What became of a piece that was tried: whether a candidate served, and, where that was seen,
    /// a place of the new version with what stood there in the old one.
    struct Finding: Equatable, Sendable {
        var served = false
        var place: Place?

        struct Place: Equatable, Sendable {
            let new: Int
            let old: Int
        }
    }

    /// Takes in what encoding found, in order.
    func learn(_ findings: [Finding]) {
        var first: Finding.Place?
        for finding in findings {
            misses = finding.served ? 0 : misses + 1
            guard let place = finding.place else { continue }
            if let first, place.new - first.new >= 1 << 20, place.old > first.old {
                let measured = Double(place.old - first.old) / Double(place.new - first.new)
                rate = min(4, max(0.25, measured))
            }
            first = first ?? place
            if place.new > anchor.new { anchor = (place.new, place.old) }
        }
    }
}

/// The chunks of an old version by place.
struct PriorChunks: Sendable {
    let chunks: [ChunkReference]
    /// Where each chunk starts, and behind the last the size.
    let offsets: [Int]

    private static let maximumCandidateChunks = 8
    private static let maximumCandidateBytes = 2 << 20
    /// How far two places may be from each other to count as the same.
    private static let tolerance = 8 << 10

    /// Chunks of the old version that one of the new may be made of.
    struct Candidate: Equatable, Sendable {
        /// In order.
        let chunks: [ChunkReference]
        /// Where they stand.
        let range: Range<Int>
        /// Whether they start and end as the new chunk does, as far as one can tell.
        let isAligned: Bool
    }

    init(_ chunks: [ChunkReference]) {
        self.chunks = chunks
        var offsets = [0]
        offsets.reserveCapacity(chunks.count + 1)
        for chunk in chunks { offsets.append(offsets[offsets.count - 1] + chunk.length) }
        self.offsets = offsets
    }

    var sizeBytes: Int { offsets[offsets.count - 1] }

    /// What a new chunk of `length` bytes was made of if its first byte stood at `guess`, which may be
    /// somewhat wrong; `rate` bytes of the old version made one of the new. Nil outside.
    func candidate(forLength length: Int, at guess: Int, rate: Double) -> Candidate? {
        guard guess > -length, guess < sizeBytes else { return nil }
        let number = chunkNumber(at: max(0, guess + PriorChunks.tolerance / 2))
        if abs(offsets[number] - guess) <= PriorChunks.tolerance,
            abs(chunks[number].length - length) <= PriorChunks.tolerance
        {
            return Candidate(
                chunks: [chunks[number]], range: offsets[number]..<offsets[number + 1],
                isAligned: true)
        }
        let margin = (16 << 10) + length / 16
        let first = chunkNumber(at: max(0, guess - margin))
        let end = guess + Int(Double(length) * max(1, rate)) + margin
        var last = first
        while last + 1 < chunks.count, offsets[last + 1] < end,
            last + 1 - first < PriorChunks.maximumCandidateChunks,
            offsets[last + 2] - offsets[first] <= PriorChunks.maximumCandidateBytes
        {
            last += 1
        }
        return Candidate(
            chunks: Array(chunks[first...last]), range: offsets[first]..<offsets[last + 1],
            isAligned: false)
    }

    /// The number of the chunk that holds byte `offset`.
    private func chunkNumber(at offset: Int) -> Int {
        var low = 0
        var high = chunks.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if offsets[middle] <= offset { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

/// Where bytes of one buffer stand in another.
enum Likeness {
    private static let probes = 4
    private static let probeBytes = 32

    /// A place of `new` whose next bytes stand in `old` too, of a few places tried; nil where none
    /// of these do. Cost: a pass over `old` a place.
    static func commonPlace(
        _ new: UnsafeRawBufferPointer, _ old: UnsafeRawBufferPointer
    ) -> (new: Int, old: Int)? {
        guard new.count >= 2 * probeBytes, old.count >= probeBytes else { return nil }
        for probe in 1...probes {
            let start = (new.count - probeBytes) * probe / (probes + 1)
            let wanted = unsafe UnsafeRawBufferPointer(rebasing: new[start..<(start + probeBytes)])
            if unsafe isUniform(wanted) { continue }
            if let found = unsafe firstPlace(of: wanted, in: old) { return (start, found) }
        }
        return nil
    }

    private static func firstPlace(
        of wanted: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer
    ) -> Int? {
        guard let base = bytes.baseAddress, let key = wanted.baseAddress else { return nil }
        // Unsafe: loads of eight bytes at places that leave room for all of `wanted`.
        let word = unsafe key.loadUnaligned(as: UInt64.self)
        var index = 0
        while index &+ wanted.count <= bytes.count {
            if unsafe base.loadUnaligned(fromByteOffset: index, as: UInt64.self) == word,
                unsafe equalBytes(
                    UnsafeRawBufferPointer(start: base + index, count: wanted.count), wanted)
            {
                return index
            }
            index &+= 1
        }
        return nil
    }
}

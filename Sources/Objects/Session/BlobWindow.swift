import Bytes
import Platform
import Synchronization
import Vocabulary

/// A part of a big blob on its way through the pipeline: bytes as read, where they are cut, and the
/// frames made of them.
///
/// `@unchecked Sendable`: in a round of the pipeline each part of it (the input while it is filled,
/// a chunk's slot and output region while it is encoded) is written by one task, and a round's
/// join comes before the next round reads it.
@safe final class BlobWindow: @unchecked Sendable {
    static let targetBytes = 8 << 20
    static let groupBytes = 512 << 10

    /// What became of a chunk.
    struct Slot {
        var digest = Digest.zero
        /// Whether the store did not have it when it was hashed.
        var isNew = false
        /// The length of its frame; 0 when the store has it already.
        var frameLength = 0
        /// Whether its frame builds on others.
        var hasBases = false
        /// What was found out about the old version; nil when nothing was tried.
        var finding: PriorVersion.Finding?
    }

    private let input: UnsafeMutableRawBufferPointer
    private let output: UnsafeMutableRawBufferPointer
    private let slots: UnsafeMutableBufferPointer<Slot>
    /// Where its first byte stands in the blob.
    private(set) var start = 0
    /// For each chunk the places of the old version to build on; empty without an old version.
    var candidates: [[PriorVersion.Candidate]] = []
    /// Bytes in the input.
    private(set) var filled = 0
    /// Bytes of whole chunks: the rest goes to the next window.
    private(set) var cutBytes = 0
    private(set) var chunks: [Range<Int>] = []
    /// The size of each chunk's numbers in bytes; 0 where it has none.
    private(set) var widths: [Int] = []
    private(set) var groups: [Range<Int>] = []
    /// Whether the blob ends with this window.
    private(set) var isLast = false

    private static let inputBytes = targetBytes + (2 << 20)
    private static let maximumChunks = inputBytes / (8 << 10)

    init() {
        unsafe input = .allocate(byteCount: BlobWindow.inputBytes, alignment: 4096)
        let room = BlobWindow.inputBytes + BlobWindow.maximumChunks * FramePrefix.sizeBytes
        unsafe output = .allocate(byteCount: room, alignment: 4096)
        unsafe slots = .allocate(capacity: BlobWindow.maximumChunks)
        unsafe slots.initialize(repeating: Slot())
    }

    deinit {
        unsafe input.deallocate()
        unsafe output.deallocate()
        unsafe slots.deallocate()
    }

    /// Takes over what the previous window left uncut, reads on from `offset` of the source until
    /// the window or the source is full, and cuts. Returns the number of bytes read.
    func fill(after previous: BlobWindow?, from source: BlobInput, at offset: Int) throws -> Int {
        let carried = previous.map { copyTail(of: $0) } ?? 0
        var count = carried
        start = offset - carried
        isLast = false
        while count < BlobWindow.inputBytes {
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: input[count...])
            let read = try unsafe source.read(offset + count - carried, room)
            if read == 0 {
                isLast = true
                break
            }
            count += read
        }
        filled = count
        return count - carried
    }

    private func copyTail(of previous: BlobWindow) -> Int {
        let tail = unsafe UnsafeRawBufferPointer(
            rebasing: previous.input[previous.cutBytes..<previous.filled])
        unsafe input.copyMemory(from: tail)
        return tail.count
    }

    /// The first bytes, which say what the content is.
    func withSample<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try unsafe body(UnsafeRawBufferPointer(rebasing: input[0..<filled]))
    }

    /// Cuts what was filled into chunks, but for an end that further bytes may change.
    func cut(with cutter: inout SegmentCutter) {
        chunks = []
        widths = []
        groups = []
        var position = 0
        var groupStart = 0
        while true {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: input[position..<filled])
            guard let piece = unsafe cutter.next(rest, isLast: isLast) else { break }
            // Of two chunks in a row the longer has 16 KiB and more, as segments and chunkers are made.
            precondition(chunks.count < BlobWindow.maximumChunks)
            chunks.append(position..<(position + piece.length))
            widths.append(piece.width)
            position += piece.length
            if position - chunks[groupStart].lowerBound >= BlobWindow.groupBytes {
                groups.append(groupStart..<chunks.count)
                groupStart = chunks.count
            }
        }
        if groupStart < chunks.count { groups.append(groupStart..<chunks.count) }
        cutBytes = position
    }

    /// The bytes of all whole chunks.
    func withCutBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try unsafe body(UnsafeRawBufferPointer(rebasing: input[0..<cutBytes]))
    }

    /// Lets `body` change a chunk's slot, given the chunk's bytes and the region of the output that
    /// is its own.
    func withChunk(
        _ index: Int,
        _ body: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer, inout Slot) throws -> Void
    ) rethrows {
        let range = chunks[index]
        let start = range.lowerBound + index * FramePrefix.sizeBytes
        let end = range.upperBound + (index + 1) * FramePrefix.sizeBytes
        try unsafe body(
            UnsafeRawBufferPointer(rebasing: input[range]),
            UnsafeMutableRawBufferPointer(rebasing: output[start..<end]), &slots[index])
    }

    /// What became of a chunk, with its frame (empty where there is none).
    func withSlot(
        _ index: Int, _ body: (Slot, Range<Int>, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        let range = chunks[index]
        let slot = unsafe slots[index]
        let start = range.lowerBound + index * FramePrefix.sizeBytes
        try unsafe body(
            slot, range,
            UnsafeRawBufferPointer(rebasing: output[start..<(start + slot.frameLength)]))
    }

    /// Takes chunks that are stored by now for known.
    func forgetWhere(_ isStored: (Digest) -> Bool) {
        for index in chunks.indices where unsafe slots[index].isNew {
            unsafe slots[index].isNew = unsafe !isStored(slots[index].digest)
        }
    }

    /// The chunks, once they are hashed.
    var pieces: [PriorVersion.Piece] {
        chunks.enumerated().map { index, range in
            let slot = unsafe slots[index]
            return PriorVersion.Piece(
                digest: slot.digest, start: start + range.lowerBound, length: range.count,
                isNew: slot.isNew)
        }
    }

    /// What encoding found about the old version, in order.
    var findings: [PriorVersion.Finding] {
        chunks.indices.compactMap { unsafe slots[$0].finding }
    }
}

/// Where the bytes of a big blob come from: reads at an offset, 0 at the end.
@safe struct BlobInput: @unchecked Sendable {
    // `@unchecked Sendable`: the pipeline reads from one task at a time.
    let read: (_ offset: Int, _ room: UnsafeMutableRawBufferPointer) throws -> Int
    /// How many bytes there should be.
    let sizeBytes: Int

    init(
        sizeBytes: Int,
        _ read: @escaping (Int, UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        unsafe self.read = read
        self.sizeBytes = sizeBytes
    }

    /// What is in a file.
    init(_ file: any DiskFile, sizeBytes: Int) {
        unsafe self.init(sizeBytes: sizeBytes) { offset, room in
            try unsafe file.read(at: offset, into: room)
        }
    }

    /// The same bytes, for a look at their format.
    var content: ContentSource {
        ContentSource(sizeBytes: sizeBytes) { offset, count in
            var filled = 0
            return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                // Unsafe: what was read of a buffer of `count` bytes.
                defer { initialized = filled }
                while filled < count {
                    let room = unsafe UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
                    let read = try unsafe self.read(offset + filled, room)
                    if read == 0 { break }
                    filled += read
                }
            }
        }
    }
}

/// Windows at rest: their memory is touched once a session, not once a blob.
final class WindowShelf: Sendable {
    private let idle = Mutex<[BlobWindow]>([])

    func take() -> BlobWindow { idle.withLock { $0.popLast() } ?? BlobWindow() }
    func giveBack(_ window: BlobWindow) { idle.withLock { $0.append(window) } }
}

/// Cuts a blob into chunks from its start on: by its map, or as the content says where it has none.
///
/// Invariant: where a chunk ends depends on the map and on the content from the start of its segment
/// on, never on how much of the blob is at hand.
struct SegmentCutter {
    /// A chunk, and the size of its numbers in bytes (0 where it has none).
    struct Piece: Equatable {
        let length: Int
        let width: Int
    }

    private let segments: [ContentSegment]
    private var index = 0
    /// Where the next chunk starts.
    private var offset = 0
    private var chunker: Chunker?

    /// A cutter at the start of a blob.
    init(_ map: ContentMap?) { segments = map?.segments ?? [] }

    /// The next chunk, of the bytes that follow in the blob: `isLast` where they reach its end. Nil
    /// where more bytes are needed to tell, or none are left.
    mutating func next(_ content: UnsafeRawBufferPointer, isLast: Bool) -> Piece? {
        // A blob that has become longer than its map says is refused when it was read.
        let segment =
            index < segments.count
            ? segments[index] : ContentSegment(offset: 0, length: .max, width: 0)
        let left = segment.end - offset
        guard let length = unsafe cut(content, left, segment, isLast: isLast) else { return nil }
        offset += length
        if length == left {
            index += 1
            chunker = nil
        }
        return Piece(length: length, width: segment.width)
    }

    private mutating func cut(
        _ content: UnsafeRawBufferPointer, _ left: Int, _ segment: ContentSegment, isLast: Bool
    ) -> Int? {
        let size = ContentMap.tensorChunkBytes
        let wanted =
            segment.width > 0
            ? (left < size + size / 2 ? left : size)
            : min(left, chunker?.maximum ?? Chunker.opaque.maximum)
        guard isLast || content.count >= wanted, content.count > 0 else { return nil }
        // Unsafe: a part of the caller's buffer.
        let rest = unsafe UnsafeRawBufferPointer(
            rebasing: content[0..<min(wanted, content.count)])
        guard segment.width == 0 else { return rest.count }
        let chunker = unsafe self.chunker ?? Chunker.forContent(startingWith: rest)
        self.chunker = chunker
        return unsafe chunker.cut(rest)
    }
}

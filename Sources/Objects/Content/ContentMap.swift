/// A part of a blob that means something of its own: a tensor, a member of an archive, a page.
struct ContentSegment: Equatable, Sendable {
    /// Where it starts in the blob.
    let offset: Int
    /// Its length in bytes; not 0.
    let length: Int
    /// The size of its numbers in bytes, 2, 4 or 8; 0 where it has none.
    ///
    /// Numbers are cut every `ContentMap.tensorChunkBytes`, so that a chunk of the next version of a
    /// tensor stands where it stood; all else where the content says.
    let width: Int

    var end: Int { offset + length }
}

/// What is where in a blob, as its own content says.
///
/// Decides where chunks end and which codecs are tried, so how much a blob takes; never what is
/// read. So whatever is not certain is no map at all, and the blob is cut as any other.
///
/// Invariants: segments are in order, do not overlap, and cover the blob; of two neighbours one has
/// at least `smallBytes`; there are at most `maximumSegments`.
struct ContentMap: Equatable, Sendable {
    let segments: [ContentSegment]

    /// Chunks of tensors: measured, their ratio is within one per cent of that of 1 MiB, and what
    /// changes in a part of a tensor stays small.
    static let tensorChunkBytes = 256 << 10
    /// Segments below this size are put together with small neighbours.
    static let smallBytes = 64 << 10
    static let maximumSegments = 32 << 10
}

/// Collects the segments of a map in the order of their offsets; what lies between them is plain.
struct ContentMapBuilder {
    private let sizeBytes: Int
    private var segments: [ContentSegment] = []
    private var end = 0

    init(sizeBytes: Int) { self.sizeBytes = sizeBytes }

    /// Adds a segment; false where it starts before the last one's end, or ends behind the blob.
    mutating func append(_ offset: Int, _ length: Int, width: Int = 0) -> Bool {
        guard length >= 0, offset >= end, offset <= sizeBytes, length <= sizeBytes - offset else {
            return false
        }
        guard length > 0, segments.count < ContentMap.maximumSegments - 2 else { return true }
        add(end, offset - end, 0)
        add(offset, length, width)
        return true
    }

    /// The map; nil where it says no more than that there are bytes.
    func finish() -> ContentMap? {
        var all = self
        all.add(end, sizeBytes - end, 0)
        guard all.segments.contains(where: { $0.length >= ContentMap.smallBytes }),
            all.segments.count > 1 || all.segments.contains(where: { $0.width > 0 })
        else { return nil }
        return ContentMap(segments: all.segments)
    }

    /// Adds what follows, to the last segment where both are small.
    private mutating func add(_ offset: Int, _ length: Int, _ width: Int) {
        guard length > 0 else { return }
        end = offset + length
        if let last = segments.last, runIsSmall, length < ContentMap.smallBytes {
            let isSame = last.width == width && last.length % max(width, 1) == 0
            segments[segments.count - 1] = ContentSegment(
                offset: last.offset, length: last.length + length, width: isSame ? width : 0)
            return
        }
        segments.append(ContentSegment(offset: offset, length: length, width: width))
        runIsSmall = length < ContentMap.smallBytes
    }

    /// Whether the last segment is made of small ones.
    private var runIsSmall = false
}

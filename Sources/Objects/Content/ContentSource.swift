import Bytes
import Vocabulary

/// A blob before it is stored, as far as its format must be looked at: a few reads at offsets.
///
/// Invariant: no more than `maximumReads` reads and `maximumBytes` bytes, whatever the content says;
/// beyond them reads answer nil, as if the content were no format at all.
struct ContentSource {
    /// The blob's size.
    let sizeBytes: Int
    private let read: (_ offset: Int, _ count: Int) throws -> [UInt8]
    private var readsLeft = ContentSource.maximumReads
    private var bytesLeft = ContentSource.maximumBytes

    static let maximumReads = 16 << 10
    static let maximumBytes = 64 << 20

    /// A source whose `read` answers with up to `count` bytes, fewer at the end only.
    init(sizeBytes: Int, read: @escaping (_ offset: Int, _ count: Int) throws -> [UInt8]) {
        self.sizeBytes = sizeBytes
        self.read = read
    }

    /// The `count` bytes at `offset`, or nil where they are not all within the content, or too many
    /// were asked for. Throws what reading throws.
    mutating func bytes(at offset: Int, count: Int) throws -> [UInt8]? {
        guard offset >= 0, count >= 0, offset <= sizeBytes, count <= sizeBytes - offset,
            readsLeft > 0, count <= bytesLeft
        else { return nil }
        readsLeft -= 1
        bytesLeft -= count
        let bytes = try read(offset, count)
        return bytes.count == count ? bytes : nil
    }

    /// Up to `count` bytes at `offset`: fewer where the content ends.
    mutating func bytes(at offset: Int, upTo count: Int) throws -> [UInt8]? {
        guard offset >= 0, offset <= sizeBytes else { return nil }
        return try bytes(at: offset, count: min(count, sizeBytes - offset))
    }
}

import Bytes
import Platform
import Vocabulary

/// An index segment in memory or mapped; see `IndexFormat`.
///
/// Invariant: header and lengths were checked, so that no look-up reads outside the bytes whatever
/// stands in the entries; `packs` has an id for each pack number below its count, and entries
/// with higher numbers are passed over.
final class IndexSegment: Sendable {
    let packs: [PackID]
    let objectCount: Int
    let sizeBytes: Int
    private let bytes: MappedBytes
    private let filterStart: Int
    private let filterMask: UInt64
    private let entriesStart: Int

    /// Where an object stands, by the number of its pack in this segment.
    struct Hit {
        /// Its number among the entries of the segment.
        let position: Int
        let pack: Int
        let frameOffset: Int
        let ordinal: Int
        let length: Int
        let hasBases: Bool
    }

    /// Checks the whole segment, checksum included: about 16 GB/s.
    init(checking bytes: MappedBytes) throws {
        let header = try bytes.withSpan { try Header($0) }
        guard header.totalBytes == bytes.count else {
            throw DecodeError(at: 16, "index of another length")
        }
        let sum = bytes.withSpan { xxh3($0.extracting(IndexFormat.headerBytes..<$0.count)) }
        guard sum == header.checksum else { throw DecodeError(at: 32, "index checksum mismatch") }
        self.bytes = bytes
        packs = bytes.withSpan { span in
            var ids: [PackID] = []
            for number in 0..<header.packs {
                let start = IndexFormat.headerBytes + number * Digest.sizeBytes
                ids.append(PackID(Digest(at: start, of: span)))
            }
            return ids
        }
        objectCount = header.objects
        sizeBytes = bytes.count
        filterStart = IndexFormat.headerBytes + header.packs * Digest.sizeBytes
        filterMask = UInt64(header.filter * 8 - 1)
        entriesStart = filterStart + header.filter
    }

    private struct Header {
        var packs: Int
        var objects: Int
        var filter: Int
        var checksum: UInt64

        var totalBytes: Int {
            IndexFormat.headerBytes + packs * Digest.sizeBytes + filter
                + objects * IndexFormat.entryBytes
        }

        init(_ span: Span<UInt8>) throws(DecodeError) {
            var cursor = ByteCursor(offset: 56)
            let stored = try cursor.uint64(span)
            guard stored == xxh3(span.extracting(0..<56)) else {
                throw DecodeError(at: 56, "index header checksum mismatch")
            }
            cursor.offset = 0
            try cursor.magic(IndexFormat.magic, span)
            // Version 1 had no flags, and no frames that needed them.
            guard (1...IndexFormat.version).contains(try cursor.uint16(span)),
                try cursor.uint16(span) == 0
            else {
                throw DecodeError(at: 8, "index of another version")
            }
            let packCount = UInt64(try cursor.uint32(span))
            let objectCount = try cursor.uint64(span)
            let filterCount = try cursor.uint64(span)
            checksum = try cursor.uint64(span)
            let bound = UInt64(span.count)
            guard packCount <= bound, objectCount <= bound, filterCount <= bound, filterCount >= 64,
                filterCount.nonzeroBitCount == 1
            else { throw DecodeError(at: 12, "index counts out of bounds") }
            packs = Int(packCount)
            objects = Int(objectCount)
            filter = Int(filterCount)
        }
    }

    /// Calls `body` with each place of the object until it returns true.
    func find(_ key: ObjectKey, _ body: (Hit) -> Bool) {
        let a = key.digest.prefix64
        let b = key.digest.second64
        // Unsafe: offsets below the checked total.
        unsafe bytes.withBytes { buffer in
            guard unsafe mayContain(a, b, buffer) else { return }
            var index = unsafe lowerBound(a, b, buffer)
            while index < objectCount {
                let entry = unsafe self.entry(index, buffer)
                guard entry.a == a, entry.b == b else { return }
                index += 1
                guard entry.kind == key.kind.rawValue, Int(entry.pack) < packs.count else {
                    continue
                }
                let hit = Hit(
                    position: index - 1, pack: Int(entry.pack), frameOffset: Int(entry.frameOffset),
                    ordinal: Int(entry.ordinal), length: Int(entry.length),
                    hasBases: entry.flags & 1 != 0)
                if body(hit) { return }
            }
        }
    }

    /// Whether the segment has the object, in whichever pack.
    func holds(_ key: ObjectKey) -> Bool {
        var isFound = false
        find(key) { _ in
            isFound = true
            return true
        }
        return isFound
    }

    /// The entry at a position below `objectCount`.
    func entry(_ index: Int) -> IndexEntry {
        precondition(index >= 0 && index < objectCount, "an entry of the segment")
        return unsafe bytes.withBytes { unsafe entry(index, $0) }
    }

    /// Calls `body` with every entry, in order.
    func forEachEntry(_ body: (IndexEntry) -> Void) {
        unsafe bytes.withBytes { buffer in
            for index in 0..<objectCount { body(unsafe entry(index, buffer)) }
        }
    }

    /// The entry at `position`, which is below `objectCount`.
    func entry(at position: Int) -> IndexEntry {
        unsafe bytes.withBytes { unsafe entry(position, $0) }
    }

    private func entry(_ index: Int, _ buffer: UnsafeRawBufferPointer) -> IndexEntry {
        unsafe IndexEntry(buffer, at: entriesStart + index * IndexFormat.entryBytes)
    }

    private func mayContain(_ a: UInt64, _ b: UInt64, _ buffer: UnsafeRawBufferPointer) -> Bool {
        let bits = IndexFormat.filterBits(a, b, mask: filterMask)
        for bit in [bits.0, bits.1, bits.2]
        where unsafe buffer[filterStart + Int(bit >> 3)] & (1 << UInt8(bit & 7)) == 0 {
            return false
        }
        return true
    }

    /// The first entry that does not come before the key. Reads keys only: this is the innermost
    /// loop of every look-up.
    private func lowerBound(_ a: UInt64, _ b: UInt64, _ buffer: UnsafeRawBufferPointer) -> Int {
        func word(_ index: Int, _ position: Int) -> UInt64 {
            let offset = entriesStart + index * IndexFormat.entryBytes + position
            return UInt64(
                bigEndian: unsafe buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var low = 0
        var high = objectCount
        while low < high {
            let middle = low + (high - low) / 2
            let key = word(middle, 0)
            if key < a || (key == a && word(middle, 8) < b) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

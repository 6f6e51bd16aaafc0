import Bytes
import Platform
import Vocabulary

/// Merges index segments into one, entry by entry into a file: memory for the filter (two bytes
/// an object) and a buffer, however many objects.
///
/// The bytes are those that `IndexFormat.encode` makes of all entries. A pack that several segments
/// cover is taken from the first.
struct IndexMerge {
    /// With fewer objects than this, all at once in memory is quicker.
    static let minimumObjects = 1 << 16

    private let segments: [IndexSegment]
    private let packs: [PackID]
    /// For each segment what its packs are numbered now; nil for those taken from another.
    private let numbers: [[UInt32?]]
    private let objectCount: Int

    private static let bufferBytes = 1 << 20

    /// A merge of those packs of the segments that `keeps`.
    init(_ segments: [IndexSegment], keeps: (PackID) -> Bool = { _ in true }) {
        self.segments = segments
        let packs = Array(Set(segments.flatMap(\.packs))).filter(keeps).sorted()
        var positions: [PackID: UInt32] = [:]
        for (number, pack) in packs.enumerated() { positions[pack] = UInt32(number) }
        var taken = Set<PackID>()
        var numbers: [[UInt32?]] = []
        for segment in segments {
            numbers.append(segment.packs.map { taken.contains($0) ? nil : positions[$0] })
            taken.formUnion(segment.packs)
        }
        self.packs = packs
        self.numbers = numbers
        var count = 0
        for (segment, own) in zip(segments, numbers) {
            segment.forEachEntry { if IndexMerge.number(of: $0, own) != nil { count += 1 } }
        }
        objectCount = count
    }

    private static func number(of entry: IndexEntry, _ own: [UInt32?]) -> UInt32? {
        Int(entry.pack) < own.count ? own[Int(entry.pack)] : nil
    }

    /// Writes the segment into `folder`, under its name, which is returned.
    func write(into folder: DiskPath, on disk: any Disk) throws -> String {
        let (temporary, file) = try makeTemporaryFile(in: folder, on: disk)
        do {
            try write(to: file)
            let map = try disk.map(temporary)
            let body = map.withSpan { xxh3($0.extracting(IndexFormat.headerBytes..<$0.count)) }
            let header = IndexFormat.encodeHeader(
                packs: packs.count, objects: objectCount, filter: filterLength, checksum: body)
            try file.write(header, at: 0)
            try file.close()
            // Read anew: a map need not show what was written behind it.
            let whole = try disk.map(temporary)
            let name = unsafe whole.withBytes { unsafe sha256(buffer: $0) }.hex + ".idx"
            try disk.rename(temporary, to: folder / name)
            return name
        } catch {
            // The first failure is the one to report; the temporary file is only litter.
            try? file.close()
            try? disk.removeFile(temporary)
            throw error
        }
    }

    private var filterLength: Int { IndexFormat.filterBytes(forObjects: objectCount) }

    private func write(to file: any DiskFile) throws {
        let filterStart = IndexFormat.headerBytes + packs.count * Digest.sizeBytes
        var front = [UInt8](repeating: 0, count: filterStart + filterLength)
        for (number, pack) in packs.enumerated() {
            let start = IndexFormat.headerBytes + number * Digest.sizeBytes
            front.replaceSubrange(start..<(start + Digest.sizeBytes), with: pack.digest.bytes)
        }
        let mask = UInt64(filterLength * 8 - 1)
        var offset = front.count
        var buffer: [UInt8] = []
        buffer.reserveCapacity(IndexMerge.bufferBytes + IndexFormat.entryBytes)
        var entry = [UInt8](repeating: 0, count: IndexFormat.entryBytes)
        try forEachEntry { next in
            let bits = IndexFormat.filterBits(next.a, next.b, mask: mask)
            for bit in [bits.0, bits.1, bits.2] {
                front[filterStart + Int(bit >> 3)] |= 1 << UInt8(bit & 7)
            }
            // Unsafe: the entry's own 32 bytes.
            unsafe entry.withUnsafeMutableBytes { unsafe next.write(to: $0, at: 0) }
            buffer += entry
            guard buffer.count >= IndexMerge.bufferBytes else { return }
            try file.write(buffer, at: offset)
            offset += buffer.count
            buffer.removeAll(keepingCapacity: true)
        }
        try file.write(buffer, at: offset)
        try file.write(front, at: 0)
    }

    /// Calls `body` with each entry of the result, in order.
    private func forEachEntry(_ body: (IndexEntry) throws -> Void) throws {
        var positions = [Int](repeating: 0, count: segments.count)
        var heads = segments.indices.map { head(of: $0, &positions[$0]) }
        while true {
            var least: Int?
            for index in heads.indices {
                guard let head = heads[index] else { continue }
                if let other = least.flatMap({ heads[$0] }), !IndexEntry.inOrder(head, other) {
                    continue
                }
                least = index
            }
            guard let least, let entry = heads[least] else { return }
            try body(entry)
            heads[least] = head(of: least, &positions[least])
        }
    }

    /// The next entry of a segment that counts, with its pack's new number: numbers keep the order
    /// of the packs' ids, so that each segment stays in order.
    private func head(of index: Int, _ position: inout Int) -> IndexEntry? {
        while position < segments[index].objectCount {
            var entry = segments[index].entry(position)
            position += 1
            guard let number = IndexMerge.number(of: entry, numbers[index]) else { continue }
            entry.pack = number
            return entry
        }
        return nil
    }
}

import Bytes
import Objects
import Platform
import Vocabulary

/// Writes a stat table entry by entry, in key order, to a temporary file that then takes the old
/// one's place. Memory: two megabytes, however many entries. Not made durable: it is derived.
///
/// Where nothing can be written it gathers the table in memory, for this command alone.
final class StatTableWriter {
    private let machine: Machine
    private let place: DiskPath
    private var stamp: Int64?
    private let rows: TemporaryBytes
    private let paths: TemporaryBytes
    private var count = 0
    private var sealed: MappedBytes?
    private var tree: TreeID?
    private var body: UInt64 = 0

    /// A writer of the table at `place`; without a stamp it is never put there.
    init(to place: DiskPath, stamp: Int64?, on machine: Machine) {
        self.machine = machine
        self.place = place
        self.stamp = stamp
        let folder = stamp == nil ? nil : place.parent
        rows = TemporaryBytes(in: folder, on: machine.disk)
        paths = TemporaryBytes(in: folder, on: machine.disk)
        rows.append([UInt8](repeating: 0, count: StatTable.headerBytes).span)
    }

    /// Takes a later time of the file system for the table's: for entries that do not need the earlier.
    func restamp(_ stamp: Int64?) {
        // Without one from the start there is nowhere to put the table.
        if self.stamp != nil { self.stamp = stamp }
    }

    /// Adds an entry.
    func append(_ path: RepoPath, _ entry: StatTable.Entry, flags: UInt64 = 0) {
        var out = ByteWriter(capacity: StatTable.entryBytes)
        out.append(entry.digest)
        for value in [Int64(entry.size), entry.modified, entry.changed] {
            out.append(uint64: UInt64(bitPattern: value))
        }
        out.append(uint64: entry.inode)
        out.append(uint64: UInt64(entry.kind.rawValue) | flags)
        paths.append(path.bytes.span)
        out.append(uint64: UInt64(paths.count))
        rows.append(out.bytes.span)
        count += 1
    }

    /// Adds entries of another table, with the flags that they have or with `flags`.
    func append(_ range: Range<Int>, of table: StatTable, flags: UInt64?) {
        guard let first = range.first, let last = range.last else { return }
        table.withBytes { span in
            let start = table.pathRange(span, first).lowerBound
            let end = max(start, table.pathRange(span, last).upperBound)
            let moved = paths.count - (start - StatTable.pathsStart(table.count))
            paths.append(span.extracting(start..<end))
            var from = range.lowerBound
            while from < range.upperBound {
                let to = min(range.upperBound, from + StatTableWriter.rowsAtOnce)
                let bytes = span.extracting(StatTable.rowBytes(from..<to))
                if moved == 0, flags == nil {
                    rows.append(bytes)
                } else {
                    unsafe rows.append(bytes) { unsafe StatTableWriter.adjust($0, moved, flags) }
                }
                from = to
            }
        }
        count += range.count
    }

    private static let rowsAtOnce = 8192

    /// Lets entries point `moved` bytes further on among the paths, and sets their flags.
    private static func adjust(
        _ bytes: UnsafeMutableRawBufferPointer, _ moved: Int, _ flags: UInt64?
    ) {
        // Unsafe: both words lie within each entry of the buffer.
        for start in stride(from: 0, to: bytes.count, by: StatTable.entryBytes) {
            let end = unsafe bytes.loadUnaligned(fromByteOffset: start + 72, as: UInt64.self)
            let shifted = UInt64(littleEndian: end) &+ UInt64(bitPattern: Int64(moved))
            unsafe bytes.storeBytes(
                of: shifted.littleEndian, toByteOffset: start + 72, as: UInt64.self)
            guard let flags else { continue }
            let kind = unsafe UInt64(bytes[start + 64])
            unsafe bytes.storeBytes(
                of: (kind | flags).littleEndian, toByteOffset: start + 64, as: UInt64.self)
        }
    }

    /// Ends the table: its entries can be read, though it has no name yet. Nil where a write
    /// failed.
    func seal() -> StatTable? {
        guard rows.append(contentsOf: paths), let bytes = rows.map() else { return nil }
        sealed = bytes
        return StatTable(header(tree: nil, mark: nil), bytes, bootHash: 0)
    }

    /// Puts the sealed table in the old one's place. Where that is not possible, later commands read
    /// more.
    func publish(tree: TreeID?, mark: StoreMark?) {
        guard stamp != nil, let sealed else { return }
        self.tree = tree
        body = sealed.withSpan { xxh3($0.extracting(StatTable.headerBytes..<$0.count)) }
        rows.publish(header(tree: tree, mark: mark).encoded(before: body), at: place)
    }

    /// Adds to the published table that the store holds what is marked as stored.
    func confirm(_ mark: StoreMark) {
        guard stamp != nil, sealed != nil else { return }
        rows.publish(header(tree: tree, mark: mark).encoded(before: body), at: place)
    }

    private func header(tree: TreeID?, mark: StoreMark?) -> StatTable.Header {
        StatTable.Header(
            stamp: stamp ?? 0, bootHash: StatTable.bootHash(machine), count: count,
            pathBytes: paths.count, tree: tree, mark: mark)
    }
}

import Bytes
import Objects
import Platform
import Vocabulary

/// What is remembered of the files below one tracked folder (or of all single tracked files), so
/// that a file that did not change need not be read again.
///
/// Derived, and never the truth: a table that is missing or damaged costs reading. Entries stand
/// in the order of a tree's keys. An entry is believed only while size, both times, the inode and
/// the kind are as they were, and only if it is not *racy*: a file that was changed at or after
/// `stamp` may have been changed again within the same tick of the clock after it was read.
package struct StatTable: Sendable {
    /// What is remembered of one file.
    struct Entry: Hashable, Sendable {
        let kind: TreeEntryKind
        let digest: Digest
        let size: Int
        let modified: Int64
        let changed: Int64
        let inode: UInt64

        init(kind: TreeEntryKind, digest: Digest, status: FileStatus) {
            self.kind = kind
            self.digest = digest
            size = status.size
            modified = status.modified
            changed = status.changed
            inode = status.inode
        }

        /// What is remembered of the file's status: not its device, its number of names, nor more
        /// of its permissions than whether it can be executed.
        var status: FileStatus {
            let fileKind: FileKind =
                switch kind {
                case .symlink: .symlink
                case .directory: .directory
                default: .file
                }
            return FileStatus(
                kind: fileKind, size: size, modified: modified, changed: changed, inode: inode,
                device: 0, permissions: kind == .executable ? 0o755 : 0o644, links: 1)
        }

        /// Whether the file's bytes can be those that the entry is about.
        func isOf(_ status: FileStatus) -> Bool {
            size == status.size && modified == status.modified && inode == status.inode
        }

        init(
            kind: TreeEntryKind, digest: Digest, size: Int, modified: Int64, changed: Int64,
            inode: UInt64
        ) {
            self.kind = kind
            self.digest = digest
            self.size = size
            self.modified = modified
            self.changed = changed
            self.inode = inode
        }
    }

    /// The file system's time before the first of the files was read.
    let stamp: Int64
    /// Whether the table was written since the machine's last start.
    let isOfThisBoot: Bool
    /// The listing that exactly these entries make; nil for single files.
    let tree: TreeID?
    /// When the store held the blobs of all entries that are marked as stored; nil: it is unknown.
    let mark: StoreMark?
    /// The number of entries.
    let count: Int
    private let bytes: MappedBytes

    /// Whether the file is as it was when the entry was made.
    func believes(_ entry: Entry, _ status: FileStatus) -> Bool {
        entry.isOf(status) && entry.changed == status.changed
            && StatTable.kind(of: status) == entry.kind && isSettled(entry)
    }

    /// `believes` for the entry at `index`, without taking it apart.
    func believes(_ span: Span<UInt8>, _ index: Int, _ status: FileStatus) -> Bool {
        let base = StatTable.headerBytes + index * StatTable.entryBytes
        func word(_ offset: Int) -> UInt64 { StatTable.word(span, base + offset) }
        return word(32) == UInt64(bitPattern: Int64(status.size))
            && word(40) == UInt64(bitPattern: status.modified)
            && word(48) == UInt64(bitPattern: status.changed) && word(56) == status.inode
            && word(64) & ~StatTable.storedFlag == UInt64(StatTable.kind(of: status).rawValue)
            && isSettled(modified: status.modified, changed: status.changed)
    }

    /// Whether the store held the entry's blob at the table's mark.
    func isStored(_ span: Span<UInt8>, _ index: Int) -> Bool {
        let base = StatTable.headerBytes + index * StatTable.entryBytes
        return StatTable.word(span, base + 64) & StatTable.storedFlag != 0
    }

    /// Whether an equal status means equal bytes: the file is not racy, and the machine was not
    /// restarted so soon after that its bytes may never have reached the disk. (An hour before
    /// the table was written is long past every write-back.)
    func isSettled(_ entry: Entry) -> Bool {
        isSettled(modified: entry.modified, changed: entry.changed)
    }

    private func isSettled(modified: Int64, changed: Int64) -> Bool {
        guard modified < stamp, changed < stamp else { return false }
        return isOfThisBoot || changed < stamp - StatTable.settledNanoseconds
    }

    /// The entry kind that a status means.
    static func kind(of status: FileStatus) -> TreeEntryKind {
        switch status.kind {
        case .symlink: .symlink
        case .directory: .directory
        default: status.isExecutable ? .executable : .file
        }
    }

    private static let settledNanoseconds: Int64 = 3_600_000_000_000
}

// MARK: - The file

/// Layout, little endian: the header of 136 bytes: magic (8 bytes), stamp, hash of the boot id (0:
/// unknown), number of entries, bytes of all paths, flags (1: there is a tree, 2: there is a mark),
/// the tree (32 bytes), the mark's sequence and digest (32), XXH3 of what stands behind the header,
/// XXH3 of the header so far; the entries of 80 bytes: digest (32), size, both times, inode, kind
/// with flags (256: stored at the mark, 512: changed while it was read, so never believed), end of
/// the path among the paths; the paths, one behind the other.
extension StatTable {
    private static let magic: UInt64 = 0x0a32_7461_7473_6c6d  // "mlstat2\n"
    static let headerBytes = 136
    static let entryBytes = 80
    static let storedFlag: UInt64 = 256
    static let unsureFlag: UInt64 = 512

    /// Reads the table; nil when there is none or it fails any check.
    static func load(from path: DiskPath, on machine: Machine) -> StatTable? {
        guard let bytes = try? machine.disk.map(path) else { return nil }
        return StatTable(bytes, bootHash: bootHash(machine))
    }

    private init?(_ bytes: MappedBytes, bootHash: UInt64) {
        guard bytes.count >= StatTable.headerBytes else { return nil }
        let header: Header? = bytes.withSpan { span in
            let header = StatTable.headerBytes
            guard StatTable.word(span, 0) == StatTable.magic,
                xxh3(span.extracting(0..<(header - 8))) == StatTable.word(span, header - 8),
                let count = Int(exactly: StatTable.word(span, 24)),
                let pathBytes = Int(exactly: StatTable.word(span, 32)),
                count <= span.count / StatTable.entryBytes, pathBytes <= span.count,
                span.count == StatTable.headerBytes + count * StatTable.entryBytes + pathBytes,
                xxh3(span.extracting(header..<span.count)) == StatTable.word(span, header - 16)
            else { return nil }
            let flags = StatTable.word(span, 40)
            return Header(
                stamp: Int64(bitPattern: StatTable.word(span, 8)),
                bootHash: StatTable.word(span, 16), count: count, pathBytes: pathBytes,
                tree: flags & 1 == 0 ? nil : TreeID(Digest(at: 48, of: span)),
                mark: flags & 2 == 0
                    ? nil
                    : StoreMark(
                        sequence: Int(truncatingIfNeeded: StatTable.word(span, 80)),
                        digest: Digest(at: 88, of: span)))
        }
        guard let header else { return nil }
        self.init(header, bytes, bootHash: bootHash)
    }

    /// A table whose bytes are known to be right.
    init(_ header: Header, _ bytes: MappedBytes, bootHash: UInt64) {
        stamp = header.stamp
        isOfThisBoot = header.bootHash != 0 && header.bootHash == bootHash
        count = header.count
        tree = header.tree
        mark = header.mark
        self.bytes = bytes
    }

    /// What stands in front of the entries.
    struct Header {
        var stamp: Int64
        var bootHash: UInt64
        var count: Int
        var pathBytes: Int
        var tree: TreeID?
        var mark: StoreMark?

        /// The bytes; `body` is what stands behind them.
        func encoded(before body: UInt64) -> [UInt8] {
            var out = ByteWriter(capacity: headerBytes)
            out.append(uint64: magic)
            out.append(uint64: UInt64(bitPattern: stamp))
            out.append(uint64: bootHash)
            out.append(uint64: UInt64(count))
            out.append(uint64: UInt64(pathBytes))
            out.append(uint64: (tree == nil ? 0 : 1) | (mark == nil ? 0 : 2))
            out.append(tree?.digest ?? .zero)
            out.append(uint64: UInt64(mark?.sequence ?? 0))
            out.append(mark?.digest ?? .zero)
            out.append(uint64: body)
            out.append(uint64: xxh3(out.bytes))
            return out.bytes
        }
    }

    /// Calls `body` with the bytes.
    func withBytes<Value>(_ body: (Span<UInt8>) throws -> Value) rethrows -> Value {
        try bytes.withSpan(body)
    }

    /// The path of the entry at `index`; nil where the bytes make none.
    func path(_ span: Span<UInt8>, _ index: Int) -> RepoPath? {
        var path: [UInt8] = []
        let range = pathRange(span, index)
        path.reserveCapacity(range.count)
        for position in range { path.append(span[position]) }
        return try? RepoPath(validating: path)
    }

    /// Calls `body` with each entry, in order.
    func forEachRow(_ body: (RepoPath, Entry) throws -> Void) throws {
        try withBytes { span in
            for index in 0..<count {
                guard let path = path(span, index) else { continue }
                try body(path, StatTable.entry(span, index))
            }
        }
    }

    /// All entries with their paths, for the small table of single files.
    func allEntries() -> [RepoPath: Entry] {
        withBytes { span in
            var result: [RepoPath: Entry] = [:]
            for index in 0..<count {
                if let path = path(span, index) { result[path] = StatTable.entry(span, index) }
            }
            return result
        }
    }

    static func bootHash(_ machine: Machine) -> UInt64 {
        machine.bootID.map { max(1, xxh3($0)) } ?? 0
    }

    /// The eight bytes at `offset`, which must be there: a status reads millions of them.
    static func word(_ span: Span<UInt8>, _ offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= span.count - 8, "a word inside of the table")
        return UInt64(
            littleEndian: unsafe span.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
    }

    /// The digest of the entry at `index`, which is there.
    func digest(_ span: Span<UInt8>, _ index: Int) -> Digest {
        Digest(at: StatTable.headerBytes + index * StatTable.entryBytes, of: span)
    }

    /// The entry at `index`, which is there.
    static func entry(_ span: Span<UInt8>, _ index: Int) -> Entry {
        let base = headerBytes + index * entryBytes
        func word(_ offset: Int) -> UInt64 { StatTable.word(span, base + offset) }
        return Entry(
            kind: TreeEntryKind(rawValue: UInt8(truncatingIfNeeded: word(64))) ?? .tree,
            digest: Digest(at: base, of: span), size: Int(truncatingIfNeeded: word(32)),
            modified: Int64(bitPattern: word(40)), changed: Int64(bitPattern: word(48)),
            inode: word(56))
    }

    /// Where the entries of `range` stand.
    static func rowBytes(_ range: Range<Int>) -> Range<Int> {
        (headerBytes + range.lowerBound * entryBytes)..<(headerBytes + range.upperBound * entryBytes)
    }

    /// Where the paths of a table of so many entries start.
    static func pathsStart(_ count: Int) -> Int { headerBytes + count * entryBytes }

    /// Where the path at `index` ends, kept inside the paths whatever the file says.
    static func pathEnd(_ span: Span<UInt8>, _ index: Int, of count: Int) -> Int {
        let paths = pathsStart(count)
        let end = word(span, headerBytes + index * entryBytes + 72)
        return min(span.count, max(paths, paths &+ Int(truncatingIfNeeded: end)))
    }

    /// A byte in the order of keys: `/` comes first.
    static func rank(_ byte: UInt8) -> Int { byte == 0x2f ? -1 : Int(byte) }
}

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
            && word(64) == UInt64(StatTable.kind(of: status).rawValue)
            && isSettled(modified: status.modified, changed: status.changed)
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

/// Layout, little endian: magic (8 bytes), stamp, hash of the boot id (0: unknown), number of
/// entries, bytes of all paths, 1 if there is a tree, the tree (32 bytes); the entries of 80
/// bytes: digest (32), size, both times, inode, kind, end of the path among the paths; the paths,
/// one behind the other; XXH3 of all that.
extension StatTable {
    private static let magic: UInt64 = 0x0a31_7461_7473_6c6d  // "mlstat1\n"
    private static let headerBytes = 80
    private static let entryBytes = 80

    /// Reads the table; nil when there is none or it fails any check.
    static func load(from path: DiskPath, on machine: Machine) -> StatTable? {
        guard let bytes = try? machine.disk.map(path) else { return nil }
        return StatTable(bytes, bootHash: bootHash(machine))
    }

    private init?(_ bytes: MappedBytes, bootHash: UInt64) {
        guard bytes.count >= StatTable.headerBytes + 8 else { return nil }
        let header: (Int64, UInt64, Int, TreeID?)? = bytes.withSpan { span in
            let body = span.count - 8
            guard StatTable.word(span, 0) == StatTable.magic,
                let count = Int(exactly: StatTable.word(span, 24)),
                let pathBytes = Int(exactly: StatTable.word(span, 32)),
                count <= span.count / StatTable.entryBytes, pathBytes <= span.count,
                body == StatTable.headerBytes + count * StatTable.entryBytes + pathBytes,
                xxh3(span.extracting(0..<body)) == StatTable.word(span, body)
            else { return nil }
            let tree = StatTable.word(span, 40) == 1 ? TreeID(Digest(at: 48, of: span)) : nil
            let stamp = Int64(bitPattern: StatTable.word(span, 8))
            return (stamp, StatTable.word(span, 16), count, tree)
        }
        guard let (stamp, boot, count, tree) = header else { return nil }
        self.stamp = stamp
        isOfThisBoot = boot != 0 && boot == bootHash
        self.count = count
        self.tree = tree
        self.bytes = bytes
    }

    /// Calls `body` with the bytes.
    func withBytes<Value>(_ body: (Span<UInt8>) throws -> Value) rethrows -> Value {
        try bytes.withSpan(body)
    }

    /// Calls `body` with the bytes and a cursor over the entries in them.
    func withCursor<Value>(
        _ body: (Span<UInt8>, inout Cursor) throws -> Value
    ) rethrows -> Value {
        try bytes.withSpan { span in
            var cursor = Cursor(count: count)
            return try body(span, &cursor)
        }
    }

    /// All entries with their paths, for the small table of single files.
    func allEntries() -> [RepoPath: Entry] {
        withCursor { span, cursor in
            var result: [RepoPath: Entry] = [:]
            while let (path, entry) = cursor.next(span) {
                if let path = try? RepoPath(validating: path) { result[path] = entry }
            }
            return result
        }
    }

    /// Writes a table; `rows` are in key order. Not made durable: it is derived.
    static func save(
        _ rows: [(path: RepoPath, entry: Entry)], stamp: Int64, tree: TreeID?,
        to path: DiskPath, on machine: Machine
    ) throws {
        let pathBytes = rows.reduce(0) { $0 + $1.path.bytes.count }
        var out = ByteWriter(capacity: headerBytes + rows.count * entryBytes + pathBytes + 8)
        out.append(uint64: magic)
        out.append(uint64: UInt64(bitPattern: stamp))
        out.append(uint64: bootHash(machine))
        out.append(uint64: UInt64(rows.count))
        out.append(uint64: UInt64(pathBytes))
        out.append(uint64: tree == nil ? 0 : 1)
        out.append(tree?.digest ?? .zero)
        var end = 0
        for (path, entry) in rows {
            end += path.bytes.count
            out.append(entry.digest)
            for value in [Int64(entry.size), entry.modified, entry.changed] {
                out.append(uint64: UInt64(bitPattern: value))
            }
            out.append(uint64: entry.inode)
            out.append(uint64: UInt64(entry.kind.rawValue))
            out.append(uint64: UInt64(end))
        }
        for (path, _) in rows { out.append(path.bytes) }
        out.append(uint64: xxh3(out.bytes))
        try machine.disk.makeDirectories(path.parent)
        try writeAtomically(out.bytes, to: path, on: machine.disk, durable: false)
    }

    private static func bootHash(_ machine: Machine) -> UInt64 {
        machine.bootID.map { max(1, xxh3($0)) } ?? 0
    }

    /// The eight bytes at `offset`, which must be there: a status reads millions of them.
    private static func word(_ span: Span<UInt8>, _ offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= span.count - 8, "a word inside of the table")
        return UInt64(
            littleEndian: unsafe span.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
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

    /// Where the paths of a table of so many entries start.
    static func pathsStart(_ count: Int) -> Int { headerBytes + count * entryBytes }

    /// Where the path at `index` ends, kept inside the paths whatever the file says.
    static func pathEnd(_ span: Span<UInt8>, _ index: Int, of count: Int) -> Int {
        let paths = pathsStart(count)
        let end = word(span, headerBytes + index * entryBytes + 72)
        return min(span.count - 8, max(paths, paths &+ Int(truncatingIfNeeded: end)))
    }

    /// A byte in the order of keys: `/` comes first.
    static func rank(_ byte: UInt8) -> Int { byte == 0x2f ? -1 : Int(byte) }

    /// Goes through the entries in order.
    struct Cursor {
        private let count: Int
        private var index = 0
        private var start: Int

        init(count: Int) {
            self.count = count
            start = StatTable.pathsStart(count)
        }

        /// Negative, zero or positive as the entry's path comes before, is, or comes after
        /// `path`; nil at the end.
        func compare(_ span: Span<UInt8>, to path: [UInt8]) -> Int? {
            guard index < count else { return nil }
            let length = end(span) - start
            var position = 0
            let common = min(length, path.count)
            while position < common {
                let a = span[start + position]
                let b = path[position]
                if a != b { return StatTable.rank(a) < StatTable.rank(b) ? -1 : 1 }
                position += 1
            }
            return length - path.count
        }

        /// The entry; only before the end.
        func entry(_ span: Span<UInt8>) -> Entry { StatTable.entry(span, index) }

        mutating func advance(_ span: Span<UInt8>) {
            start = end(span)
            index += 1
        }

        mutating func next(_ span: Span<UInt8>) -> (path: [UInt8], entry: Entry)? {
            guard index < count else { return nil }
            var path: [UInt8] = []
            for position in start..<max(start, end(span)) { path.append(span[position]) }
            let result = (path, entry(span))
            advance(span)
            return result
        }

        private func end(_ span: Span<UInt8>) -> Int {
            max(start, StatTable.pathEnd(span, index, of: count))
        }
    }
}

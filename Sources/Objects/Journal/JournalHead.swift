import Bytes
import Platform
import Vocabulary

/// How far the journal reached after the last commit, kept beside it: without it, a journal that lost
/// its last records, or whose last one was damaged, would look like one that never had them.
///
///      0      8   magic "mlsjhead"
///      8      8   sequence of the last record
///     16      8   where it ends in the journal
///     24     32   SHA-256 of it
///     56      8   XXH3-64 of bytes 0 to 55
///
/// Written after the journal was synced, not synced itself: it never says more than what is on
/// the disk, and may say less. One that is missing or damaged says nothing.
struct JournalHead: Equatable, Sendable {
    let sequence: Int
    let end: Int
    let digest: Digest

    static let fileName = "journal.head"
    static let magic: [UInt8] = Array("mlsjhead".utf8)
    static let sizeBytes = 64

    /// The head of a journal as it was read or written.
    init(_ state: JournalState) {
        sequence = state.entries.count
        end = state.goodBytes
        digest = state.lastDigest
    }

    init(decoding bytes: [UInt8]) throws(DecodeError) {
        let span = bytes.span
        guard bytes.count == JournalHead.sizeBytes else {
            throw DecodeError(at: 0, "not 64 bytes")
        }
        var cursor = ByteCursor(offset: 56)
        guard try cursor.uint64(span) == xxh3(span.extracting(0..<56)) else {
            throw DecodeError(at: 56, "checksum mismatch")
        }
        cursor.offset = 0
        try cursor.magic(JournalHead.magic, span)
        guard let sequence = Int(exactly: try cursor.uint64(span)),
            let end = Int(exactly: try cursor.uint64(span))
        else { throw DecodeError(at: 8, "number out of bounds") }
        self.sequence = sequence
        self.end = end
        digest = try cursor.digest(span)
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: JournalHead.sizeBytes)
        writer.append(JournalHead.magic)
        writer.append(uint64: UInt64(sequence))
        writer.append(uint64: UInt64(end))
        writer.append(digest)
        writer.append(uint64: xxh3(writer.bytes))
        return writer.bytes
    }

    /// What the file says; nil, with a line in `mended`, where it says nothing that counts.
    static func load(
        from layout: StoreLayout, on disk: any Disk, mended: inout [String]
    ) -> JournalHead? {
        guard let bytes = try? disk.readFile(layout.journalHead, maximumBytes: 1 << 16) else {
            return nil
        }
        do throws(DecodeError) {
            return try JournalHead(decoding: bytes)
        } catch {
            mended.append("\(fileName): \(error); the next commit writes it anew")
            return nil
        }
    }

    /// Writes the file. It is no part of the commit, which stands already: failures are of no
    /// consequence but that an older head stays.
    func write(to layout: StoreLayout, on disk: any Disk) {
        try? writeAtomically(encoded, to: layout.journalHead, on: disk, durable: false)
    }

    /// Throws unless the journal reaches as far as it once did.
    func check(_ state: JournalState) throws(StoreError) {
        let isWhole =
            end < state.goodBytes || (end == state.goodBytes && digest == state.lastDigest)
        guard !isWhole else { return }
        let found = state.entries.count
        throw StoreError(
            .corrupt,
            "the journal has lost its end: \(sequence) commits were made, \(found) can be read"
                + " (\(state.tornBytes) bytes behind them cannot)",
            subject: JournalState.fileName,
            advice:
                "take the file 'journal' from a backup, or clone the workspace and pull; to go on"
                + " with the \(found) commits that are left, remove '\(JournalHead.fileName)' beside it",
            safety: "nothing was changed, and the packs are still there")
    }
}

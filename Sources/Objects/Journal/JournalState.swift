import Bytes
import Vocabulary

/// A pack that counts no more.
struct CondemnedPack: Hashable, Sendable {
    /// Bytes of its file.
    let sizeBytes: Int
    /// The record that condemned it: its time, on the only clock that safety knows.
    let sequence: Int
    /// Whether a commit ever named it. One that none did is that of a writer who may take it away.
    let wasCommitted: Bool
}

/// What the journal says: the truth about packs and refs, as far as it was read.
struct JournalState: Sendable {
    /// The commits, in order.
    private(set) var entries: [JournalEntry] = []
    /// The digests of their records: each stands for all of the history up to it.
    private(set) var digests: [Digest] = []
    private(set) var refs: [RefName: RecordID] = [:]
    /// The packs that count, with the sizes of their files.
    private(set) var packs: [PackID: Int] = [:]
    /// The packs that count no more. Their files may be there still.
    private(set) var condemned: [PackID: CondemnedPack] = [:]
    /// Where the last good record ends.
    private(set) var goodBytes = 0
    /// The digest of the last good record; zero before the first.
    var lastDigest: Digest { digests.last ?? .zero }
    /// Bytes of a cut-off record behind the last good one.
    private(set) var tornBytes = 0

    static let fileName = "journal"

    /// Reads the records of `tail`, which starts at `goodBytes` of the file.
    mutating func replay(_ tail: [UInt8]) throws {
        var offset = 0
        tornBytes = 0
        while offset < tail.count {
            guard let raw = JournalFormat.record(at: offset, in: tail.span) else {
                return try checkTorn(tail, offset)
            }
            try append(raw, tail)
            offset = raw.range.upperBound
        }
    }

    private mutating func checkTorn(_ tail: [UInt8], _ offset: Int) throws {
        let next: Int?
        do throws(DecodeError) {
            next = try JournalFormat.firstRecord(from: offset + 1, in: tail.span)
        } catch {
            throw StoreError.damaged(
                JournalState.fileName, at: goodBytes + error.offset - offset, error.reason,
                cause: error)
        }
        if let next {
            throw StoreError.damaged(
                JournalState.fileName, at: goodBytes,
                "a record is unreadable, and a good one follows at byte \(goodBytes + next - offset)"
            )
        }
        tornBytes = tail.count - offset
    }

    private mutating func append(_ raw: JournalFormat.Raw, _ tail: [UInt8]) throws {
        guard raw.sequence == UInt64(entries.count + 1), raw.previous == lastDigest else {
            throw StoreError.damaged(
                JournalState.fileName, at: goodBytes, "the chain of records is broken")
        }
        let start = raw.range.lowerBound + JournalFormat.headerBytes
        do {
            let json = try JSONValue(parsing: Array(tail[start..<raw.range.upperBound]))
            apply(try JournalEntry(sequence: entries.count + 1, json: json))
        } catch let fault as FrameFault {
            throw fault.error(in: JournalState.fileName, at: goodBytes)
        } catch let fault as DecodeError {
            throw StoreError.damaged(
                JournalState.fileName, at: goodBytes + fault.offset, fault.reason, cause: fault)
        }
        goodBytes += raw.range.count
        digests.append(sha256(Array(tail[raw.range])))
    }

    /// Whether any pack was condemned behind the record `sequence`.
    func hasCondemned(after sequence: Int) -> Bool {
        condemned.contains { $0.value.sequence > sequence }
    }

    private mutating func apply(_ entry: JournalEntry) {
        for pack in entry.packs + entry.rescued {
            packs[pack.id] = pack.sizeBytes
            condemned[pack.id] = nil
        }
        for pack in entry.condemned {
            let counted = packs.removeValue(forKey: pack.id) != nil
            condemned[pack.id] = CondemnedPack(
                sizeBytes: pack.sizeBytes, sequence: entry.sequence,
                wasCommitted: counted || condemned[pack.id]?.wasCommitted == true)
        }
        for change in entry.refs { refs[change.name] = change.new }
        entries.append(entry)
    }
}

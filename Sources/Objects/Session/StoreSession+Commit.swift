package import Bytes
import Platform
import Vocabulary

/// What a commit did.
package struct CommitReport: Hashable, Sendable {
    /// The record in the journal; nil when there was nothing to commit.
    package let entry: JournalEntry?
    /// Bytes of the packs that were added.
    package let storedBytes: Int
    /// Objects in them.
    package let objectCount: Int
}

// The commit protocol. Each step is safe to be the last:
//
//  1. packs are finished and synced in the session's directory      a cut leaves litter there
//  2. they are renamed into packs/, which is synced once            a cut leaves unnamed packs
//  3. an index segment over them is written (derived, not synced)   it may be torn: its checksum tells
//  4. under the store's lock: the journal's tail is read again, refs are compared, and packs that
//     were condemned meanwhile and are needed are found
//  5. one record is appended to the journal and synced              THE COMMIT POINT
//  6. derived files: the journal's head, still under the lock; segments are merged, the session's directory is removed
//
// So a commit costs a sync for each pack (two, up to 64 MiB of data), one for packs/ and one for the
// journal.
extension StoreSession {
    /// Makes everything that was put visible, and changes refs, all or nothing. `note` says for
    /// `undo` and the log what was done; it becomes a record that the journal names.
    ///
    /// Throws `.conflict` when a ref is not what its change expects: the session stays open then,
    /// and `commit` may be called again. After any other error the session is over and nothing
    /// was committed.
    package func commit(refs: [RefChange] = [], note: JSONValue = .null) throws -> CommitReport {
        try check()
        let operation = note.isNull ? nil : try putRecord(note)
        try sealAll()
        if sealed.isEmpty, refs.isEmpty {
            try store.refresh()
            var newest = store.view
            guard try !rescues(refs, in: &newest).isEmpty else {
                finish()
                return CommitReport(entry: nil, storedBytes: 0, objectCount: 0)
            }
        }
        return try append(refs: refs) { newest, packs in
            JournalEntry(
                sequence: newest.journal.entries.count + 1, time: store.clock.now(),
                operation: operation, packs: packs, refs: refs,
                rescued: try rescues(refs, in: &newest))
        }
    }

    /// Commits what was put so far, without refs, and goes on: for what is too much to lose in an
    /// interruption. Nothing names it yet, but a collection leaves it for as long as the session
    /// lives, and later commits of the session rescue what they need of it.
    package func commitPart() throws {
        try check()
        try sealAll()
        guard !sealed.isEmpty else { return }
        _ = try append(refs: [], ends: false) { newest, packs in
            JournalEntry(
                sequence: newest.journal.entries.count + 1, time: store.clock.now(),
                operation: nil, packs: packs, refs: [], rescued: try rescues([], in: &newest))
        }
        parts += sealed.map(\.id)
        sealed = []
        renamed = []
        put.committed()
    }

    /// Publishes the sealed packs and appends the record that `entry` makes from the newest state
    /// and the packs, under the store's lock.
    func append(
        refs: [RefChange], ends: Bool = true,
        _ entry: (_ newest: inout StoreView, _ packs: [CommittedPack]) throws -> JournalEntry
    ) throws -> CommitReport {
        try guarded { try publishPacks() }
        let packs = sealed.map { CommittedPack(id: $0.id, sizeBytes: $0.sizeBytes) }
        let appender = JournalAppender(store.layout, store.disk, store.workers)
        let view: StoreView
        do {
            view = try appender.append(onto: store.view, refs: refs) { try entry(&$0, packs) }
        } catch let error as StoreError where error.kind == .conflict { throw error } catch {
            // Whether the record is on the disk may be unknown: its packs stay.
            renamed = []
            abandon()
            throw error
        }
        install(view)
        if ends { finish() }
        return CommitReport(
            entry: view.journal.entries.last, storedBytes: packs.reduce(0) { $0 + $1.sizeBytes },
            objectCount: sealed.reduce(0) { $0 + $1.objectCount })
    }

    /// The packs that were condemned since this session began and that hold something which the
    /// session relies on, and which stands nowhere else. They must count again: what is committed
    /// may refer to it. `newest` is the state under the store's lock.
    private func rescues(_ refs: [RefChange], in newest: inout StoreView) throws -> [CommittedPack]
    {
        guard newest.journal.hasCondemned(after: directory.began) else { return [] }
        let loader = StoreLoader(layout: store.layout, disk: store.disk, workers: store.workers)
        try loader.loadIndex(&newest)
        // A pack that was never committed holds nothing that anybody relies on, and its writer may
        // give up and remove it.
        let condemned = newest.journal.condemned.filter {
            $0.value.sequence > directory.began && $0.value.wasCommitted
        }
        var closure = PackClosure(
            store, newest, candidates: Set(condemned.keys), isElsewhere: put.contains)
        for key in put.relied { closure.requireContent(of: key) }
        for id in parts { closure.requireObjects(of: id) }
        for id in refs.compactMap(\.new) { closure.require(record: id, .content) }
        for item in sealed { closure.requireAll(in: item.id) }
        return closure.finish().sorted().compactMap { id in
            condemned[id].map { CommittedPack(id: id, sizeBytes: $0.sizeBytes) }
        }
    }

    /// Steps 2 and 3, for packs that a former attempt has not published yet.
    private func publishPacks() throws {
        let new = sealed.filter { !renamed.contains($0.id) }
        guard !new.isEmpty else { return }
        for item in new {
            if item.hasPlainFile {
                try store.disk.rename(
                    StoreLayout.plainFile(of: item.path), to: store.layout.plainFile(item.id))
            }
            try store.disk.rename(item.path, to: store.layout.pack(item.id))
            renamed.insert(item.id)
        }
        try store.disk.syncDirectory(store.layout.packs)
        index.publish(into: store.layout.index, on: store.disk)
    }

    /// Step 6. The commit stands: nothing here may fail it.
    private func install(_ committed: StoreView) {
        var view = committed
        let loader = StoreLoader(layout: store.layout, disk: store.disk, workers: store.workers)
        if (try? loader.loadIndex(&view)) == nil { view.markLive() }
        store.install(loader.mergedWhereMany(view))
    }

    private func finish() {
        isOver = true
        directory.remove()
    }
}

/// Appends one record to the journal, under the store's lock.
///
/// Invariants: the record follows the last good one, byte for byte; what stood behind that (a
/// record cut off by a crash) is kept aside first; a journal whose sync failed is replaced by a new
/// file and never synced again.
struct JournalAppender {
    private let layout: StoreLayout
    private let disk: any Disk
    private let loader: StoreLoader

    init(_ layout: StoreLayout, _ disk: any Disk, _ workers: FrameWorkers) {
        self.layout = layout
        self.disk = disk
        loader = StoreLoader(layout: layout, disk: disk, workers: workers)
    }

    /// Steps 4 and 5. `view` is any state of the store; returns the state after the commit, its
    /// index not yet loaded.
    func append(
        onto view: StoreView, refs: [RefChange],
        _ entry: (_ newest: inout StoreView) throws -> JournalEntry
    ) throws -> StoreView {
        try withLock { try appendLocked(onto: view, refs: refs, entry) }
    }

    /// Runs `body` while no other process appends to the journal: what it says then is synced.
    func withLock<Result>(_ body: () throws -> Result) throws -> Result {
        guard let lock = try disk.lock(layout.lock, .exclusive, wait: .forever) else {
            throw StoreError(.locked, "cannot commit: another process holds the store's lock")
        }
        defer { lock.unlock() }
        return try body()
    }

    private func appendLocked(
        onto view: StoreView, refs: [RefChange],
        _ entry: (_ newest: inout StoreView) throws -> JournalEntry
    ) throws -> StoreView {
        var newest = view
        try loader.readJournal(&newest)
        for change in refs { try JournalAppender.compare(change, newest.journal) }
        let payload = try entry(&newest).json.canonical
        let state = newest.journal
        let record = JournalFormat.encode(
            sequence: state.entries.count + 1, previous: state.lastDigest, payload: payload)
        guard record.count <= JournalFormat.maximumPayload else {
            throw StoreError(.malformed, "cannot commit: too many refs and packs at once")
        }
        try keepTornTail(state)
        try write(record, state)
        try newest.journal.replay(record)
        JournalHead(newest.journal).write(to: layout, on: disk)
        return newest
    }

    private static func compare(_ change: RefChange, _ state: JournalState) throws {
        let found = state.refs[change.name]
        guard found != change.expected else { return }
        throw StoreError(
            .conflict,
            "cannot change '\(change.name)': it was changed by another command meanwhile",
            subject: change.name.description, advice: "run the command again",
            safety: "nothing was changed")
    }

    private func write(_ record: [UInt8], _ state: JournalState) throws {
        let file = try disk.openFile(layout.journal, .readWrite)
        let end = state.goodBytes + record.count
        do {
            try file.write(record, at: state.goodBytes)
            if state.tornBytes > record.count { try file.truncate(to: end) }
            try file.sync()
        } catch {
            takeBack(file, state)
            throw error
        }
        try? file.close()  // synced already
    }

    /// After a failed append: puts a new file with the good records in the journal's place, since
    /// what the kernel holds of the old one may never reach the disk. Where that fails too, cuts
    /// the record off; readers drop what is left of it.
    private func takeBack(_ file: any DiskFile, _ state: JournalState) {
        defer { try? file.close() }
        do {
            let good = try file.read(at: 0, count: state.goodBytes)
            guard good.count == state.goodBytes else { return }
            try writeAtomically(good, to: layout.journal, on: disk, durable: true)
        } catch { try? file.truncate(to: state.goodBytes) }
    }

    /// Copies a cut-off record aside before it is written over: should it have been a good one that
    /// the disk damaged, its bytes are still there.
    private func keepTornTail(_ state: JournalState) throws {
        guard state.tornBytes > 0 else { return }
        let file = try disk.openFile(layout.journal, .read)
        defer { try? file.close() }  // only read
        let tail = try file.read(at: state.goodBytes, count: state.tornBytes)
        try? writeAtomically(
            tail, to: layout.root / "journal.torn-\(state.entries.count + 1)", on: disk,
            durable: false)
    }
}

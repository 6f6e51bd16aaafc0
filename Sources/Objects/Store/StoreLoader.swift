import Bytes
import Platform
import Vocabulary

/// Builds views from what is on disk. Writes nothing but derived files, and those only where it
/// can: a store that cannot be written to is read all the same.
struct StoreLoader {
    let layout: StoreLayout
    let disk: any Disk
    let workers: FrameWorkers

    static let maximumJournalRead = 1 << 40

    /// The state of the store now.
    func load() throws -> StoreView {
        var view = StoreView()
        // Before the journal, so that a commit in between cannot make it look cut off.
        let head = JournalHead.load(from: layout, on: disk, mended: &view.mended)
        try readJournal(&view)
        try head?.check(view.journal)
        try loadIndex(&view)
        return view
    }

    /// The state of the store now, or nil when `old` is it.
    func refresh(_ old: StoreView) throws -> StoreView? {
        guard let status = try disk.status(of: layout.journal, followingLinks: true) else {
            throw missingJournal
        }
        let known = old.journal.goodBytes + old.journal.tornBytes
        if status.inode == old.journalInode, status.size == known, old.journal.tornBytes == 0 {
            return nil
        }
        var view = old
        try readJournal(&view)
        if view.journal.entries.count == old.journal.entries.count,
            view.journal.lastDigest == old.journal.lastDigest
        {
            return nil
        }
        try loadIndex(&view)
        return view
    }

    private var missingJournal: StoreError {
        .damaged(JournalState.fileName, at: 0, "the file is missing")
    }

    /// Reads what the journal has more than `view`; all of it when it is another file now.
    func readJournal(_ view: inout StoreView) throws {
        let file: any DiskFile
        do {
            file = try disk.openFile(layout.journal, .read)
        } catch let error as StoreError where error.kind == .notFound { throw missingJournal }
        defer { try? file.close() }  // only read
        let status = try file.status()
        if status.inode != view.journalInode || status.size < view.journal.goodBytes {
            view.journal = JournalState()
            view.journalInode = status.inode
        }
        let start = view.journal.goodBytes
        var tail: [UInt8] = []
        while start + tail.count < status.size {
            let wanted = min(status.size - start - tail.count, 16 << 20)
            let more = try file.read(at: start + tail.count, count: wanted)
            if more.isEmpty { break }
            tail += more
        }
        try view.journal.replay(tail)
    }

    /// Loads segments that are not loaded yet, and indexes committed packs that none covers.
    func loadIndex(_ view: inout StoreView) throws {
        while true {
            try loadSegments(&view)
            guard !view.unreadable.isEmpty else { return }
            // A pack that cannot be read may have been collected since the journal was read.
            let known = view.journal.entries.count
            try readJournal(&view)
            let packs = view.journal.packs
            view.unreadable = view.unreadable.filter { packs[$0.key] != nil }
            if view.journal.entries.count == known { return }
        }
    }

    private func loadSegments(_ view: inout StoreView) throws {
        var damagedNames: [String] = []
        let names = try segmentNames()
        // Another process merged those that are gone: what it merged them into is there.
        view.segments.removeAll { !$0.name.isEmpty && !names.contains($0.name) }
        let known = Set(view.segments.map(\.name))
        for name in names where !known.contains(name) {
            guard let bytes = try? disk.map(layout.segment(name)) else { continue }
            do {
                let segment = try IndexSegment(checking: bytes)
                view.segments.append(LoadedSegment(name: name, segment: segment, live: []))
            } catch {
                damagedNames.append(name)
                view.mended.append("index/\(name): \(error); rebuilt from the packs")
            }
        }
        view.markLive()
        let uncovered = view.uncovered()
        if !uncovered.isEmpty { index(uncovered, &view) }
        for name in damagedNames where !view.segments.contains(where: { $0.name == name }) {
            try? disk.removeFile(layout.segment(name))  // derived: it was rebuilt
        }
        view.markLive()
    }

    /// The names of segment files, in order; none where the directory is gone.
    func segmentNames() throws -> [String] {
        do {
            return try disk.entries(of: layout.index).filter { StoreLayout.isSegment($0.name) }
                .map { String(decoding: $0.name, as: UTF8.self) }.sorted()
        } catch let error as StoreError where error.kind == .notFound { return [] }
    }

    private func index(_ packs: [PackID], _ view: inout StoreView) {
        var covered: [(PackID, [PackEntry])] = []
        var damaged: [PackID] = []
        for id in packs {
            do {
                covered.append((id, try PackFile(id, at: layout.pack(id), on: disk).directory()))
            } catch let error as StoreError where error.kind == .corrupt {
                view.mended.append("\(error.message); directory rebuilt from its frames")
                damaged.append(id)
            } catch { note(error, of: id, in: &view) }
        }
        addSegment(covered, to: &view)
        // In the order of the commits: what a frame builds on was committed before it. (Packs that
        // no commit added, and that count no more, come last.)
        let added = view.journal.entries.flatMap { $0.packs.map(\.id) }.filter(damaged.contains)
        for id in added + damaged.filter({ !added.contains($0) }) {
            let known = view
            do {
                let entries = try PackFile(id, at: layout.pack(id), on: disk)
                    .rebuiltDirectory(with: workers) { try readBase($0, $1, known) }
                addSegment([(id, entries)], to: &view)
            } catch { note(error, of: id, in: &view) }
        }
    }

    private func note(_ error: any Error, of id: PackID, in view: inout StoreView) {
        view.unreadable[id] =
            error as? StoreError ?? .damaged("packs/\(id.digest.hex).pack", at: 0, "\(error)")
    }

    private func addSegment(_ covered: [(PackID, [PackEntry])], to view: inout StoreView) {
        guard !covered.isEmpty else { return }
        let bytes = StoreLoader.encodeSegment(covered)
        let name = sha256(bytes).hex + ".idx"
        guard let segment = try? IndexSegment(checking: MappedBytes(bytes)) else { return }
        // A convenience for the next open; where it cannot be written, that rebuilds it again.
        try? disk.makeDirectories(layout.index)
        let wrote: Void? = try? writeAtomically(
            bytes, to: layout.segment(name), on: disk, durable: false)
        view.segments.append(
            LoadedSegment(name: wrote == nil ? "" : name, segment: segment, live: []))
        view.markLive()
    }

    /// Reads what a frame builds on while the index is still being put together.
    private func readBase(
        _ key: ObjectKey, _ generation: Int, _ view: StoreView
    ) throws -> [UInt8] {
        for place in view.places(of: key) {
            guard let pack = try? PackFile(place.pack, at: layout.pack(place.pack), on: disk),
                let frame = try? workers.withWorker({ worker in
                    try pack.frame(
                        at: place.frameOffset, guess: 64 << 10, with: worker, below: generation
                    ) { try readBase($0, $1, view) }
                }),
                let bytes = frame.object(place.ordinal)
            else { continue }
            return bytes
        }
        throw StoreError.objectMissing(key)
    }

    /// The bytes of a segment over these packs.
    static func encodeSegment(_ packs: [(PackID, [PackEntry])]) -> [UInt8] {
        let sorted = packs.sorted { $0.0 < $1.0 }
        var entries: [IndexEntry] = []
        entries.reserveCapacity(sorted.reduce(0) { $0 + $1.1.count })
        for (number, pack) in sorted.enumerated() {
            for entry in pack.1 { entries.append(IndexEntry(entry, pack: number)) }
        }
        return IndexFormat.encode(packs: sorted.map(\.0), entries: entries)
    }
}

// MARK: - Merging

extension StoreLoader {
    static let manySegments = 12

    /// Merges the segments into one when there are many: derived work after a commit, so failures
    /// are of no consequence. Returns the view with the merged segment.
    func mergedWhereMany(_ old: StoreView) -> StoreView {
        guard old.segments.count >= StoreLoader.manySegments else { return old }
        // The largest stay as they are, unless the small ones together have grown as large.
        let bySize = old.segments.sorted { $0.segment.objectCount < $1.segment.objectCount }
        var chosen: [LoadedSegment] = []
        var total = 0
        for loaded in bySize
        where chosen.count < StoreLoader.manySegments / 2 || loaded.segment.objectCount <= 2 * total
        {
            chosen.append(loaded)
            total += loaded.segment.objectCount
        }
        return replacing(chosen, of: old) { _ in true }
    }

    /// Takes packs that are gone out of the index; failures are of no consequence. Returns the view
    /// with the segments as they are now.
    func forgetting(_ gone: Set<PackID>, in old: StoreView) -> StoreView {
        var view = old
        for loaded in old.segments where loaded.segment.packs.contains(where: gone.contains) {
            view = replacing([loaded], of: view) { !gone.contains($0) }
        }
        return view
    }

    /// Puts one segment over those packs of `chosen` that `keeps` in their place.
    private func replacing(
        _ chosen: [LoadedSegment], of old: StoreView, keeps: (PackID) -> Bool
    ) -> StoreView {
        let merge = IndexMerge(chosen.map(\.segment), keeps: keeps)
        guard let name = try? merge.write(into: layout.index, on: disk),
            let bytes = try? disk.map(layout.segment(name)),
            let segment = try? IndexSegment(checking: bytes)
        else { return old }
        var view = old
        let names = Set(chosen.map(\.name))
        view.segments.removeAll { names.contains($0.name) }
        if !view.segments.contains(where: { $0.name == name }) {
            view.segments.append(LoadedSegment(name: name, segment: segment, live: []))
        }
        view.markLive()
        for old in names.sorted() where old != name && !old.isEmpty {
            try? disk.removeFile(layout.segment(old))
        }
        return view
    }
}

package import Bytes
import Platform
package import Vocabulary

/// How to collect.
package struct CollectionOptions: Sendable {
    /// Only tell what would be done.
    package var isDryRun = false
    /// The note of the commit, as of every other.
    package var note: JSONValue = .null

    /// Collects.
    package init() {}
}

/// What a collection did, or would do.
package struct CollectionReport: Hashable, Sendable {
    /// Objects in the store before.
    package var objects = 0
    /// Objects that are needed.
    package var liveObjects = 0
    /// Bytes of all packs before.
    package var storedBytes = 0
    /// What is needed, by the groups of the roots: in the order of the roots, each object counted
    /// for the first that needs it.
    package var kept: [KeptGroup] = []
    /// Packs that count no more.
    package var condemnedPacks = 0
    /// Bytes of these.
    package var condemnedBytes = 0
    /// Of these the packs whose live objects were copied.
    package var rewrittenPacks = 0
    /// Bytes of the packs that were written (in a dry run: about).
    package var writtenBytes = 0
    /// Files of packs that were removed now, some of them condemned by earlier collections.
    package var removedPacks = 0
    /// Bytes of these.
    package var removedBytes = 0
    /// Packs that count no more and whose files had to stay.
    package var waitingPacks = 0
    /// Bytes of these.
    package var waitingBytes = 0
    /// Sessions for which they stay: they began before the packs were condemned.
    package var waitingFor = 0
    /// Packs that were to go and stay, since something was committed meanwhile that needs them.
    package var rescuedPacks = 0
    /// What was let go although it is named: what was asked for, and listings that hold it.
    package var released: [ContentID] = []
    /// What was to be let go and stays, since something that is protected holds it.
    package var held: [ContentID] = []

    /// Nothing was done.
    package init() {}
}

/// What the roots of one group need.
package struct KeptGroup: Hashable, Sendable {
    /// The group.
    package let group: String
    /// How many roots there are of it.
    package var roots = 0
    /// Objects that they need and those before do not.
    package var objects = 0
    /// Bytes of these, decoded.
    package var plainBytes = 0
}

extension ObjectStore {
    /// Removes what no root needs, beside any number of readers and writers.
    ///
    /// All `roots` are asked for twice: at the beginning, and again when all is ready, so that what
    /// came to be named meanwhile stays. Refs that are not among them and the notes of all commits
    /// stay as records. What commits that are made meanwhile need stays too.
    ///
    /// Packs with much garbage are written anew, verified, and condemned by one record of the
    /// journal. A condemned pack's file is removed when all sessions have ended that began before
    /// that record: now, or by the next collection. No clock decides anything.
    ///
    /// With a `release` contents go too that roots name, after it was proved that they are elsewhere.
    /// A later collection with the same roots frees no more: what names them finds nothing here.
    ///
    /// Throws `.locked` when another collection is at work, `.corrupt` when damage keeps it from
    /// telling what is needed; nothing is freed then.
    package func collect(
        _ options: CollectionOptions = CollectionOptions(), roots: CollectionRoots,
        release: Release? = nil,
        progress: (_ what: String, _ objects: Int) -> Void = { _, _ in }
    ) throws -> CollectionReport {
        guard let lock = try disk.lock(layout.collectionLock, .exclusive, wait: .never) else {
            throw StoreError(
                .locked, "cannot collect: another collection of this store is at work",
                advice: "wait until it has ended", safety: "nothing was changed")
        }
        defer { lock.unlock() }
        try refresh()
        var live = try LiveObjects(of: self)
        var report = CollectionReport()
        let all = try roots.all()
        if let release {
            try live.mark(
                release.protected.map {
                    LiveRoot(.content($0), group: "protected", reason: "what is to stay")
                }
            ) { progress("marking", $0) }
            report.held = release.contents.filter(live.isMarked)
            live.barrier = ReleaseBarrier(release.contents.filter { !live.isMarked($0) })
        }
        try live.mark(all) { progress("marking", $0) }
        try live.mark(ledgerRoots(of: live.view))
        report.released = live.stopped()
        let plan = try CollectionPlan(live, in: self)
        report.count(plan, live)
        if let release, !report.released.isEmpty { try release.prove(report.released) }
        let litter = try unnamedPacks(in: live.view)
        if options.isDryRun {
            report.condemnedPacks += litter.count
            report.condemnedBytes += litter.reduce(0) { $0 + $1.sizeBytes }
            report.writtenBytes = plan.shares.filter { plan.rewritten.contains($0.id) }
                .reduce(0) { $0 + $1.liveBytes }
            return report
        }
        if !plan.condemned.isEmpty || !litter.isEmpty {
            try condemn(plan, live, litter, options, roots, &report) { progress("copying", $0) }
        }
        try removeCondemned(&report)
        return report
    }

    /// What the journal itself names: every ref and note stays as a record.
    func ledgerRoots(of view: StoreView) -> [LiveRoot] {
        view.journal.refs.sorted { $0.key < $1.key }.map { name, id in
            LiveRoot(.record(id), .records, group: "history", reason: "ref '\(name)'")
        }
            + view.journal.entries.compactMap { entry in
                entry.operation.map {
                    LiveRoot(
                        .record($0), .records, group: "history",
                        reason: "the note of operation \(entry.sequence)")
                }
            }
    }

    /// Files in `packs/` that no record names: left by commits that came to nothing, or of one that
    /// is under way.
    private func unnamedPacks(in view: StoreView) throws -> [CommittedPack] {
        var sizes: [PackID: Int] = [:]
        for (name, status) in try disk.entriesWithStatus(of: layout.packs) {
            let pack = StoreLayout.packID(named: name)
            guard let id = pack ?? StoreLayout.plainFileID(named: name),
                view.journal.packs[id] == nil, view.journal.condemned[id] == nil
            else { continue }
            sizes[id, default: 0] += pack == nil ? 0 : status.size
        }
        return sizes.sorted { $0.key < $1.key }.map {
            CommittedPack(id: $0.key, sizeBytes: $0.value)
        }
    }

    /// Copies what is to be kept of the packs that go, and commits that they count no more.
    private func condemn(
        _ plan: CollectionPlan, _ live: LiveObjects, _ litter: [CommittedPack],
        _ options: CollectionOptions, _ roots: CollectionRoots,
        _ report: inout CollectionReport, _ progress: (Int) -> Void
    ) throws {
        let session = try beginSession()
        defer { session.abandon() }  // does nothing after a commit
        var repacking = Repacking(live, in: session)
        try repacking.run(plan.rewritten, progress: progress)
        let since = live.view.journal.entries.count
        let fresh = try roots.all()
        let commit = try session.commitCollection(note: options.note) { newest, packs in
            var closure = PackClosure(
                self, newest, candidates: plan.condemned,
                isElsewhere: { session.put.contains($0) })
            closure.released = live.barrier.all
            for root in fresh { closure.require(root.subject, root.depth) }
            closure.released = []
            for id in newest.journal.refs.values { closure.require(record: id, .records) }
            for entry in newest.journal.entries[since...] {
                for id in entry.refs.compactMap(\.new) + [entry.operation].compactMap({ $0 }) {
                    closure.require(record: id, .content)
                }
                for root in try roots.ofCommit(entry) {
                    closure.require(root.subject, root.depth)
                }
                for pack in entry.packs + entry.rescued
                where newest.journal.packs[pack.id] != nil {
                    closure.requireAll(in: pack.id)
                }
            }
            let kept = closure.finish()
            report.rescuedPacks = kept.count
            let named = newest.journal
            let unnamed = litter.filter {
                named.packs[$0.id] == nil && named.condemned[$0.id] == nil
            }
            return plan.condemned.subtracting(kept).sorted().compactMap { id in
                named.packs[id].map { CommittedPack(id: id, sizeBytes: $0) }
            } + unnamed
        }
        let condemned = commit.entry?.condemned ?? []
        report.condemnedPacks = condemned.count
        report.condemnedBytes = condemned.reduce(0) { $0 + $1.sizeBytes }
        report.writtenBytes = commit.storedBytes
    }
}

extension StoreSession {
    /// Commits the packs of this session together with the condemnation of others, which
    /// `condemned` chooses under the store's lock from the newest state, its index loaded.
    func commitCollection(
        note: JSONValue,
        _ condemned: (_ newest: StoreView, _ packs: [CommittedPack]) throws -> [CommittedPack]
    ) throws -> CommitReport {
        let operation = note.isNull ? nil : try putRecord(note)
        try sealAll()
        let loader = StoreLoader(layout: store.layout, disk: store.disk, workers: store.workers)
        return try append(refs: []) { newest, packs in
            try loader.loadIndex(&newest)
            return JournalEntry(
                sequence: newest.journal.entries.count + 1, time: store.clock.now(),
                operation: operation, packs: packs, refs: [],
                condemned: try condemned(newest, packs))
        }
    }
}

// MARK: - Removing

extension ObjectStore {
    /// Removes the files of packs that were condemned before every living session began.
    ///
    /// What a repair condemned is damaged, and moved to `quarantine/` instead.
    ///
    /// The sessions are looked at before the journal: one that ended in between has its rescues
    /// in the journal by then, and one that begins later sees the condemnation. The journal is read
    /// under the store's lock, so that all that it says is on the disk.
    func removeCondemned(_ report: inout CollectionReport) throws {
        let began = try SessionDirectory.withLiving(layout, disk) { $0.map(\.began) }
        let oldest = began.min() ?? Int.max
        let loader = StoreLoader(layout: layout, disk: disk, workers: workers)
        let view = try JournalAppender(layout, disk, workers).withLock { () -> StoreView in
            // A writer that was killed may have left a record that was never synced.
            let journal = try disk.openFile(layout.journal, .readWrite)
            defer { try? journal.close() }  // synced, or abandoned
            try journal.sync()
            var newest = self.view
            try loader.readJournal(&newest)
            return newest
        }
        let condemned = view.journal.condemned
        let damaged = try reservedPacks()
        var isWaiting = false
        for (name, status) in try disk.entriesWithStatus(of: layout.packs)
            .sorted(by: { $0.name.precedes($1.name) })
        {
            let isPlain = StoreLayout.plainFileID(named: name) != nil
            guard let id = StoreLayout.packID(named: name) ?? StoreLayout.plainFileID(named: name),
                let pack = condemned[id]
            else { continue }
            if damaged.contains(id) {
                let aside = layout.quarantined(id)
                try disk.rename(
                    layout.packs.appending(name),
                    to: isPlain ? StoreLayout.plainFile(of: aside) : aside)
            } else if pack.sequence <= oldest {
                try disk.removeFile(layout.packs.appending(name))
                report.removedPacks += isPlain ? 0 : 1
                report.removedBytes += status.size
            } else {
                isWaiting = true
                report.waitingPacks += isPlain ? 0 : 1
                report.waitingBytes += status.size
            }
        }
        if isWaiting {
            let last = condemned.values.map(\.sequence).max() ?? 0
            report.waitingFor = began.count { $0 < last }
        }
        try forgetRemoved()
    }

    /// Takes the packs whose files are gone out of the index.
    private func forgetRemoved() throws {
        try refresh()
        let loader = StoreLoader(layout: layout, disk: disk, workers: workers)
        let present = Set(
            try disk.entries(of: layout.packs).compactMap { StoreLayout.packID(named: $0.name) })
        let view = view
        let gone = view.segments.flatMap(\.segment.packs)
            .filter { !present.contains($0) && view.journal.packs[$0] == nil }
        if !gone.isEmpty { install(loader.forgetting(Set(gone), in: view)) }
    }
}

extension CollectionReport {
    mutating func count(_ plan: CollectionPlan, _ live: LiveObjects) {
        objects = plan.shares.reduce(0) { $0 + $1.objects }
        liveObjects = live.liveCount
        storedBytes = plan.shares.reduce(0) { $0 + $1.sizeBytes }
        kept = live.kept
        rewrittenPacks = plan.rewritten.count
        let going = plan.shares.filter { plan.condemned.contains($0.id) }
        condemnedPacks = going.count
        condemnedBytes = going.reduce(0) { $0 + $1.sizeBytes }
    }
}

import Bytes
import Platform
import Vocabulary

extension ObjectStore {
    /// Checks the store, and everything reachable from its refs, its notes and `roots`. Changes
    /// nothing, never stops at a problem; throws only when interrupted by the system itself.
    /// `progress` is told of packs done and in all.
    package func verify(
        _ level: VerifyLevel, roots: [StoreRoot] = [],
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> VerifyReport {
        var verifier = StoreVerifier(self, level)
        verifier.checkFormat()
        verifier.checkJournal()
        verifier.checkPackFiles()
        verifier.checkPacks(progress: progress)
        verifier.checkIndex()
        if level >= .connectivity { try verifier.checkConnectivity(roots) }
        if level >= .full { verifier.checkBlobs() }
        return verifier.report
    }
}

/// One run of `verify`.
struct StoreVerifier {
    let store: ObjectStore
    var report: VerifyReport
    var view: StoreView
    /// How many objects the directories of the committed packs list that could be read.
    var listed: [PackID: Int] = [:]
    /// Packs with objects that are not in the index.
    private var unindexed: [VerifyProblem] = []
    /// The blobs of several chunks; empty below the full level.
    var recipes: Set<Digest> = []

    init(_ store: ObjectStore, _ level: VerifyLevel) {
        self.store = store
        report = VerifyReport(level: level)
        view = store.view
    }

    var layout: StoreLayout { store.layout }
    var disk: any Disk { store.disk }

    mutating func note(_ problem: VerifyProblem) {
        if !report.problems.contains(problem) { report.problems.append(problem) }
    }

    // MARK: - Format, journal, names

    mutating func checkFormat() {
        do {
            let bytes = try disk.readFile(layout.format, maximumBytes: 64 << 10)
            try StoreFormatFile.check(bytes)
            if bytes != StoreFormatFile.current {
                note(VerifyProblem(.damaged, "format", at: 0, "it is not written canonically"))
            }
        } catch { note(VerifyProblem(error, in: "format")) }
    }

    /// Reads the journal anew from its start.
    mutating func checkJournal() {
        let loader = StoreLoader(layout: layout, disk: disk, workers: store.workers)
        var fresh = StoreView()
        do {
            let head = JournalHead.load(from: layout, on: disk, mended: &fresh.mended)
            try loader.readJournal(&fresh)
            try head?.check(fresh.journal)
            try loader.loadIndex(&fresh)
            fresh.mended += view.mended
            view = fresh
        } catch {
            note(VerifyProblem(error, in: JournalState.fileName))
        }
        report.commits = view.journal.entries.count
        if view.journal.tornBytes > 0 {
            note(
                VerifyProblem(
                    .garbage, JournalState.fileName, at: view.journal.goodBytes,
                    "the last record is cut off after \(view.journal.tornBytes) bytes: a commit"
                        + " that was interrupted, or a damaged one"))
        }
        for text in view.mended { note(VerifyProblem(.mended, "", text)) }
    }

    mutating func checkPackFiles() {
        report.packs = view.journal.packs.count
        var present: [PackID: Int] = [:]
        do {
            let reserved = try store.reservedPacks()
            for (name, status) in try disk.entriesWithStatus(of: layout.packs)
                .sorted(by: { $0.name.precedes($1.name) })
            {
                let file = "packs/\(printable(name))"
                if let id = StoreLayout.plainFileID(named: name) {
                    if view.journal.packs[id] == nil {
                        note(
                            VerifyProblem(
                                .garbage, file, "the pack that it belongs to does not count"))
                    }
                    continue
                }
                guard let id = StoreLayout.packID(named: name) else {
                    note(VerifyProblem(.garbage, file, "this is no pack"))
                    continue
                }
                present[id] = status.size
                if view.journal.condemned[id] != nil {
                    let what = reserved.contains(id) ? "moves it to 'quarantine/'" : "removes it"
                    note(VerifyProblem(.garbage, file, "it counts no more; 'mlstore gc' \(what)"))
                } else if view.journal.packs[id] == nil {
                    note(VerifyProblem(.garbage, file, "no commit names this pack"))
                }
            }
        } catch { note(VerifyProblem(error, in: "packs")) }
        for (id, size) in view.journal.packs.sorted(by: { $0.key < $1.key }) {
            let file = "packs/\(id.digest.hex).pack"
            if let found = present[id] {
                guard found != size else { continue }
                note(VerifyProblem(.damaged, file, "it has \(found) bytes instead of \(size)"))
            } else {
                note(VerifyProblem(.damaged, file, "the file is missing"))
            }
        }
    }

    // MARK: - Packs

    /// What checking one pack came to.
    struct PackOutcome: Sendable {
        var problems: [VerifyProblem] = []
        var entries: [PackEntry]?
        var frames = 0
    }

    mutating func checkPacks(progress: (Int, Int) -> Void) {
        let ids = view.journal.packs.keys.sorted()
        let store = store
        let level = report.level
        let batch = max(1, store.threads * 2)
        for start in stride(from: 0, to: ids.count, by: batch) {
            let some = Array(ids[start..<min(start + batch, ids.count)])
            let outcomes = try? parallelMap(count: some.count, threads: store.threads) { index in
                PackVerifier(store, some[index]).run(level)
            }
            for (id, outcome) in zip(some, outcomes ?? []) {
                for problem in outcome.problems { note(problem) }
                report.frames += outcome.frames
                if let entries = outcome.entries { take(entries, of: id) }
            }
            progress(min(start + batch, ids.count), ids.count)
        }
    }

    private mutating func take(_ entries: [PackEntry], of id: PackID) {
        listed[id] = entries.count
        report.objects += entries.count
        if report.level >= .full {
            for entry in entries where entry.key.kind == .recipe {
                recipes.insert(entry.key.digest)
            }
        }
        let lost = entries.filter { entry in
            let place = ObjectPlace(
                pack: id, frameOffset: entry.frameOffset, ordinal: entry.ordinal,
                length: entry.length, hasBases: entry.hasBases)
            return !view.places(of: entry.key).contains(place)
        }
        guard !lost.isEmpty else { return }
        unindexed.append(
            VerifyProblem(
                .damaged, "index", "\(lost.count) objects of pack \(id.short) are not indexed",
                affected: lost.map(\.key)))
    }

    // MARK: - Index

    /// Compares segments with directories: everything in a pack is found, and nothing else.
    mutating func checkIndex() {
        for loaded in view.segments {
            let file = "index/\(loaded.name)"
            if !loaded.name.isEmpty { checkSegmentFile(loaded.name) }
            let covered = loaded.segment.packs.filter { view.journal.packs[$0] != nil }
            guard covered.count == loaded.segment.packs.count else {
                if zip(loaded.live, loaded.condemned).contains(where: { !$0 && !$1 }) {
                    note(VerifyProblem(.garbage, file, "it covers packs that no commit names"))
                }
                continue
            }
            let known = covered.compactMap { listed[$0] }
            guard known.count == covered.count else { continue }
            if known.reduce(0, +) != loaded.segment.objectCount {
                note(VerifyProblem(.damaged, file, "it has other objects than its packs"))
            }
        }
        for problem in unindexed { note(problem) }
    }

    private mutating func checkSegmentFile(_ name: String) {
        do {
            let bytes = try disk.readFile(layout.segment(name), maximumBytes: 1 << 36)
            guard sha256(bytes).hex + ".idx" != name else { return }
            note(VerifyProblem(.damaged, "index/\(name)", "its bytes are not what its name says"))
        } catch { note(VerifyProblem(error, in: "index/\(name)")) }
    }
}

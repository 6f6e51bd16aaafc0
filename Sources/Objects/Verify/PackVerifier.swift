import Platform
import Vocabulary

/// Checks one pack by itself.
struct PackVerifier {
    private let store: ObjectStore
    private let id: PackID

    init(_ store: ObjectStore, _ id: PackID) {
        self.store = store
        self.id = id
    }

    private var name: String { "packs/\(id.digest.hex).pack" }

    func run(_ level: VerifyLevel) -> StoreVerifier.PackOutcome {
        var outcome = StoreVerifier.PackOutcome()
        do {
            let pack = try PackFile(id, at: store.layout.pack(id), on: store.disk)
            do {
                outcome.entries = try pack.directory()
                _ = try pack.plainFile()
            } catch { outcome.problems.append(VerifyProblem(error, in: name)) }
            if level >= .full {
                try checkAll(pack, &outcome)
            } else if level == .checksums {
                checkSums(pack, &outcome)
            }
        } catch { outcome.problems.append(VerifyProblem(error, in: name)) }
        return outcome
    }

    /// Every frame that the directory lists against its checksum.
    private func checkSums(_ pack: PackFile, _ outcome: inout StoreVerifier.PackOutcome) {
        let entries = outcome.entries ?? []
        let offsets = Set(entries.map(\.frameOffset)).sorted()
        var expected = PackFormat.headerBytes
        for (index, offset) in offsets.enumerated() {
            outcome.frames += 1
            do {
                guard offset == expected else {
                    throw StoreError.damaged(name, at: expected, "no listed frame begins here")
                }
                let next = index + 1 < offsets.count ? offsets[index + 1] : pack.sizeBytes
                let (bytes, end) = try pack.frame(at: offset, guess: next - offset)
                expected = end
                do {
                    _ = try FramePrefix(checking: bytes.span)
                } catch { throw error.error(in: name, at: offset) }
            } catch {
                expected = index + 1 < offsets.count ? offsets[index + 1] : expected
                let affected = entries.filter { $0.frameOffset == offset }.map(\.key)
                outcome.problems.append(
                    VerifyProblem(error, in: name, at: offset, affected: affected))
            }
        }
    }

    /// The file against its name, and every frame against the directory.
    private func checkAll(_ pack: PackFile, _ outcome: inout StoreVerifier.PackOutcome) throws {
        if try pack.fileDigest() != id.digest {
            outcome.problems.append(
                VerifyProblem(.damaged, name, "its bytes are not what its name says"))
        }
        guard let entries = outcome.entries else { return try checkUnlisted(pack, &outcome) }
        let byFrame = Dictionary(grouping: entries, by: \.frameOffset)
        var expected = PackFormat.headerBytes
        for offset in byFrame.keys.sorted() {
            let listed = (byFrame[offset] ?? []).sorted { $0.ordinal < $1.ordinal }
            if offset != expected {
                outcome.problems.append(
                    VerifyProblem(
                        .damaged, name, at: expected, "bytes that belong to no listed frame"))
            }
            expected = check(pack, offset, listed, &outcome) ?? offset
        }
        if let end = try? pack.trailer().directoryOffset, expected != end {
            outcome.problems.append(
                VerifyProblem(.damaged, name, at: expected, "bytes that belong to no listed frame"))
        }
    }

    /// Checks one frame; returns where it ends.
    private func check(
        _ pack: PackFile, _ offset: Int, _ listed: [PackEntry],
        _ outcome: inout StoreVerifier.PackOutcome
    ) -> Int? {
        outcome.frames += 1
        var end: Int?
        do {
            let (bytes, next) = try pack.frame(at: offset, guess: 64 << 10)
            end = next
            let frame = try store.workers.withWorker {
                try DecodedFrame(bytes, with: $0, base: store.readBase)
            }
            guard let keys = frame.keys(), keys == listed.map(\.key),
                listed.map(\.ordinal) == Array(0..<frame.count), keys[0].digest == frame.firstDigest
            else {
                throw StoreError.damaged(
                    name, at: offset, "its objects are not those that the directory lists")
            }
        } catch let fault as FrameFault {
            let error = fault.error(in: name, at: offset)
            outcome.problems.append(
                VerifyProblem(error, in: name, at: offset, affected: listed.map(\.key)))
        } catch {
            outcome.problems.append(
                VerifyProblem(error, in: name, at: offset, affected: listed.map(\.key)))
        }
        return end
    }

    /// Without a directory: what the frames themselves say.
    private func checkUnlisted(
        _ pack: PackFile, _ outcome: inout StoreVerifier.PackOutcome
    ) throws {
        let end = try pack.scanFrames { offset, bytes in
            outcome.frames += 1
            do {
                _ = try store.workers.withWorker {
                    try DecodedFrame(bytes, with: $0, base: store.readBase)
                }
            } catch let fault as FrameFault {
                outcome.problems.append(
                    VerifyProblem(fault.error(in: name, at: offset), in: name, at: offset))
            }
        }
        if end < pack.sizeBytes {
            outcome.problems.append(
                VerifyProblem(.damaged, name, at: end, "no frame can be read from here on"))
        }
    }
}

// MARK: - Connectivity and blobs

extension StoreVerifier {
    /// Follows everything from refs, notes and roots.
    mutating func checkConnectivity(_ roots: [StoreRoot]) throws {
        var starts = roots
        for (_, id) in view.journal.refs.sorted(by: { $0.key < $1.key }) {
            starts.append(.record(id))
        }
        for entry in view.journal.entries {
            if let note = entry.operation { starts.append(.record(note)) }
        }
        // A fetch takes records without the contents that they name, and gc may take contents of
        // old ones. Only where a pack is gone can such a content have been lost.
        let hasAllPacks = listed.count == view.journal.packs.count
        var problems: [VerifyProblem] = []
        try withoutActuallyEscaping({ (problem: VerifyProblem) in problems.append(problem) }) {
            add in
            var walk = ReachableWalk(
                store,
                missing: { key, by in
                    if hasAllPacks, let by, by.kind == .record {
                        let what = "the content of \(by) is not in this store"
                        return add(VerifyProblem(.absent, "", what, affected: [key]))
                    }
                    let why = by.map { "\($0) names it" } ?? "a ref or a pointer names it"
                    add(
                        VerifyProblem(
                            .missing, "", "\(key) is not here, but \(why)", affected: [key]))
                },
                failed: { key, error in add(VerifyProblem(error, in: "", affected: [key])) },
                body: { _ in })
            try walk.run(from: starts)
        }
        for problem in problems { note(problem) }
    }

    /// Hashes every blob that is made of several chunks.
    mutating func checkBlobs() {
        for digest in recipes.sorted() {
            report.blobs += 1
            do {
                unsafe try store.streamBlob(BlobID(digest)) { _ in }
            } catch {
                note(VerifyProblem(error, in: "", affected: [ObjectKey(.recipe, digest)]))
            }
        }
    }
}

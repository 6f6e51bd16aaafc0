package import Bytes
import Platform
package import Vocabulary

/// What was moved aside.
package struct QuarantineReport: Sendable {
    /// The packs that were damaged.
    package var packs: [PackID] = []
    /// Objects in them that were intact and stand in new packs now.
    package var rescued = 0
    /// Objects of them that the store does not have any more, in order: as far as their directories
    /// tell.
    package var lost: [ObjectKey] = []

    /// Nothing.
    package init() {}
}

extension ObjectStore {
    /// Moves packs in which `report` found damage to `quarantine/`, after all in them that is intact was
    /// copied to new packs, in one commit. Deletes nothing, wherever it is interrupted: what was not
    /// moved then is moved by the next repair or collection.
    ///
    /// Throws `.locked` while any other command writes to the store, since it may rely on what is
    /// in them.
    package func quarantine(
        _ report: VerifyReport, note: JSONValue = .null
    ) throws -> QuarantineReport {
        try refresh()
        try finishMoves()
        let damaged = report.damagedPacks.filter { view.journal.packs[$0] != nil }
        var result = QuarantineReport()
        guard !damaged.isEmpty else { return result }
        let session = try beginSession()
        defer { session.abandon() }  // does nothing after a commit
        var named: Set<ObjectKey> = []
        for id in damaged {
            let (frames, keys) = intactFrames(of: id)
            named.formUnion(keys)
            for frame in frames {
                named.formUnion(frame.objects.map(\.key))
                guard frame.objects.contains(where: { !session.put.contains($0.key) }) else {
                    continue
                }
                try session.copy(frame)
                result.rescued += frame.objects.count
            }
        }
        try session.sealAll()
        try session.checkSealed()
        try SessionDirectory.withLiving(layout, disk) { living in
            guard living.allSatisfy({ $0.path == session.directory.path }) else {
                throw StoreError(
                    .locked, "cannot repair: another command is writing to the store",
                    advice: "wait until it has ended", safety: "nothing was changed")
            }
            try reservePlaces(for: damaged)
            _ = try session.commitCollection(note: note) { newest, _ in
                damaged.compactMap { id in
                    newest.journal.packs[id].map { CommittedPack(id: id, sizeBytes: $0) }
                }
            }
            try moveAside(damaged)
        }
        result.packs = damaged
        result.lost = named.filter { !contains($0.kind, $0.digest) }.sorted()
        return result
    }

    /// What can be decoded of a damaged pack, and what its directory says is in it.
    private func intactFrames(of id: PackID) -> (frames: [EncodedFrame], keys: [ObjectKey]) {
        guard let file = try? PackFile(id, at: layout.pack(id), on: disk) else { return ([], []) }
        var frames: [EncodedFrame] = []
        func take(_ offset: Int) {
            guard let bytes = try? file.frameBytes(at: offset, guess: 64 << 10),
                let frame = try? EncodedFrame(verifying: bytes, from: file.name, base: readBase)
            else { return }
            frames.append(frame)
        }
        guard let directory = try? file.directory() else {
            _ = try? file.scanFrames { offset, _ in take(offset) }
            return (frames, [])
        }
        for offset in Set(directory.map(\.frameOffset)).sorted() { take(offset) }
        return (frames, directory.map(\.key))
    }

    /// Puts an empty file where each pack is to stand. Behind the commit these packs count no more, and
    /// a collection removes such files: but for those that have a place here, which it moves.
    private func reservePlaces(for packs: [PackID]) throws {
        try disk.makeDirectories(layout.quarantine)
        for id in packs {
            try disk.openFile(layout.quarantined(id), .createOrOpen(permissions: 0o444)).close()
        }
        try disk.syncDirectory(layout.quarantine)
        try disk.syncDirectory(layout.root)
    }

    private func moveAside(_ packs: [PackID]) throws {
        for id in packs {
            let aside = layout.quarantined(id)
            for (path, place) in [
                (layout.pack(id), aside), (layout.plainFile(id), StoreLayout.plainFile(of: aside)),
            ] where try disk.status(of: path, followingLinks: false) != nil {
                try disk.rename(path, to: place)
            }
        }
        try disk.syncDirectory(layout.quarantine)
    }

    /// Moves what a repair condemned and could not move any more.
    private func finishMoves() throws {
        let condemned = view.journal.condemned
        let reserved = try reservedPacks().filter { condemned[$0] != nil }
        if !reserved.isEmpty { try moveAside(reserved.sorted()) }
    }

    /// The packs that have a place in `quarantine/`.
    func reservedPacks() throws -> Set<PackID> {
        do {
            return Set(
                try disk.entries(of: layout.quarantine).compactMap {
                    StoreLayout.packID(named: $0.name)
                })
        } catch let error as StoreError where error.kind == .notFound { return [] }
    }
}

extension VerifyReport {
    /// The packs with damage, in order.
    package var damagedPacks: [PackID] {
        Set(
            problems.compactMap { problem -> PackID? in
                guard problem.severity == .damaged, problem.file.hasPrefix("packs/") else {
                    return nil
                }
                return StoreLayout.packID(named: Array(problem.file.dropFirst(6).utf8))
            }
        ).sorted()
    }
}

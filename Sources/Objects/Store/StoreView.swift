import Platform
import Vocabulary

/// Where an object stands.
struct ObjectPlace: Hashable, Sendable {
    let pack: PackID
    let frameOffset: Int
    let ordinal: Int
    let length: Int
    /// Whether its frame builds on other objects.
    let hasBases: Bool
}

/// A loaded index segment, and which of its packs the journal knows.
struct LoadedSegment: Sendable {
    /// The name of its file; empty for one that exists only in memory.
    let name: String
    let segment: IndexSegment
    var live: [Bool]
    /// Which of its packs count no more, but may be there still.
    var condemned: [Bool] = []
}

/// One state of the store: what readers see until the next refresh. Immutable.
struct StoreView: Sendable {
    var journal = JournalState()
    /// Which file the journal was read from: another one is read from its start.
    var journalInode: UInt64 = 0
    var segments: [LoadedSegment] = []
    /// What was wrong with derived files and could be mended; for `verify`.
    var mended: [String] = []
    /// Committed packs that could not be indexed, with the reason.
    var unreadable: [PackID: StoreError] = [:]

    /// The first place of the object in a committed pack, or nil.
    func place(of key: ObjectKey) -> ObjectPlace? {
        guard let (segment, hit) = entry(of: key) else { return nil }
        return ObjectPlace(
            pack: segments[segment].segment.packs[hit.pack], frameOffset: hit.frameOffset,
            ordinal: hit.ordinal, length: hit.length, hasBases: hit.hasBases)
    }

    /// The index entry of the first place of the object in a committed pack, or nil.
    func entry(of key: ObjectKey) -> (segment: Int, hit: IndexSegment.Hit)? {
        var found: (segment: Int, hit: IndexSegment.Hit)?
        for number in segments.indices.reversed() where found == nil {
            let loaded = segments[number]
            loaded.segment.find(key) { hit in
                guard loaded.live[hit.pack] else { return false }
                found = (number, hit)
                return true
            }
        }
        return found
    }

    /// All places of the object, for when one turns out to be damaged.
    func places(of key: ObjectKey) -> [ObjectPlace] {
        places(of: key) { $0.live[$1] }
    }

    /// The places of the object in packs that count no more; their files may be gone. Good for
    /// reading, never for relying on.
    func condemnedPlaces(of key: ObjectKey) -> [ObjectPlace] {
        places(of: key) { $0.condemned[$1] }
    }

    private func places(
        of key: ObjectKey, where isWanted: (LoadedSegment, Int) -> Bool
    ) -> [ObjectPlace] {
        var found: [ObjectPlace] = []
        for loaded in segments.reversed() {
            loaded.segment.find(key) { hit in
                guard isWanted(loaded, hit.pack) else { return false }
                let place = ObjectPlace(
                    pack: loaded.segment.packs[hit.pack], frameOffset: hit.frameOffset,
                    ordinal: hit.ordinal, length: hit.length, hasBases: hit.hasBases)
                if !found.contains(place) { found.append(place) }
                return false
            }
        }
        return found
    }

    /// Marks which packs of which segments are committed.
    mutating func markLive() {
        for index in segments.indices {
            let packs = segments[index].segment.packs
            segments[index].live = packs.map { journal.packs[$0] != nil }
            segments[index].condemned = packs.map { journal.condemned[$0] != nil }
        }
    }

    /// Committed packs that no segment covers, in order.
    func uncovered() -> [PackID] {
        var covered = Set<PackID>()
        for loaded in segments { covered.formUnion(loaded.segment.packs) }
        return journal.packs.keys.filter { !covered.contains($0) && unreadable[$0] == nil }.sorted()
    }
}

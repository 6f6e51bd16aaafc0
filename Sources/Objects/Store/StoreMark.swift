package import Vocabulary

/// A moment in the history of a store: lets somebody who has seen an object there tell later,
/// without looking for it again, that it still is.
package struct StoreMark: Hashable, Sendable {
    /// The number of commits then.
    package let sequence: Int
    /// The digest of the last one's record, which stands for all of them; zero before the first.
    package let digest: Digest

    /// Makes the mark.
    package init(sequence: Int, digest: Digest) {
        self.sequence = sequence
        self.digest = digest
    }
}

extension ObjectStore {
    /// Now.
    package var mark: StoreMark {
        let journal = view.journal
        return StoreMark(sequence: journal.entries.count, digest: journal.lastDigest)
    }

    /// Whether every object that was in the store at `mark` still is: the history is the same, and
    /// each pack of then is still committed and indexed. Cost: a look at each pack.
    package func stillHolds(_ mark: StoreMark) -> Bool {
        let view = view
        let journal = view.journal
        guard view.unreadable.isEmpty, mark.sequence >= 0,
            mark.sequence <= journal.entries.count
        else { return false }
        guard mark.sequence > 0 else { return mark.digest == .zero }
        guard journal.digests[mark.sequence - 1] == mark.digest else { return false }
        var packs = Set<PackID>()
        for entry in journal.entries.prefix(mark.sequence) {
            for pack in entry.packs + entry.rescued { packs.insert(pack.id) }
            for pack in entry.condemned { packs.remove(pack.id) }
        }
        return packs.allSatisfy { journal.packs[$0] != nil }
    }
}

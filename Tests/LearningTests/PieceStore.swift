import Bytes
import Learning
import Synchronization
import Vocabulary

/// The pieces of tables, cut between lines by what is in these, and what was kept of any of them.
final class PieceStore: Sendable {
    private let kept = Mutex<[Digest: [UInt8]]>([:])
    private let reads = Mutex(0)

    /// Pieces read since the last time that this was asked.
    func takeReads() -> Int {
        reads.withLock { count in
            defer { count = 0 }
            return count
        }
    }

    var keptCount: Int { kept.withLock { $0.count } }

    func damage(_ change: ([UInt8]) -> [UInt8]) {
        kept.withLock { $0 = $0.mapValues(change) }
    }

    func pieces(of bytes: [UInt8], cutting every: Int = 32_768) -> ContentPieces {
        var parts: [[UInt8]] = [[]]
        for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
            parts[parts.count - 1] += line + [0x0a]
            if xxh3(Array(line)) % UInt64(every) < UInt64(line.count) { parts.append([]) }
        }
        parts[parts.count - 1].removeLast()
        let all = parts.filter { !$0.isEmpty }
        return ContentPieces(
            pieces: all.map { .init(id: sha256($0), sizeBytes: $0.count) },
            read: { place in
                self.reads.withLock { $0 += 1 }
                return all[place]
            },
            load: { key in self.kept.withLock { $0[key] } },
            save: { bytes, key in self.kept.withLock { $0[key] = bytes } })
    }
}

import Bytes

/// Rows by the hash of their value: what is known of how often texts occur where there are too many
/// different ones to count each. Counts only add, so that parts merge exactly.
struct TextBuckets: Hashable, Sendable {
    static let count = 256

    /// Empty stands for zeros.
    private(set) var counts: [Int] = []

    /// Counts a value by its hash.
    @inline(__always)
    mutating func add(_ hash: Hash128, times: Int) {
        if counts.isEmpty { counts = Array(repeating: 0, count: TextBuckets.count) }
        // The sample of different values takes the small ones of the other half.
        counts[Int(truncatingIfNeeded: hash.low) & (TextBuckets.count - 1)] &+= times
    }

    mutating func merge(_ other: TextBuckets) {
        guard !other.counts.isEmpty else { return }
        if counts.isEmpty {
            counts = other.counts
        } else {
            for index in counts.indices { counts[index] += other.counts[index] }
        }
    }

    init() {}

    /// What was written; nil where that are not as many.
    init?(counts: [Int]) {
        guard counts.count == TextBuckets.count else { return nil }
        if counts.contains(where: { $0 != 0 }) { self.counts = counts }
    }
}

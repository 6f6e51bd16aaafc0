import Bytes

/// How often each value occurs, exactly for up to `limit` different values; of more, a fair sample of
/// half as many of them.
///
/// The sample is the values whose hashes are the smallest: the same ones whichever part of the values
/// is seen first. From the largest hash kept follows how many there are (Bar-Yossef et al., "Counting
/// distinct elements in a data stream", 2002), to about 2.2 % with 2,048 of them.
struct DistinctValues: Sendable {
    /// How much of a value's text is kept, in bytes.
    static let textBytes = 64

    /// The most values that are counted exactly.
    let limit: Int
    /// All values, until there are too many.
    private(set) var exact: ValueTable?
    /// The sample, from then on.
    private var sample: HashSample
    private let isGuess: Bool

    /// Counts exactly up to `limit`, which is even and 2 at least.
    /// Where more are expected, all are sampled from the first one on.
    init(limit: Int, expectsMore: Bool = false) {
        self.limit = limit
        isGuess = expectsMore
        exact = expectsMore ? nil : ValueTable(expecting: limit)
        sample = HashSample(size: limit / 2)
    }

    /// Whether values that were sampled from the first one on were more than `limit`, as expected: then
    /// the sample is what it would be otherwise.
    var isGuessRight: Bool { !isGuess || sample.hasShrunk }

    /// What was written: all values, or a sample of so many.
    init(limit: Int, exact: ValueTable?, sample hashes: [UInt64]) {
        self.init(limit: limit)
        self.exact = exact
        for hash in hashes { sample.insert(hash, isRepeated: hash & 1 == 1) }
    }

    /// Counts a value where not all are counted any more.
    @inline(__always)
    mutating func observeSampled(_ hash: Hash128) { sample.insert(hash.high, isRepeated: false) }

    /// Takes the table of all values, to be put back; nil where there is only a sample.
    mutating func takeTable() -> ValueTable? { exact.take() }

    /// Puts back what was taken.
    mutating func putBack(_ table: consuming ValueTable) { exact = table }

    /// Counts what a table counted, of which nothing waits.
    mutating func merge(_ table: ValueTable) {
        guard var own = exact.take() else { return }
        own.merge(table)
        exact = consume own
    }

    /// Whether there are too many values to go on counting them all.
    var isOverfull: Bool { (exact?.count ?? 0) > limit }

    /// Goes on with a sample. Returns what was counted so far.
    mutating func spill() -> ValueTable? {
        guard let table = exact.take() else { return nil }
        for index in 0..<table.count {
            sample.insert(table.hash(index).high, isRepeated: table.countOf(index) > 1)
        }
        return table
    }

    /// Counts what another one counted, neither of which counts all.
    mutating func mergeSample(_ other: DistinctValues) { sample.merge(other.sample) }

    /// The hashes of the sample, ascending, each with the lowest bit set where the value occurs more than
    /// once; empty where all values are counted.
    func sampled() -> [UInt64] { sample.sorted() }

    /// Whether no value that is counted, or of the sample, occurs twice.
    var hasRepetition: Bool {
        if let exact { return (0..<exact.count).contains { exact.countOf($0) > 1 } }
        return sample.sorted().contains { $0 & 1 == 1 }
    }

    /// How many values there are: exact where all are counted.
    func estimate() -> (count: Int, isExact: Bool) {
        if let exact { return (exact.count, true) }
        let kept = sample.sorted()
        guard let last = kept.last, kept.count > 1 else { return (kept.count, false) }
        let share = (Double(last) + 1) / 0x1p64
        return (Int((Double(kept.count - 1) / share).rounded()), false)
    }
}

/// The smallest of many hashes, each with whether it was met again.
struct HashSample: Sendable {
    /// How many are kept.
    let size: Int
    /// Open addressing; 0 is a free place. The lowest bit is not part of the hash: it says that the
    /// value occurs more than once.
    private var slots: [UInt64] = []
    private var count = 0
    /// The largest hash that may still count.
    private var bound = UInt64.max
    /// Whether there were more than twice as many hashes as are kept.
    private(set) var hasShrunk = false

    init(size: Int) { self.size = size }

    /// Notes a hash.
    @inline(__always)
    mutating func insert(_ hash: UInt64, isRepeated: Bool) {
        let key = max(hash & ~1, 2)
        if key > bound { return }
        place(key, isRepeated: isRepeated)
    }

    private mutating func place(_ key: UInt64, isRepeated: Bool) {
        if slots.isEmpty { slots = Array(repeating: 0, count: capacity) }
        var slot = index(of: key)
        while slots[slot] != 0 {
            if slots[slot] & ~1 == key {
                slots[slot] |= 1
                return
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = key | (isRepeated ? 1 : 0)
        count += 1
        if count > 2 * size { shrink() }
    }

    /// Room for twice the sample, half full.
    private var capacity: Int {
        var capacity = 4
        while capacity < 4 * size { capacity *= 2 }
        return capacity
    }

    /// The lowest bits of the smallest hashes are as random as any.
    private func index(of key: UInt64) -> Int {
        Int(truncatingIfNeeded: key >> 1) & (slots.count - 1)
    }

    mutating func merge(_ other: HashSample) {
        for key in other.slots where key != 0 { insert(key, isRepeated: key & 1 == 1) }
    }

    /// Those that are kept, ascending.
    func sorted() -> [UInt64] { Array(slots.filter { $0 != 0 }.sorted().prefix(size)) }

    /// Lets go of all but those that are kept.
    private mutating func shrink() {
        var keys = slots.filter { $0 != 0 }
        let last = HashSample.select(size - 1, of: &keys)
        for slot in slots.indices { slots[slot] = 0 }
        count = 0
        bound = last & ~1
        hasShrunk = true
        for key in keys[..<size] { place(key, isRepeated: key & 1 == 1) }
    }

    /// Puts what would stand at that place if all were sorted there, and behind it nothing smaller.
    private static func select(_ place: Int, of keys: inout [UInt64]) -> UInt64 {
        var (low, high) = (0, keys.count - 1)
        while low < high {
            let pivot = keys[low + (high - low) / 2]
            var (left, right) = (low, high)
            while left <= right {
                while keys[left] < pivot { left += 1 }
                while keys[right] > pivot { right -= 1 }
                guard left <= right else { break }
                keys.swapAt(left, right)
                left += 1
                right -= 1
            }
            if place <= right {
                high = right
            } else if place >= left {
                low = left
            } else {
                break
            }
        }
        return keys[place]
    }
}

import Bytes

/// Different values and how often each occurs.
///
/// Counts are kept in two parts: those that other tallies already took account of, and those that wait,
/// so that a value that repeats is looked at once and then only counted.
struct ValueTable: Sendable {
    /// The number of different values.
    private(set) var count = 0
    private var hashes: [Hash128] = []
    private var counts: [Int] = []
    private var waiting: [Int] = []
    private var bytes: [UInt8] = []
    private var starts: [Int] = [0]
    /// Whether the value is longer than what is kept of it.
    private var isCut: [Bool] = []
    /// Open addressing; -1 is a free place. At most half full.
    private var slots: [Int32] = Array(repeating: -1, count: 16)
    private var last = -1
    /// Short values met lately, by their bytes: most values of most columns are found here.
    private var recent: [ShortText] = []

    /// A text of up to 16 bytes, which its length and two words tell.
    private struct ShortText {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var length = -1
        var index = 0
    }

    private static let shortBytes = 16
    /// How many bits tell the places of `recent` apart.
    private let recentBits: Int

    /// A table of nothing, for about so many values: where they are few, a few places find them too,
    /// and a table of very many columns has as many of these.
    init(expecting values: Int) {
        recentBits = values < 64 ? 2 : min(9, Int.bitWidth - values.leadingZeroBitCount)
    }

    func hash(_ index: Int) -> Hash128 { hashes[index] }
    func countOf(_ index: Int) -> Int { counts[index] }
    func isCut(_ index: Int) -> Bool { isCut[index] }

    /// What is kept of the value's text.
    func text(_ index: Int) -> ArraySlice<UInt8> { bytes[starts[index]..<starts[index + 1]] }

    // Unsafe in what follows: reads views it is given.

    /// Counts a value that other tallies have not seen. Returns false for one that is too long to wait:
    /// they must look at it now.
    @inline(__always)
    mutating func observe(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if text.count <= ValueTable.shortBytes { return unsafe observeShort(text) }
        // Neighbouring rows often have the same value.
        if last >= 0, unsafe isKept(text, at: last) {
            counts[last] &+= 1
            waiting[last] &+= 1
            return true
        }
        return unsafe observeOther(text)
    }

    @inline(__always)
    private mutating func observeShort(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let (low, high) = unsafe ValueTable.words(UnsafeRawBufferPointer(text))
        let mixed =
            (low ^ (high &<< 29 | high &>> 35) ^ UInt64(text.count)) &* 0x9e37_79b9_7f4a_7c15
        let place = Int(truncatingIfNeeded: mixed &>> UInt64(64 &- recentBits))
        if place < recent.count {
            let found = recent[place]
            if found.low == low, found.high == high, found.length == text.count {
                counts[found.index] &+= 1
                waiting[found.index] &+= 1
                return true
            }
        }
        _ = unsafe observeOther(text)
        if recent.isEmpty {
            recent = Array(repeating: ShortText(), count: 1 << recentBits)
        }
        recent[place] = ShortText(low: low, high: high, length: text.count, index: last)
        return true
    }

    /// All bytes of a text of up to 16, some of them twice.
    @inline(__always)
    private static func words(_ text: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        let count = text.count
        if count >= 8 {
            return unsafe (
                text.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                text.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            )
        }
        if count >= 4 {
            let low = unsafe text.loadUnaligned(fromByteOffset: 0, as: UInt32.self)
            let high = unsafe text.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
            return (UInt64(low), UInt64(high))
        }
        var word: UInt64 = 0
        for index in 0..<count { word = unsafe word &<< 8 | UInt64(text[index]) }
        return (word, 0)
    }

    private mutating func observeOther(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let hash = unsafe xxh3Wide(buffer: UnsafeRawBufferPointer(text))
        let cut = text.count > DistinctValues.textBytes
        let index =
            find(hash)
            ?? append(
                hash, unsafe Array(text.prefix(DistinctValues.textBytes))[...], isCut: cut)
        counts[index] &+= 1
        if cut { return false }
        waiting[index] &+= 1
        last = index
        return true
    }

    private func isKept(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        let start = starts[index]
        guard starts[index + 1] &- start == text.count else { return false }
        for place in 0..<text.count where unsafe bytes[start &+ place] != text[place] {
            return false
        }
        return true
    }

    /// Counts a value that other tallies have seen as often.
    mutating func add(_ hash: Hash128, _ text: ArraySlice<UInt8>, isCut: Bool, count: Int) {
        let index = find(hash) ?? append(hash, text, isCut: isCut)
        counts[index] += count
    }

    /// Counts what another table counted, of which nothing waits.
    mutating func merge(_ other: ValueTable) {
        for index in 0..<other.count {
            add(
                other.hashes[index], other.text(index), isCut: other.isCut[index],
                count: other.counts[index])
        }
    }

    /// Calls `body` with each value that waits, and how often it occurred since.
    mutating func settle(_ body: (UnsafeBufferPointer<UInt8>, Int) -> Void) {
        for index in 0..<count where waiting[index] > 0 {
            unsafe bytes.withUnsafeBufferPointer { all in
                unsafe body(
                    UnsafeBufferPointer(rebasing: all[starts[index]..<starts[index + 1]]),
                    waiting[index])
            }
            waiting[index] = 0
        }
        recent = []
    }

    /// Calls `body` with each finite number whose whole text is here, and how often it occurs.
    func forEachNumber(_ body: (Double, Int) -> Void) {
        for index in 0..<count where !isCut[index] {
            if let number = number(index), number.isFinite { body(number, counts[index]) }
        }
    }

    /// Calls `body` with each day or moment, in seconds since 1970, and how often it occurs.
    func forEachTime(_ body: (Double, Int) -> Void) {
        for index in 0..<count where !isCut[index] {
            unsafe bytes.withUnsafeBufferPointer { all in
                let text = unsafe UnsafeBufferPointer(
                    rebasing: all[starts[index]..<starts[index + 1]])
                if let day = unsafe FieldSyntax.date(text) {
                    body(seconds(day: day), counts[index])
                } else if let moment = unsafe FieldSyntax.timestamp(text) {
                    body(seconds(moment: moment), counts[index])
                }
            }
        }
    }

    /// The number that the text means; nil where it is none, or cut.
    func number(_ index: Int) -> Double? {
        guard !isCut[index] else { return nil }
        return unsafe bytes.withUnsafeBufferPointer { all in
            unsafe FieldSyntax.float(
                UnsafeBufferPointer(rebasing: all[starts[index]..<starts[index + 1]]))
        }
    }

    /// The values' places in the order of their hashes.
    func order() -> [Int] { (0..<count).sorted { hashes[$0] < hashes[$1] } }

    private func find(_ hash: Hash128) -> Int? {
        var slot = Int(truncatingIfNeeded: hash.low) & (slots.count - 1)
        while slots[slot] >= 0 {
            let found = hashes[Int(slots[slot])]
            if found.low == hash.low, found.high == hash.high { return Int(slots[slot]) }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func append(_ hash: Hash128, _ text: ArraySlice<UInt8>, isCut cut: Bool) -> Int
    {
        hashes.append(hash)
        counts.append(0)
        waiting.append(0)
        bytes.append(contentsOf: text)
        starts.append(bytes.count)
        isCut.append(cut)
        count += 1
        if 2 * count > slots.count {
            slots = Array(repeating: -1, count: 2 * slots.count)
            for index in 0..<(count - 1) { enter(index) }
        }
        enter(count - 1)
        return count - 1
    }

    private mutating func enter(_ index: Int) {
        var slot = Int(truncatingIfNeeded: hashes[index].low) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(truncatingIfNeeded: index)
    }
}

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
        // Neighbouring rows often have the same value.
        if last >= 0, unsafe isKept(text, at: last) {
            counts[last] &+= 1
            waiting[last] &+= 1
            return true
        }
        return unsafe observeOther(text)
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
    }

    /// Calls `body` with each finite number whose whole text is here, and how often it occurs.
    func forEachNumber(_ body: (Double, Int) -> Void) {
        for index in 0..<count where !isCut[index] {
            if let number = number(index), number.isFinite { body(number, counts[index]) }
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
            if hashes[Int(slots[slot])] == hash { return Int(slots[slot]) }
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

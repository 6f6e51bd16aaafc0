/// Numbers counted in bins: those of one bin agree in sign, power of two, and the first bits behind it.
///
/// How many bits is as many as keep the bins to 2,048, but never fewer than 6: a value read back from its
/// bin is off by less than 0.8 % of itself, and mostly by far less. Where many columns share the memory
/// bins are fewer, down to one for each power of two. The number of bits follows from the numbers
/// alone, so that merging, which takes the fewer bits and drops more of them until the bins are few
/// enough, gives the same in any order. (A DDSketch whose logarithm is the bits of the number, linear
/// between powers of two: Masson, Rim, Lee, VLDB 2019; that collapses as in Epicoco et al., 2020.)
struct ValueSketch: Sendable {
    static let mostBits = 19
    /// The most bins in a table of few columns.
    static let usualBins = 2048

    /// How many bins there may be.
    let mostBins: Int
    /// Not even where the bins are more.
    var leastBits: Int { mostBins < ValueSketch.usualBins ? 0 : 6 }

    /// How many bits behind the power of two tell bins apart.
    private(set) var bits = ValueSketch.mostBits
    private struct Slot {
        var bin: Int32 = 0
        var count = 0
    }

    /// Open addressing; a count of 0 is a free place. At most half full.
    private var slots: [Slot] = []
    private var used = 0

    /// An empty sketch; one of fewer bits where those were written. Those of different limits do not merge.
    init(mostBins: Int, bits: Int = ValueSketch.mostBits) {
        self.mostBins = mostBins
        self.bits = bits
    }

    /// Counts a finite number, `times` times.
    @inline(__always)
    mutating func observe(_ value: Double, times: Int) { add(bin: bin(of: value), count: times) }

    /// Counts what another one counted.
    mutating func merge(_ other: ValueSketch) {
        var other = other
        while bits > other.bits { collapse() }
        while other.bits > bits { other.collapse() }
        for slot in other.slots where slot.count > 0 {
            // Adding may collapse this one further.
            let dropped = Int32(other.bits - bits)
            add(bin: ValueSketch.collapsed(slot.bin, by: dropped), count: slot.count)
        }
    }

    /// Adds to a bin of as many bits as this sketch has.
    @inline(__always)
    mutating func add(bin: Int32, count: Int) {
        if !slots.isEmpty {
            var place = place(bin)
            while slots[place].count > 0 {
                if slots[place].bin == bin {
                    slots[place].count &+= count
                    return
                }
                place = (place &+ 1) & (slots.count &- 1)
            }
        }
        insert(bin: bin, count: count)
    }

    /// Adds a bin that is not there.
    private mutating func insert(bin: Int32, count: Int) {
        if 2 * (used + 1) > slots.count { rebuild(size: max(16, 2 * slots.count), dropping: 0) }
        var place = place(bin)
        while slots[place].count > 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = Slot(bin: bin, count: count)
        used += 1
        while used > mostBins, bits > leastBits { collapse() }
    }

    /// Goes on with one bit less.
    private mutating func collapse() {
        bits -= 1
        rebuild(size: slots.count, dropping: 1)
    }

    private mutating func rebuild(size: Int, dropping dropped: Int32) {
        let old = slots
        slots = Array(repeating: Slot(), count: size)
        used = 0
        for slot in old where slot.count > 0 {
            let bin = ValueSketch.collapsed(slot.bin, by: dropped)
            var place = place(bin)
            while slots[place].count > 0, slots[place].bin != bin {
                place = (place + 1) & (size - 1)
            }
            if slots[place].count == 0 { used += 1 }
            slots[place].bin = bin
            slots[place].count += slot.count
        }
    }

    private static func collapsed(_ bin: Int32, by bits: Int32) -> Int32 {
        guard bin != 0 else { return 0 }
        let magnitude = (Int32(bin.magnitude) - 1) >> bits + 1
        return bin < 0 ? -magnitude : magnitude
    }

    /// Multiplied, so that neighbours and round numbers are spread.
    private func place(_ bin: Int32) -> Int {
        let mixed = UInt64(UInt32(bitPattern: bin)) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 32) & (slots.count &- 1)
    }

    /// The bins that hold something, ascending.
    func sortedBins() -> [(bin: Int32, count: Int)] {
        slots.filter { $0.count > 0 }.map { ($0.bin, $0.count) }
            .sorted { $0.0 < $1.0 }
    }

    /// The middle of each bin and how many numbers are in it, ascending.
    func values() -> [WeightedValue] {
        sortedBins().map { WeightedValue(value: middle(of: $0.bin), count: $0.count) }
    }

    /// How many bits this sketch and one of other numbers have at least that share some with it: so many
    /// may be added and any be taken out, all within `range`.
    func leastBits(adding count: Int, within range: ClosedRange<Double>) -> Int {
        if used + count <= mostBins { return bits }
        var widest = ValueSketch(mostBins: mostBins, bits: bits)
        while widest.bits > leastBits, widest.binCount(range) > mostBins {
            widest.bits -= 1
        }
        return widest.bits
    }

    /// How many bins a range takes where none of them is empty.
    private func binCount(_ range: ClosedRange<Double>) -> Int {
        Int(bin(of: range.upperBound)) - Int(bin(of: range.lowerBound)) + 1
    }

    private func bin(of value: Double) -> Int32 {
        guard value != 0 else { return 0 }
        let bin = Int32(truncatingIfNeeded: value.magnitude.bitPattern >> UInt64(52 - bits)) + 1
        return value < 0 ? -bin : bin
    }

    private func middle(of bin: Int32) -> Double {
        guard bin != 0 else { return 0 }
        let pattern =
            (UInt64(bin.magnitude) - 1) << UInt64(52 - bits) | 1 << UInt64(51 - bits)
        let middle = Double(bitPattern: pattern)
        return bin < 0 ? -middle : middle
    }
}

/// A number and how often it occurs.
package struct WeightedValue: Hashable, Sendable {
    /// The number.
    package let value: Double
    /// How often it occurs; 1 at least.
    package let count: Int

    /// Makes one.
    package init(value: Double, count: Int) {
        self.value = value
        self.count = count
    }

    /// The quantile of ascending values: between the two nearest it is interpolated, as numpy does.
    static func quantile(_ share: Double, of values: [WeightedValue]) -> Double {
        let total = values.reduce(0) { $0 + $1.count }
        let position = share * Double(total - 1)
        let rank = Int(position)
        let low = value(at: rank, of: values)
        let fraction = position - Double(rank)
        guard fraction > 0 else { return low }
        let high = value(at: rank + 1, of: values)
        // Numpy's way, which is exact at the upper end too.
        return fraction < 0.5 ? low + (high - low) * fraction : high - (high - low) * (1 - fraction)
    }

    private static func value(at rank: Int, of values: [WeightedValue]) -> Double {
        var before = 0
        for entry in values {
            before += entry.count
            if rank < before { return entry.value }
        }
        return values.last?.value ?? .nan
    }

    /// How many values are in each of `count` equally wide bins from `low` to `high`, by the rules of
    /// numpy: a bin holds its lower edge, and the last one `high` too.
    static func histogram(
        of values: [WeightedValue], from low: Double, to high: Double, bins count: Int
    ) -> [Int] {
        // Where the range is too wide for a double, all is halved.
        let scale = (high - low).isFinite ? 1 : 0.5
        let start = low * scale
        let width = high * scale - start
        let step = width / Double(count)
        func edge(_ index: Int) -> Double {
            index == count ? high * scale : Double(index) * step + start
        }
        var bins = Array(repeating: 0, count: count)
        for entry in values {
            let value = entry.value * scale
            let share = width > 0 ? (value - start) / width * Double(count) : 0
            var bin = min(count - 1, max(0, Int(share)))
            if value < edge(bin) {
                bin -= 1
            } else if bin < count - 1, value >= edge(bin + 1), width > 0 {
                bin += 1
            }
            bins[max(0, bin)] += entry.count
        }
        return bins
    }
}

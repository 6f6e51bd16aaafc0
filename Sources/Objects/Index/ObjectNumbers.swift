/// The objects of a store as numbers: that of an object's entry in the index, counted through all
/// segments. Of an object that stands in several packs it is the copy that readers take.
struct ObjectNumbers {
    let view: StoreView
    /// The number of the first entry of each segment, and behind them the count of all.
    let starts: [Int]

    init(_ view: StoreView) {
        self.view = view
        var starts = [0]
        for loaded in view.segments {
            starts.append(starts[starts.count - 1] + loaded.segment.objectCount)
        }
        self.starts = starts
    }

    /// One more than the highest number.
    var count: Int { starts[starts.count - 1] }

    /// Nil where the index lacks the object.
    func number(of key: ObjectKey) -> Int? {
        view.entry(of: key).map { starts[$0.segment] + $0.hit.position }
    }
}

/// A set of objects: a bit for each that the index has, and a hash table for others.
struct ObjectSet {
    private let numbers: ObjectNumbers
    private var bits: [UInt64]
    private var others: Set<ObjectKey> = []

    /// An empty one; objects that `view` does not have cost more.
    init(_ view: StoreView) {
        numbers = ObjectNumbers(view)
        bits = [UInt64](repeating: 0, count: (numbers.count + 63) / 64)
    }

    /// Adds the object; false where it was in the set.
    mutating func insert(_ key: ObjectKey) -> Bool {
        guard let number = numbers.number(of: key) else { return others.insert(key).inserted }
        let bit = UInt64(1) << UInt64(number & 63)
        guard bits[number >> 6] & bit == 0 else { return false }
        bits[number >> 6] |= bit
        return true
    }
}

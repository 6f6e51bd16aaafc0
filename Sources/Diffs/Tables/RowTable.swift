import Bytes

/// Rows by the hash of their key: an open-addressing table of a size that is fixed in advance, so
/// that its memory is known.
struct RowTable {
    /// Bytes that a row takes, with the free places that keep searching short.
    static let bytesPerRow = 54

    /// Numbers below this are what the caller gives rows; the ones from here on are states.
    static let firstState = UInt32.max - 3
    /// The row is in the old version only, as far as is known.
    static let oldOnly = UInt32.max
    /// The row is in both versions, and equal.
    static let equal = UInt32.max - 1
    /// The row is in the new version only.
    static let newOnly = UInt32.max - 2
    private static let free = UInt32.max - 3

    /// A row: one place in memory, so that finding it waits for memory once.
    private struct Slot {
        var key: Hash128
        var row: Hash128
        /// What is known of the row: a state, or a number.
        var mark: UInt32
    }

    private static let zero = Hash128(high: 0, low: 0)
    private var slots: [Slot]
    private(set) var count = 0
    private let limit: Int

    /// A table for that many rows.
    init(rowLimit: Int) {
        limit = max(16, rowLimit)
        let slot = Slot(key: RowTable.zero, row: RowTable.zero, mark: RowTable.free)
        slots = Array(repeating: slot, count: limit + limit / 3 + 1)
    }

    /// Forgets all rows.
    mutating func removeAll() {
        for place in slots.indices { slots[place].mark = RowTable.free }
        count = 0
    }

    /// The place of the key, or the free place where it belongs: then `isFree`. Nil when the table
    /// is full and the key is not in it.
    func place(of key: Hash128) -> (place: Int, isFree: Bool)? {
        // The high half chooses the place; partitions go by the low half.
        let product = key.high.multipliedFullWidth(by: UInt64(slots.count))
        var place = Int(truncatingIfNeeded: product.high)
        while slots[place].mark != RowTable.free {
            if slots[place].key == key { return (place, false) }
            place += 1
            if place == slots.count { place = 0 }
        }
        return count < limit ? (place, true) : nil
    }

    /// Puts a key into the free place that was found for it.
    mutating func insert(_ key: Hash128, row: Hash128?, mark: UInt32, at place: Int) {
        slots[place] = Slot(key: key, row: row ?? RowTable.zero, mark: mark)
        count += 1
    }

    /// What is known of the row in a place.
    func mark(at place: Int) -> UInt32 { slots[place].mark }

    /// Sets what is known of the row in a place.
    mutating func setMark(_ mark: UInt32, at place: Int) { slots[place].mark = mark }

    /// Whether the row in a place has that hash.
    func hasRow(_ row: Hash128, at place: Int) -> Bool { slots[place].row == row }

    /// Calls `body` with what is known of each row.
    func forEachMark(_ body: (UInt32) -> Void) {
        for slot in slots where slot.mark != RowTable.free { body(slot.mark) }
    }
}

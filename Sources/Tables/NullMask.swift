/// Which rows of a column have no value: one bit a row, and nothing at all when all have one.
package struct NullMask: Sendable, Hashable {
    private var words: [UInt64] = []
    /// How many rows have no value.
    package private(set) var nullCount = 0

    /// A mask without nulls.
    package init() {}

    /// Whether `row` has no value.
    @inline(__always)
    package func isNull(_ row: Int) -> Bool {
        let word = row &>> 6
        guard word < words.count else { return false }
        return words[word] &>> UInt64(row & 63) & 1 == 1
    }

    /// Notes that `row`, which was not noted before, has no value.
    mutating func insert(_ row: Int) {
        let word = row >> 6
        if word >= words.count {
            words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
        }
        words[word] |= 1 << UInt64(row & 63)
        nullCount += 1
    }
}

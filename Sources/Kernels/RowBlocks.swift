/// The fixed cut of a number of rows into blocks: a function of the number alone, never of the
/// number of threads, so that sums over blocks have one shape.
package struct RowBlocks: Sendable, Equatable {
    /// The number of rows.
    package let rows: Int
    /// The rows of every block but the last, which may be shorter.
    package let blockRows: Int

    /// Blocks of 4,096 rows, or as many more as keep the number of blocks at 64 or fewer: enough
    /// pieces for threads, few enough partial results to hold at once.
    package init(rows: Int) {
        self.rows = rows
        let share = (rows + 63) / 64
        blockRows = max(4096, (share + 1023) / 1024 * 1024)
    }

    /// The number of blocks; zero without rows.
    package var count: Int { (rows + blockRows - 1) / blockRows }

    /// The rows of block `index`.
    package func range(_ index: Int) -> Range<Int> {
        let start = index * blockRows
        return start..<min(rows, start + blockRows)
    }
}

/// The parts combined two neighbours at a time, level by level, an odd last one passing up as it
/// is. The shape depends on the number of parts alone. Nil without parts.
package func treeReduce<Part>(_ parts: [Part], _ combine: (Part, Part) -> Part) -> Part? {
    var level = parts
    while level.count > 1 {
        var next: [Part] = []
        next.reserveCapacity((level.count + 1) / 2)
        var index = 0
        while index + 1 < level.count {
            next.append(combine(level[index], level[index + 1]))
            index += 2
        }
        if index < level.count { next.append(level[index]) }
        level = next
    }
    return level.first
}

/// The element-wise sums of equally long parts, combined as `treeReduce` does; `count` zeros
/// without parts.
package func treeSum(_ parts: [[Double]], count: Int) -> [Double] {
    let total = treeReduce(parts) { left, right in
        var sum = left
        for index in sum.indices { sum[index] += right[index] }
        return sum
    }
    return total ?? [Double](repeating: 0, count: count)
}

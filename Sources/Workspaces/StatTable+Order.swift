import Vocabulary

/// Finding entries by place: they stand in key order, so halving finds any of them.
extension StatTable {
    /// Where the path of the entry at `index` is in the bytes.
    func pathRange(_ span: Span<UInt8>, _ index: Int) -> Range<Int> {
        let start =
            index == 0
            ? StatTable.pathsStart(count) : StatTable.pathEnd(span, index - 1, of: count)
        return start..<max(start, StatTable.pathEnd(span, index, of: count))
    }

    /// The first entry whose path does not come before `path`.
    func firstEntry(_ span: Span<UInt8>, notBefore path: [UInt8]) -> Int {
        partition(in: 0..<count) { index in compare(span, index, to: path) < 0 }
    }

    /// Whether the entry's path is the folder `prefix` followed by `name`.
    func isPath(
        _ span: Span<UInt8>, _ index: Int, _ prefix: [UInt8], _ names: [UInt8], _ name: Range<Int>
    ) -> Bool {
        let path = pathRange(span, index)
        guard path.count == prefix.count + name.count else { return false }
        // The names differ at their ends, if anywhere.
        var from = path.upperBound
        var other = name.upperBound
        while other > name.lowerBound {
            from -= 1
            other -= 1
            if span[from] != names[other] { return false }
        }
        return begins(span, path, with: prefix)
    }

    private func begins(_ span: Span<UInt8>, _ path: Range<Int>, with prefix: [UInt8]) -> Bool {
        guard path.count >= prefix.count else { return false }
        for offset in prefix.indices where span[path.lowerBound + offset] != prefix[offset] {
            return false
        }
        return true
    }

    /// Negative, zero or positive as the entry's path comes before, is, or comes after `path`.
    func compare(_ span: Span<UInt8>, _ index: Int, to path: [UInt8]) -> Int {
        let found = pathRange(span, index)
        for offset in 0..<min(found.count, path.count) {
            let a = span[found.lowerBound + offset]
            let b = path[offset]
            if a != b { return StatTable.rank(a) < StatTable.rank(b) ? -1 : 1 }
        }
        return found.count - path.count
    }

    /// The first index of `range` for which `isBefore` no longer holds.
    private func partition(in range: Range<Int>, _ isBefore: (Int) -> Bool) -> Int {
        var low = range.lowerBound
        var high = max(low, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

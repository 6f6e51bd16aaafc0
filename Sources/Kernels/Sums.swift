/// The number of values summed in one leaf of the tree of `blockSum`.
private let leafCount = 1024

/// The sum of `values`: leaves of 1,024 values, each in eight running sums folded by a fixed tree,
/// the leaves combined as `treeReduce` does. The error grows with the logarithm of the count.
package func blockSum(_ values: [Double]) -> Double {
    blockSum(count: values.count) { values[$0] }
}

/// The sum of `left[i] * right[i]`, in the tree of `blockSum(_:)`; products are rounded before they
/// are added (no fused multiply-add). The arrays are equally long.
package func blockDot(_ left: [Double], _ right: [Double]) -> Double {
    precondition(left.count == right.count)
    return blockSum(count: left.count) { left[$0] * right[$0] }
}

/// The sum of `term(0) ... term(count - 1)` in the tree of `blockSum(_:)`.
@inline(__always)
package func blockSum(count: Int, _ term: (Int) -> Double) -> Double {
    var leaves: [Double] = []
    leaves.reserveCapacity((count + leafCount - 1) / leafCount)
    var start = 0
    while start < count {
        let end = min(count, start + leafCount)
        leaves.append(leafSum(start..<end, term))
        start = end
    }
    return treeReduce(leaves) { $0 + $1 } ?? 0
}

/// Eight lanes: lane `l` takes the terms whose position in the leaf is `l` modulo eight, in order.
@inline(__always)
private func leafSum(_ range: Range<Int>, _ term: (Int) -> Double) -> Double {
    var lanes = SIMD8<Double>(repeating: 0)
    var index = range.lowerBound
    while index + 8 <= range.upperBound {
        lanes += SIMD8(
            term(index), term(index + 1), term(index + 2), term(index + 3), term(index + 4),
            term(index + 5), term(index + 6), term(index + 7))
        index += 8
    }
    var lane = 0
    while index < range.upperBound {
        lanes[lane] += term(index)
        index += 1
        lane += 1
    }
    return foldLanes(lanes)
}

/// The sum of eight lanes, halves onto each other: the one tree that every lane sum here uses.
@inline(__always)
package func foldLanes(_ lanes: SIMD8<Double>) -> Double {
    let four = lanes.lowHalf + lanes.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
}

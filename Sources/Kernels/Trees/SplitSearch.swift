/// A set of bins.
package struct BinSet: Sendable, Equatable {
    private var words = SIMD4<UInt64>(repeating: 0)

    /// The empty set.
    package init() {}

    /// Whether a bin below 256 is in the set.
    package subscript(bin: Int) -> Bool {
        get { words[bin >> 6] >> UInt64(bin & 63) & 1 == 1 }
        set {
            let bit: UInt64 = 1 << UInt64(bin & 63)
            if newValue { words[bin >> 6] |= bit } else { words[bin >> 6] &= ~bit }
        }
    }

    /// Its bits.
    var state: [UInt64] { words.indices.map { words[$0] } }
}

/// Which rows go left at a node.
package enum SplitRule: Sendable, Equatable {
    /// Those in bins up to this one, and those without a value if so said.
    case upTo(bin: Int, missing: Bool)
    /// Those in these bins: the categories listed, a missing value if it is listed.
    case among(BinSet)

    /// Whether a row in `bin` goes left.
    package func isLeft(_ bin: Int, of feature: BinnedFeature) -> Bool {
        switch self {
        case .upTo(let last, let missing): bin == feature.missing ? missing : bin <= last
        case .among(let bins): bins[bin]
        }
    }

    /// Bits that tell it from any other.
    var state: [UInt64] {
        switch self {
        case .upTo(let bin, let missing): [UInt64(bin), missing ? 1 : 0]
        case .among(let bins): bins.state
        }
    }
}

/// What bounds the growth of a tree.
package struct GrowthRules: Sendable, Equatable {
    /// The most leaves, two at least.
    package var leaves = 31
    /// The most splits above a leaf.
    package var maximumDepth = 64
    /// The fewest rows of a leaf.
    package var minimumRows = 20
    /// The least sum of second derivatives of a leaf.
    package var minimumHessian = 0.001
    /// The least gain of a split, in units of the loss summed over the rows.
    package var minimumGain = 0.0
    /// Half of this times each squared leaf value is added to the loss.
    package var l2 = 1.0
    /// What is added to `l2` where categories are divided.
    package var categoryL2 = 10.0
    /// What is added to a category's second derivatives when categories are put in order.
    package var categorySmoothing = 10.0
    /// The most categories on the smaller side.
    package var maximumCategories = 32

    /// The defaults.
    package init() {}
}

/// A division of a leaf in two.
struct LeafSplit: Sendable {
    let feature: Int
    let rule: SplitRule
    /// What the loss falls by, in the units of the integers.
    let gain: Double
    let left: LeafSums
}

/// Finds the best split of a leaf in one feature.
///
/// A leaf with sums G and H has the score G² / (H + l2), a split gains the scores of its sides less
/// the leaf's own: twice what the loss falls by in its second-order expansion. All in the units of
/// the integers, which are exact.
struct SplitSearch: Sendable {
    private let rules: GrowthRules
    private let minimumRows: Int64
    private let minimumHessian: Double
    private let minimumGain: Double
    private let hessianScale: Double
    /// A gain in units of the integers times this is what the loss falls by.
    let gainUnit: Double

    init(_ rules: GrowthRules, _ gradients: PackedGradients) {
        self.rules = rules
        minimumRows = Int64(max(1, rules.minimumRows))
        hessianScale = gradients.hessianScale
        minimumHessian = rules.minimumHessian * hessianScale
        gainUnit = 0.5 * hessianScale / gradients.gradientScale / gradients.gradientScale
        minimumGain = rules.minimumGain / gainUnit
    }

    func best(
        _ feature: Int, _ kind: BinnedFeature, _ histogram: Histogram, _ total: LeafSums
    ) -> LeafSplit? {
        let bins = unsafe histogram.bins(of: feature)
        switch kind {
        case .number(let count): return unsafe bestBound(feature, bins, count, total)
        case .category(let count): return unsafe bestSet(feature, bins, count, total)
        }
    }

    // MARK: - Numbers

    private func bestBound(
        _ feature: Int, _ bins: Histogram.Bins, _ count: Int, _ total: LeafSums
    ) -> LeafSplit? {
        let missing = unsafe bins[count]
        let l2 = rules.l2 * hessianScale
        var best = Candidate(threshold: threshold(total, l2))
        let lastBin = missing.rows > 0 ? count : count - 1
        scan(lastBin, from: LeafSums(), total, l2, isSecond: false, &best) { unsafe bins[$0] }
        if missing.rows > 0 {
            scan(count - 1, from: missing, total, l2, isSecond: true, &best) { unsafe bins[$0] }
        }
        guard best.place >= 0 else { return nil }
        // Without missing values to learn from they go with the larger side.
        let isMissingLeft =
            missing.rows > 0 ? best.isSecond : 2 * best.left.rows >= total.rows
        return LeafSplit(
            feature: feature, rule: .upTo(bin: best.place, missing: isMissingLeft),
            gain: best.score - parentScore(total, l2), left: best.left)
    }

    /// The best place so far: the first of equal ones.
    private struct Candidate {
        /// The sum of the sides' scores, at first what must be exceeded.
        var score: Double
        /// The last bin on the left, counted in the order of the scan.
        var place = -1
        /// Whether the second of two scans found it: with missing values on the left, or from the
        /// other end.
        var isSecond = false
        var left = LeafSums()

        init(threshold: Double) { score = threshold }
    }

    /// Tries each place behind which the left side may end, `sums` being those of the bin there.
    @inline(__always)
    private func scan(
        _ count: Int, from start: LeafSums, _ total: LeafSums, _ l2: Double, isSecond: Bool,
        _ best: inout Candidate, _ sums: (Int) -> LeafSums
    ) {
        var left = start
        for place in 0..<max(0, count) {
            left = left + sums(place)
            if left.rows < minimumRows { continue }
            let right = total - left
            if right.rows < minimumRows { break }
            let score = score(left, right, l2)
            if score > best.score {
                best.score = score
                best.place = place
                best.isSecond = isSecond
                best.left = left
            }
        }
    }

    // MARK: - Scores

    private func parentScore(_ total: LeafSums, _ l2: Double) -> Double {
        let gradient = Double(total.gradient)
        return gradient * gradient / (Double(total.hessian) + l2)
    }

    /// What the sides' scores must exceed: more than rounding could make of nothing.
    private func threshold(_ total: LeafSums, _ l2: Double) -> Double {
        let score = parentScore(total, l2)
        return score + max(minimumGain, 1e-12 * score)
    }

    /// The sum of the sides' scores; minus infinity where a side is too small.
    @inline(__always)
    private func score(_ left: LeafSums, _ right: LeafSums, _ l2: Double) -> Double {
        let leftHessian = Double(left.hessian)
        let rightHessian = Double(right.hessian)
        guard leftHessian >= minimumHessian, rightHessian >= minimumHessian,
            leftHessian + l2 > 0, rightHessian + l2 > 0
        else { return -.infinity }
        let leftGradient = Double(left.gradient)
        let rightGradient = Double(right.gradient)
        return leftGradient * leftGradient / (leftHessian + l2)
            + rightGradient * rightGradient / (rightHessian + l2)
    }

    // MARK: - Categories

    /// Sorts the categories by their smoothed leaf value and divides that order (Fisher, 1958: the
    /// best division of them in two is one of these), from either end.
    private func bestSet(
        _ feature: Int, _ bins: Histogram.Bins, _ count: Int, _ total: LeafSums
    ) -> LeafSplit? {
        let smoothing = rules.categorySmoothing * hessianScale
        let l2 = (rules.l2 + rules.categoryL2) * hessianScale
        // Missing values are one more category, at `count`; the bin behind holds those unknown.
        let found = (0...count).filter { unsafe bins[$0].rows > 0 }
        let valued: [(bin: Int, value: Double)] = found.map { bin in
            let sums = unsafe bins[bin]
            let weight = Double(sums.hessian) + smoothing
            return (bin, weight > 0 ? Double(sums.gradient) / weight : 0)
        }
        let order = valued.sorted {
            $0.value != $1.value ? $0.value < $1.value : $0.bin < $1.bin
        }.map { $0.bin }
        var best = Candidate(threshold: threshold(total, l2))
        let longest = min(rules.maximumCategories, order.count)
        for (isReversed, order) in [(false, order), (true, order.reversed())] {
            scan(longest, from: LeafSums(), total, l2, isSecond: isReversed, &best) {
                unsafe bins[order[$0]]
            }
        }
        guard best.place >= 0 else { return nil }
        var set = BinSet()
        let ordered = best.isSecond ? order.reversed() : order
        for place in 0...best.place { set[ordered[place]] = true }
        return LeafSplit(
            feature: feature, rule: .among(set), gain: best.score - parentScore(total, l2),
            left: best.left)
    }
}

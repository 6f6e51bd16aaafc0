/// The gradients of a loss as small integers, rounded at random so that no sum is biased, with the
/// gradient, the second derivative and a count of one in a single word: one addition adds all three.
///
/// Sums of integers are exact, so neither the order of the rows nor the number of threads can reach
/// them. Parts of a word do not run into each other up to `maximumRows` rows.
package struct PackedGradients: Sendable {
    /// A word a row.
    let words: SharedBuffer<Int64>
    /// How the parts lie in a word.
    let layout: Layout
    /// A gradient's integer is about the gradient times this, a power of two.
    let gradientScale: Double
    /// The same for second derivatives; 1 where they are all 1.
    let hessianScale: Double

    /// The places of the parts of a word: from the top the gradient (signed), the second
    /// derivative, the count.
    enum Layout: Sendable {
        /// The second derivative is 1 in every row: the count says it.
        case unit
        /// Each row has its own.
        case varying

        /// Gradients are at most this, either side of zero.
        var maximumGradient: Int64 { self == .unit ? 32_767 : 511 }
        /// The lowest bit of the gradient.
        var gradientShift: Int64 { self == .unit ? 26 : 39 }
        /// How many words may be added up: 22 bits + 16 make 38, 15 + 10 make 25 with its sign.
        var maximumRows: Int { self == .unit ? 1 << 21 : 32_767 }
    }

    /// Second derivatives are at most this, and at least zero.
    private static let maximumHessian = 511.0
    private static let hessianShift: Int64 = 15

    /// Rounds the gradients of some rows, and their second derivatives unless these are all 1.
    /// Row r is rounded by sixteen bits of `random` at r / 8. Nil when one of them is not a finite
    /// number.
    ///
    /// x becomes the floor of x * scale + u, u uniform in (0, 1): x * scale in the mean. The scale
    /// is the largest power of two with which the largest value still fits.
    package init?(
        gradients: SharedBuffer<Double>, hessians: SharedBuffer<Double>?,
        into words: SharedBuffer<Int64>, _ random: RandomSource, _ executor: ParallelExecutor
    ) {
        precondition(words.count == gradients.count)
        layout = hessians == nil ? .unit : .varying
        guard
            let gradientScale = PackedGradients.scale(
                gradients, Double(layout.maximumGradient), executor),
            let hessianScale = hessians.map({
                PackedGradients.scale($0, PackedGradients.maximumHessian, executor)
            }) ?? 1
        else { return nil }
        self.words = words
        self.gradientScale = gradientScale
        self.hessianScale = hessianScale
        let blocks = RowBlocks(rows: words.count)
        let layout = layout
        _ = executor.map(blocks.count) { block in
            // Blocks start at multiples of 1,024, so at a new draw.
            let range = blocks.range(block)
            for first in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                let draw = random.words(at: UInt64(first) >> 3)
                var low = UInt64(draw.y) << 32 | UInt64(draw.x)
                let high = UInt64(draw.w) << 32 | UInt64(draw.z)
                for row in first..<min(range.upperBound, first + 8) {
                    if row == first + 4 { low = high }
                    let bits = Double(Int32(truncatingIfNeeded: low & 0xffff))
                    low >>= 16
                    // Unsafe, here and below: rows of this block, in buffers of one length.
                    let gradient = unsafe gradients.start[row] * gradientScale
                    let hessian = hessians.map { unsafe $0.start[row] * hessianScale }
                    unsafe words.start[row] = PackedGradients.word(gradient, hessian, bits, layout)
                }
            }
        }
    }

    /// A row's word. The sums are positive, so that cutting the fraction off is the floor.
    @inline(__always)
    private static func word(
        _ gradient: Double, _ hessian: Double?, _ bits: Double, _ layout: Layout
    ) -> Int64 {
        let fraction = (bits + 0.5) * 0x1p-16
        let offset = Double(layout.maximumGradient)
        let whole = Int64(gradient + (offset + fraction)) - layout.maximumGradient
        let word = whole << layout.gradientShift + 1
        return hessian.map { word + Int64($0 + fraction) << hessianShift } ?? word
    }

    /// The parts of a sum of words.
    @inline(__always)
    static func parts(_ sum: Int64, _ layout: Layout) -> (
        gradient: Int64, hessian: Int64, rows: Int64
    ) {
        switch layout {
        case .unit:
            let rows = sum & (1 << 26 - 1)
            return (sum >> 26, rows, rows)
        case .varying:
            return (sum >> 39, sum >> hessianShift & (1 << 24 - 1), sum & (1 << 15 - 1))
        }
    }

    /// The largest power of two that keeps all magnitudes at or below `limit`; 1 where all are
    /// zero, nil where one is not finite.
    private static func scale(
        _ values: SharedBuffer<Double>, _ limit: Double, _ executor: ParallelExecutor
    ) -> Double? {
        let blocks = RowBlocks(rows: values.count)
        // The bits of magnitudes order as these do, infinity and NaN above all numbers.
        let largest = executor.map(blocks.count) { block in
            var largest: UInt64 = 0
            for row in blocks.range(block) {
                largest = max(largest, unsafe values.start[row].magnitude.bitPattern)
            }
            return largest
        }
        let magnitude = Double(bitPattern: largest.max() ?? 0)
        guard magnitude.isFinite else { return nil }
        guard magnitude > 0x1p-900 else { return 1 }
        let ratio = limit / magnitude
        return ratio.isFinite ? Double(sign: .plus, exponent: ratio.exponent, significand: 1) : 1
    }
}

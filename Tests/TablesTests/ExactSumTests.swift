import TestSupport
import Testing

@testable import Tables

@Suite struct ExactSumTests {
    private func sum(_ values: [Double]) -> ExactSum {
        var sum = ExactSum()
        for value in values { sum.add(value) }
        return sum
    }

    /// Place 68 is that of the ones: these are the bytes of stored profiles.
    @Test(
        arguments: [
            ([0], 0, []), ([1], 68, [1]), ([-1], 68, [-1]), ([0x1p32], 69, [1]),
            ([-0x1p32], 69, [-1]), ([0x1p32, -1], 68, [0xffff_ffff]),
            ([-0x1p32, 1], 68, [1, -1]), ([0x1p33, 1], 68, [1, 2]),
            ([-0x1p33], 69, [0xffff_fffe, -1]),
            ([0.5, -0.5], 0, []), ([0x1p100, 1, -0x1p100], 68, [1]),
            ([-0x1p-1074], 34, [0xffff_c000, -1]),
        ] as [([Double], Int, [Int64])])
    func `a sum has one form`(values: [Double], lowest: Int, digits: [Int64]) {
        for values in [values, values.reversed()] {
            let found = sum(values).canonicalDigits()
            #expect(found.lowest == lowest && found.digits == digits, "\(found)")
        }
    }

    @Test func `neither order nor parts change a sum of numbers of any size`() {
        var random = SmallRandom(seed: 7)
        for _ in 0..<200 {
            let values = (0..<20).map { _ in
                Double(
                    sign: Bool.random(using: &random) ? .plus : .minus,
                    exponent: Int.random(in: -1074...1000, using: &random),
                    significand: Double.random(in: 1..<2, using: &random))
            }
            let all = sum(values)
            #expect(sum(values.shuffled(using: &random)) == all)
            var merged = sum(Array(values[..<7]))
            merged.merge(sum(Array(values[7...])))
            #expect(merged == all)
            let (lowest, digits) = all.canonicalDigits()
            #expect(ExactSum(lowest: lowest, digits: digits) == all)
            var nothing = all
            for value in values.shuffled(using: &random) { nothing.add(-value) }
            #expect(nothing == ExactSum() && nothing.rounded == 0)
        }
    }

    @Test func `carries go as far up as they must`() {
        var sum = ExactSum()
        sum.add(Int64.max, times: Int.max >> 1)
        sum.add(Int64.max, times: Int.max >> 1)
        sum.add(Int64.max, times: 1)
        #expect(sum.rounded == Double(Int64.max) * Double(Int64.max))
        sum.add(Int64.min, times: Int.max)
        #expect(sum.rounded == -Double(Int64.max))
    }
}

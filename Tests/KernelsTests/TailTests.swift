import Kernels
import Testing

/// The values are scipy's (`chi2.sf`, `special.kolmogorov`).
@Suite struct TailTests {
    @Test(arguments: [
        (0.1, 1, 0.7518296340458492),
        (3.84, 1, 0.05004352124870519),
        (100.0, 1, 1.5239706048320995e-23),
        (5.0, 10, 0.8911780189141513),
        (25.0, 10, 0.005345505487134069),
        (300.0, 200, 5.924540335483916e-06),
        (0.001, 3, 0.9999915920809419),
    ]) func `chi-square tails are scipy's`(statistic: Double, degrees: Int, expected: Double) {
        let found = chiSquareTail(statistic, degrees: degrees)
        #expect((found - expected).magnitude <= 1e-11 * expected, "\(found)")
    }

    @Test(arguments: [
        (0.1, 1.0),
        (0.3, 0.9999906941986655),
        (0.5, 0.9639452436648751),
        (0.9, 0.3927307079406543),
        (1.0, 0.26999967167735456),
        (1.36, 0.049485876755377876),
        (2.0, 0.0006709252557796953),
        (4.0, 2.532833109818835e-14),
    ]) func `Kolmogorov's tails are scipy's`(value: Double, expected: Double) {
        let found = kolmogorovTail(value)
        #expect((found - expected).magnitude <= 1e-12, "\(found)")
    }

    @Test func `tails begin at one and end at nothing`() {
        #expect(chiSquareTail(0, degrees: 3) == 1 && chiSquareTail(5, degrees: 0) == 1)
        #expect(chiSquareTail(.infinity, degrees: 3) == 0 && chiSquareTail(1e5, degrees: 3) == 0)
        #expect(kolmogorovTail(0) == 1 && kolmogorovTail(-1) == 1 && kolmogorovTail(50) == 0)
    }
}

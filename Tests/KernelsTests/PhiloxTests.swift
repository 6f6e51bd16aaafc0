import Kernels
import Testing

@Suite struct PhiloxTests {
    /// The three philox4x32-10 lines of Random123's `kat_vectors`.
    static let published: [(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, words: SIMD4<UInt32>)] = [
        (
            SIMD4(repeating: 0), SIMD2(repeating: 0),
            SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
        ),
        (
            SIMD4(repeating: .max), SIMD2(repeating: .max),
            SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
        ),
        (
            SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
            SIMD2(0xa409_3822, 0x299f_31d0),
            SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
        ),
    ]

    @Test(arguments: 0..<3) func `a block is the published one`(index: Int) {
        let vector = PhiloxTests.published[index]
        #expect(Philox.block(counter: vector.counter, key: vector.key) == vector.words)
    }
}

@Suite struct RandomSourceTests {
    @Test func `a draw depends on its position and not on earlier draws`() {
        let source = RandomSource(seed: 7, purpose: "test")
        var generator = source.generator
        let drawn = (0..<5).map { _ in generator.bits() }
        #expect(drawn == [0, 1, 2, 3, 4].map { source.bits(at: $0) })
        #expect(source.bits(at: 4) == drawn[4])
    }

    @Test func `seeds, purposes and substreams give unrelated values`() {
        let values = [
            RandomSource(seed: 7, purpose: "a").bits(at: 0),
            RandomSource(seed: 8, purpose: "a").bits(at: 0),
            RandomSource(seed: 7, purpose: "b").bits(at: 0),
            RandomSource(seed: 7, purpose: "a", substream: 1).bits(at: 0),
            RandomSource(seed: 7, purpose: "a").bits(at: 1),
        ]
        #expect(Set(values).count == values.count)
    }

    /// Written down once: these may never change, or every split and model would.
    @Test func `the values of a seed stay as they are`() {
        let source = RandomSource(seed: 7, purpose: "split")
        #expect(source.bits(at: 0) == 17_550_880_292_764_222_511)
        #expect(source.uniform(at: 1_000_000) == 0.3033103451544086)
        #expect(source.normal(at: 3) == 0.5584668378866032)
    }

    @Test func `uniform values fill their range evenly`() {
        let source = RandomSource(seed: 1, purpose: "uniform")
        var tenths = [Int](repeating: 0, count: 10)
        for position in 0..<100_000 {
            let value = source.uniform(at: UInt64(position))
            #expect(value >= 0 && value < 1)
            tenths[Int(value * 10)] += 1
        }
        // Six standard deviations of a binomial count are 569.
        #expect(tenths.allSatisfy { abs($0 - 10_000) < 569 })
    }

    @Test(arguments: [1, 2, 3, 7, 10, 1000] as [UInt64])
    func `integers below a bound are equally likely`(bound: UInt64) {
        var generator = RandomSource(seed: 2, purpose: "integers").generator
        let draws = Int(bound) * 2000
        var counts = [Int](repeating: 0, count: Int(bound))
        for _ in 0..<draws { counts[Int(generator.integer(below: bound))] += 1 }
        // Six standard deviations of a count of mean 2000 are at most 269.
        #expect(counts.allSatisfy { abs($0 - 2000) < 269 })
    }

    @Test func `a bound just above half of all values is not biased`() {
        // Without rejection the lower half would come twice as often.
        let bound: UInt64 = 3 << 62
        var generator = RandomSource(seed: 3, purpose: "bias").generator
        let low = (0..<30_000).count { _ in generator.integer(below: bound) < 1 << 62 }
        #expect(abs(low - 10_000) < 500)
    }

    @Test func `all orders of three are equally likely`() {
        var generator = RandomSource(seed: 4, purpose: "orders").generator
        var counts: [[Int]: Int] = [:]
        for _ in 0..<12_000 { counts[generator.permutation(3), default: 0] += 1 }
        #expect(counts.count == 6)
        #expect(counts.values.allSatisfy { abs($0 - 2000) < 250 })
        #expect(generator.permutation(0) == [])
        #expect(generator.permutation(1) == [0])
        #expect(generator.permutation(1000).sorted() == Array(0..<1000))
    }

    @Test func `normal values have mean 0 and spread 1`() {
        let source = RandomSource(seed: 5, purpose: "normal")
        var moments = Moments()
        for position in 0..<100_000 { moments.add(source.normal(at: UInt64(position))) }
        #expect(moments.mean.magnitude < 0.02)
        #expect((moments.variance - 1).magnitude < 0.03)
    }

    /// mpmath, 200 bits: Newton's method on mpmath.ncdf(x) = p.
    @Test(arguments: [
        (1e-300, -37.0470962993612),
        (1e-20, -9.262340089798407),
        (1e-10, -6.361340902404057),
        (1e-05, -4.264890793922825),
        (0.001, -3.0902323061678136),
        (0.02425, -1.972961051311885),
        (0.075, -1.439531470938456),
        (0.2, -0.8416212335729142),
        (0.4, -0.2533471031357997),
        (0.5, 0.0),
        (0.6, 0.2533471031357997),
        (0.9, 1.2815515655446006),
        (0.975, 1.9599639845400538),
        (0.999, 3.090232306167813),
    ])
    func `the inverse normal distribution is right`(probability: Double, expected: Double) {
        let found = inverseNormal(probability)
        #expect((found - expected).magnitude <= 2e-15 * max(1, expected.magnitude))
    }
}

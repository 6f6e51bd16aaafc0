import Kernels
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Points spread over the bits of doubles in a range, and over the range itself.
private func points(_ range: ClosedRange<Double>, count: Int) -> [Double] {
    let source = RandomSource(seed: 11, purpose: "points")
    let width = range.upperBound - range.lowerBound
    return (0..<count).map { range.lowerBound + source.uniform(at: UInt64($0)) * width }
}

private func tinyPoints(count: Int) -> [Double] {
    let source = RandomSource(seed: 12, purpose: "tiny")
    return (0..<count).map { index in
        let scale = Double(sign: .plus, exponent: -(index % 70), significand: 1)
        return (source.uniform(at: UInt64(index)) - 0.5) * scale
    }
}

@Suite struct ElementaryFunctionTests {
    #if arch(x86_64) && os(Linux)
        /// The distance from `exact` in units in the last place of its double.
        private func ulps(_ value: Double, _ exact: Float80) -> Double {
            let nearest = Double(exact)
            return Double((Float80(value) - exact) / Float80(nearest.ulp)).magnitude
        }

        private func worst(
            _ points: [Double], _ ours: (Double) -> Double, _ exact: (Float80) -> Float80
        ) -> Double {
            points.map { ulps(ours($0), exact(Float80($0))) }.max() ?? 0
        }

        @Test func `exp is within one unit in the last place`() {
            let all =
                points(-708...709.7, count: 200_000) + points(-1...1, count: 200_000)
                + points(-745...(-708), count: 20_000) + tinyPoints(count: 20_000)
            #expect(worst(all, exponential) { exp($0) } < 1)
        }

        @Test func `log is within one unit in the last place`() {
            let all =
                points(0.5...2, count: 200_000) + points(0...1e6, count: 100_000)
                + tinyPoints(count: 50_000).map { 1 + $0 }
                + tinyPoints(count: 50_000).map { $0.magnitude }
                + points(0...1, count: 50_000).map { $0 * 0x1p-1030 }
            #expect(worst(all.filter { $0 > 0 }, logarithm) { log($0) } < 1)
        }

        @Test func `log1p is within one and a half units in the last place`() {
            let all =
                points(-0.999...3, count: 200_000) + points(0...1e6, count: 100_000)
                + tinyPoints(count: 100_000)
            #expect(worst(all, logarithmOnePlus) { log1p($0) } < 1.5)
        }

        @Test func `expm1 is within one and a half units in the last place`() {
            let all =
                points(-2...2, count: 200_000) + points(-45...700, count: 100_000)
                + tinyPoints(count: 100_000)
            #expect(worst(all, exponentialMinusOne) { expm1($0) } < 1.5)
        }

        @Test func `sigmoid and softplus are within three units in the last place`() {
            let all = points(-700...40, count: 200_000) + points(-3...3, count: 100_000)
            #expect(worst(all, sigmoid) { 1 / (1 + exp(-$0)) } < 3)
            #expect(worst(all, softplus) { log1p(exp($0)) } < 3)
        }
    #endif

    /// Correctly rounded by mpmath at 200 bits: float(mpmath.exp(mpmath.mpf(x))).
    @Test(
        arguments: [
            (0.5, 0x3ffa_6129_8e1e_069c),
            (-0.5, 0x3fe3_68b2_fc6f_960a),
            (1.0, 0x4005_bf0a_8b14_5769),
            (-1.0, 0x3fd7_8b56_362c_ef38),
            (0.1, 0x3ff1_aec7_b35a_00d4),
            (-0.3466, 0x3fe6_a077_3cd6_78a4),
            (0.3466, 0x3ff6_a0c5_906b_c779),
            (2.5, 0x4028_5d6f_d931_e0bb),
            (-7.25, 0x3f47_455f_e323_fafd),
            (20.0, 0x41bc_eb08_8b68_e804),
            (-40.5, 0x3c47_c432_199d_f55a),
            (88.7, 0x47ef_4705_bbff_ae5c),
            (-300.0, 0x24e2_4563_9c3a_49f7),
            (700.0, 0x7f0d_945d_f4f8_ec8e),
            (-744.0, 0x0000_0000_0000_0002),
            (1e-10, 0x3ff0_0000_0006_df38),
            (709.75, 0x7fee_f85a_11e7_3f2d),
            (-708.5, 0x000e_6cf6_d088_97ac),
        ] as [(Double, UInt64)])
    func `exp is next to the true value`(x: Double, bits: UInt64) {
        let distance = Int64(bitPattern: exponential(x).bitPattern &- bits)
        #expect(abs(distance) <= 1)
    }

    /// Correctly rounded by mpmath at 200 bits: float(mpmath.log(mpmath.mpf(x))).
    @Test(
        arguments: [
            (0.5, 0xbfe6_2e42_fefa_39ef),
            (2.0, 0x3fe6_2e42_fefa_39ef),
            (1.5, 0x3fd9_f323_ecbf_984c),
            (0.7, 0xbfd6_d3c3_24e1_3f50),
            (1e-300, 0xc085_9634_47f8_7fb5),
            (Double.leastNonzeroMagnitude, 0xc087_4385_446d_71c3),
            (1e+300, 0x4085_9634_47f8_7fb5),
            (3.0, 0x3ff1_93ea_7aad_030b),
            (0.999999, 0xbeb0_c6f8_2d74_d230),
            (1.000001, 0x3eb0_c6f7_13f3_3a1d),
            (1.4142135623730951, 0x3fd6_2e42_fefa_39f0),
            (10.0, 0x4002_6bb1_bbb5_5516),
            (123456.789, 0x4027_7281_cad8_a844),
        ] as [(Double, UInt64)])
    func `log is next to the true value`(x: Double, bits: UInt64) {
        let distance = Int64(bitPattern: logarithm(x).bitPattern &- bits)
        #expect(abs(distance) <= 1)
    }

    @Test func `the ends of the ranges are exact`() {
        #expect(exponential(0) == 1)
        #expect(exponential(-.infinity) == 0)
        #expect(exponential(.infinity) == .infinity)
        #expect(exponential(710) == .infinity)
        #expect(exponential(-746) == 0)
        #expect(exponential(.nan).isNaN)
        #expect(exponential(-745) == Double.leastNonzeroMagnitude)
        #expect(logarithm(1) == 0)
        #expect(logarithm(0) == -.infinity)
        #expect(logarithm(-1).isNaN)
        #expect(logarithm(.infinity) == .infinity)
        #expect(logarithmOnePlus(-1) == -.infinity)
        #expect(logarithmOnePlus(-1.5).isNaN)
        #expect(logarithmOnePlus(0) == 0)
        #expect(exponentialMinusOne(0) == 0)
        #expect(exponentialMinusOne(-800) == -1)
        #expect(exponentialMinusOne(800) == .infinity)
        #expect(sigmoid(-1000) == 0)
        #expect(sigmoid(1000) == 1)
        #expect(softplus(1000) == 1000)
        #expect(softplus(-1000) == 0)
    }

    /// Written down once on x86-64: any machine and any build must give these bits.
    @Test func `the bits of a hundred thousand values are those of every machine`() {
        func fold(_ values: [Double]) -> UInt64 {
            values.reduce(14_695_981_039_346_656_037) {
                ($0 ^ $1.bitPattern) &* 1_099_511_628_211
            }
        }
        #expect(
            fold(points(-745...709, count: 100_000).map(exponential)) == 233_866_193_771_268_283)
        #expect(fold(points(0...1000, count: 100_000).map(logarithm)) == 3_473_179_336_463_469_501)
        #expect(
            fold(points(-0.9...10, count: 100_000).map(logarithmOnePlus))
                == 11_020_548_155_446_437_946)
        #expect(
            fold(points(-3...3, count: 100_000).map(exponentialMinusOne))
                == 1_927_403_644_716_607_214)
        #expect(
            fold((0..<10_000).map { RandomSource(seed: 1, purpose: "n").normal(at: $0) })
                == 4_961_538_948_725_352_944)
    }

    /// The scalar function is the oracle: over all of its range, its ends, and what is no number.
    @Test func `exponentials of many values have the bits of one after the other`() {
        let ends = [
            0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            .leastNonzeroMagnitude, 709.782712893384, 709.7827128933841, -745.1332191019411,
            -745.1332191019412, -745.1332191019413, -708.3964185322641, -708.4,
        ]
        let all =
            points(-746...710, count: 50_000) + points(-1...1, count: 20_000)
            + points(-745.2...(-707), count: 20_000) + points(708...709.8, count: 10_000)
            + tinyPoints(count: 20_001) + ends
        let expected = all.map { exponential($0).bitPattern }
        for level in InstructionLevel.available {
            #expect(exponentials(all, level).map(\.bitPattern) == expected)
            #expect(exponentials([1, .nan, 2], level)[1].isNaN)
            #expect(exponentials([], level).isEmpty)
        }
    }

    @Test func `log-sum-exp and softmax do not overflow`() {
        #expect(logSumExp([]) == -.infinity)
        #expect(logSumExp([1000, 1000]) == 1000 + logarithm(2))
        #expect(logSumExp([-.infinity, -.infinity]) == -.infinity)
        var shares = [1000.0, 1000, -1000]
        #expect(softmax(&shares) == 1000 + logarithm(2))
        #expect(shares == [0.5, 0.5, 0])
    }
}

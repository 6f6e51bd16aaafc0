import Kernels
import Synchronization
import Testing

/// An executor that hands the pieces out in another order than theirs.
private let backwards = ParallelExecutor { count, body in
    for index in (0..<count).reversed() { body(index) }
}

private let odd = ParallelExecutor { count, body in
    for index in stride(from: 1, to: count, by: 2) { body(index) }
    for index in stride(from: 0, to: count, by: 2) { body(index) }
}

private func values(_ count: Int, seed: UInt64 = 1) -> [Double] {
    let source = RandomSource(seed: seed, purpose: "values")
    return (0..<count).map { source.normal(at: UInt64($0)) }
}

@Suite struct SumTests {
    @Test(arguments: [0, 1, 7, 8, 9, 1023, 1024, 1025, 5000])
    func `a sum of integers is exact at any count`(count: Int) {
        let numbers = (0..<count).map(Double.init)
        #expect(blockSum(numbers) == Double(count * (count - 1) / 2))
        #expect(
            blockDot(numbers, numbers)
                == Double(max(0, (count - 1) * count * (2 * count - 1) / 6)))
    }

    @Test func `a sum of a million tenths is nearer than a running one`() {
        let tenths = [Double](repeating: 0.1, count: 1_000_000)
        #expect((blockSum(tenths) - 100_000).magnitude < 1e-9)
        #expect((tenths.reduce(0, +) - 100_000).magnitude > 1e-7)
    }

    @Test(arguments: [0, 1, 4096, 4097, 262_144, 262_145, 336_776, 10_000_000])
    func `blocks cover all rows and are at most 64`(rows: Int) {
        let blocks = RowBlocks(rows: rows)
        #expect(blocks.count <= 64)
        var next = 0
        for index in 0..<blocks.count {
            #expect(blocks.range(index).lowerBound == next)
            #expect(!blocks.range(index).isEmpty)
            next = blocks.range(index).upperBound
        }
        #expect(next == rows)
    }

    @Test func `neighbours are combined level by level`() {
        let text = treeReduce(["a", "b", "c", "d", "e"]) { "(\($0)\($1))" }
        #expect(text == "(((ab)(cd))e)")
        #expect(treeReduce([Int]()) { $0 + $1 } == nil)
    }

    @Test func `results come in index order whatever the executor does`() {
        for executor in [ParallelExecutor.serial, backwards, odd] {
            #expect(executor.map(9) { $0 * $0 } == (0..<9).map { $0 * $0 })
        }
    }

    @Test func `moments merge to those of all values`() {
        let numbers = values(20_000) + [.nan]
        let whole = Moments.of(numbers, .serial)
        #expect(whole == Moments.of(numbers, backwards))
        #expect(whole.count == 20_000)
        let mean = blockSum(Array(numbers.dropLast())) / 20_000
        #expect((whole.mean - mean).magnitude < 1e-15)
        #expect(Moments().variance == 0)
    }
}

@Suite struct DesignMatrixTests {
    /// 10,000 rows, two dense columns, two categories of three and two values.
    private static let matrix: DesignMatrix = {
        let rows = 10_000
        let source = RandomSource(seed: 9, purpose: "codes")
        var codes: [UInt32] = []
        for row in 0..<rows {
            let bits = source.bits(at: UInt64(row))
            codes.append(bits % 10 == 9 ? DesignMatrix.noColumn : 3 + UInt32(bits % 3))
            codes.append(6 + UInt32(bits >> 8 & 1))
        }
        return DesignMatrix(
            rows: rows, dense: values(rows * 2), denseCount: 2, codes: codes, codeCount: 2,
            coefficientCount: 8)
    }()

    @Test func `products do not depend on the executor`() {
        let matrix = DesignMatrixTests.matrix
        let factors = values(matrix.rows, seed: 2)
        let weights = factors.map(\.magnitude)
        for executor in [backwards, odd] {
            #expect(matrix.scores(values(8), executor) == matrix.scores(values(8), .serial))
            #expect(
                matrix.transposedProduct(factors, executor)
                    == matrix.transposedProduct(factors, .serial))
            #expect(
                matrix.gram(rowWeights: SharedBuffer(weights), executor)
                    == matrix.gram(rowWeights: SharedBuffer(weights), .serial))
        }
    }

    @Test func `the gram matrix is the product of columns`() {
        let matrix = DesignMatrixTests.matrix
        let ones = [Double](repeating: 1, count: matrix.rows)
        let gram = matrix.gram(rowWeights: nil, .serial)
        #expect(gram == matrix.gram(rowWeights: SharedBuffer(ones), .serial))
        // Row 0 of the lower triangle's first column is the transposed product with ones.
        let sums = matrix.transposedProduct(ones, .serial)
        for index in 0..<8 { #expect((gram[index, 0] - sums[index]).magnitude < 1e-9) }
        // One-hot columns of one category never meet.
        #expect(gram[4, 3] == 0)
        #expect(gram[7, 6] == 0)
    }

    @Test func `a category that is not known adds nothing`() {
        let matrix = DesignMatrix(
            rows: 2, dense: [], denseCount: 0, codes: [1, DesignMatrix.noColumn], codeCount: 1,
            coefficientCount: 3)
        #expect(matrix.scores([10, 1, 2], .serial) == [11, 10])
    }
}

@Suite struct CholeskyTests {
    @Test func `a system is solved`() throws {
        // numpy.linalg.solve([[4, 2, 1], [2, 5, 3], [1, 3, 6]], [1, 2, 3])
        let matrix = SymmetricMatrix(order: 3, elements: [4, 2, 5, 1, 3, 6])
        let factor = try #require(CholeskyFactor(matrix))
        let solution = factor.solve([1, 2, 3])
        let expected = [0.08955223880597016, 0.10447761194029853, 0.43283582089552236]
        for index in 0..<3 { #expect((solution[index] - expected[index]).magnitude < 1e-15) }
        #expect(factor.dependentColumns.isEmpty)
    }

    @Test func `a dependent column is left out`() throws {
        // The third column is the sum of the first two.
        let matrix = SymmetricMatrix(order: 3, elements: [2, 0, 3, 2, 3, 5])
        let factor = try #require(CholeskyFactor(matrix))
        #expect(factor.dependentColumns == [2])
        let solution = factor.solve([2, 6, 8])
        #expect((solution[0] - 1).magnitude < 1e-15)
        #expect((solution[1] - 2).magnitude < 1e-15)
        #expect(solution[2] == 0)
    }

    @Test func `a matrix with NaN has no factor`() {
        #expect(CholeskyFactor(SymmetricMatrix(order: 1, elements: [.nan])) == nil)
    }
}

@Suite struct OrderTests {
    @Test func `the total order puts minus zero first and NaN last`() {
        let sorted = sortedTotally([.nan, 1, 0, -0.0, .infinity, -.infinity, -1])
        #expect(sorted.dropLast() == [-.infinity, -1, -0.0, 0, 1, .infinity])
        #expect(sorted[2].sign == .minus && sorted[3].sign == .plus)
        #expect(sorted[6].isNaN)
        #expect(orderTotally([2, 1, 2, .nan, 1]) == [1, 4, 0, 2, 3])
    }

    @Test func `quantiles are those of numpy`() {
        // numpy.quantile([1, 2, 4, 8, 16], q)
        let values: [Double] = [1, 2, 4, 8, 16]
        for (fraction, expected) in [(0.0, 1.0), (0.1, 1.4), (0.5, 4), (0.9, 12.8), (1, 16)] {
            let found = quantile(ofSorted: values, at: fraction) ?? .nan
            #expect((found - expected).magnitude < 1e-14)
        }
        #expect(quantile(ofSorted: [], at: 0.5) == nil)
        #expect(quantile(ofSorted: [3], at: 0.7) == 3)
    }
}

@Suite struct MinimiserTests {
    /// Rosenbrock's valley in two dimensions, whose least value 0 is at (1, 1).
    private func valley(_ x: [Double]) -> (value: Double, gradient: [Double]) {
        let a = 1 - x[0]
        let b = x[1] - x[0] * x[0]
        return (a * a + 100 * b * b, [-2 * a - 400 * x[0] * b, 200 * b])
    }

    @Test func `L-BFGS finds the bottom of a curved valley`() {
        let rule = StoppingRule(maximumIterations: 200, tolerance: 1e-8)
        let minimum = minimiseByLBFGS(from: [-1.2, 1], rule, valley)
        #expect(minimum.converged)
        #expect((minimum.point[0] - 1).magnitude < 1e-6)
        #expect(minimum.iterations < 100)
    }

    @Test func `Newton's method solves a quadratic in one step`() {
        let rule = StoppingRule(maximumIterations: 10, tolerance: 1e-10)
        let minimum = minimiseByNewton(from: [0, 0], rule) { x in
            ((x[0] - 3) * (x[0] - 3) + x[1] * x[1] / 2, [2 * (x[0] - 3), x[1]])
        } curvature: { _ in
            SymmetricMatrix(order: 2, elements: [2, 0, 1])
        }
        #expect(minimum.converged && minimum.iterations == 1)
        #expect((minimum.point[0] - 3).magnitude < 1e-15 && minimum.point[1] == 0)
    }

    @Test func `a value that is not finite stops at once`() {
        let rule = StoppingRule(maximumIterations: 10, tolerance: 1e-10)
        let minimum = minimiseByLBFGS(from: [0], rule) { _ in (.nan, [.nan]) }
        #expect(!minimum.converged && minimum.iterations == 0 && minimum.value.isNaN)
    }

    @Test func `the limit of iterations is kept`() {
        let rule = StoppingRule(maximumIterations: 3, tolerance: 1e-8)
        let minimum = minimiseByLBFGS(from: [-1.2, 1], rule, valley)
        #expect(!minimum.converged && minimum.iterations == 3)
    }
}

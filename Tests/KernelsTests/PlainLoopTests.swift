import Kernels
import Testing

/// Against plain loops over the rows: the bits must be theirs, whatever the order of the work.
@Suite struct PlainLoopTests {
    private static let rows = 131
    private let source = RandomSource(seed: 12, purpose: "design")

    private func dense(_ count: Int) -> [Double] {
        (0..<(PlainLoopTests.rows * count)).map { source.normal(at: UInt64($0)) }
    }

    /// Two categories of three columns each; some rows have none of the second.
    private func codes(_ first: UInt32) -> [UInt32] {
        (0..<PlainLoopTests.rows).flatMap { row -> [UInt32] in
            let words = source.words(at: UInt64(row))
            let second = words.y % 4 == 0 ? DesignMatrix.noColumn : first + 3 + words.y % 3
            return [first + words.x % 3, second]
        }
    }

    /// Each row's columns and values, in rising order.
    private func entries(
        _ dense: [Double], _ count: Int, _ codes: [UInt32]
    ) -> [[(column: Int, value: Double)]] {
        (0..<PlainLoopTests.rows).map { row in
            var entries = [(column: 0, value: 1.0)]
            for index in 0..<count { entries.append((1 + index, dense[row * count + index])) }
            for code in codes.isEmpty ? [] : codes[(2 * row)..<(2 * row + 2)]
            where code != DesignMatrix.noColumn {
                entries.append((Int(code), 1))
            }
            return entries
        }
    }

    @Test(arguments: [0, 1, 3, 4, 7, 8, 9, 20], [false, true])
    func `products and sums are those of plain loops`(count: Int, hasCodes: Bool) {
        let rows = PlainLoopTests.rows
        let dense = dense(count)
        let codes = hasCodes ? codes(UInt32(1 + count)) : []
        let width = 1 + count + (hasCodes ? 6 : 0)
        let design = DesignMatrix(
            rows: rows, dense: dense, denseCount: count, codes: codes,
            codeCount: hasCodes ? 2 : 0, coefficientCount: width)
        let entries = entries(dense, count, codes)
        let factors = (0..<rows).map { source.uniform(at: UInt64($0)) }
        let coefficients = (0..<width).map { source.normal(at: 5000 + UInt64($0)) }
        var scores = [Double](repeating: 0, count: rows)
        var sums = [Double](repeating: 0, count: width)
        var plain = SymmetricMatrix(order: width)
        var weighted = SymmetricMatrix(order: width)
        for (row, columns) in entries.enumerated() {
            for left in columns {
                scores[row] += left.value * coefficients[left.column]
                sums[left.column] += factors[row] * left.value
                for right in columns where right.column <= left.column {
                    plain[left.column, right.column] += left.value * right.value
                    weighted[left.column, right.column] += factors[row] * left.value * right.value
                }
            }
        }
        for level in InstructionLevel.available {
            let executor = serial(level)
            #expect(design.scores(coefficients, executor) == scores)
            #expect(design.transposedProduct(factors, executor) == sums)
            #expect(design.gram(rowWeights: nil, executor) == plain)
            #expect(design.gram(rowWeights: SharedBuffer(factors), executor) == weighted)
        }
    }

    /// From elementary functions of one value at a time.
    @Test(arguments: [0, 3, 9], [false, true])
    func `a logistic pass is a plain loop over scalar functions`(count: Int, hasCodes: Bool) {
        let rows = PlainLoopTests.rows
        let design = DesignMatrix(
            rows: rows, dense: dense(count), denseCount: count,
            codes: hasCodes ? codes(UInt32(1 + count)) : [], codeCount: hasCodes ? 2 : 0,
            coefficientCount: 1 + count + (hasCodes ? 6 : 0))
        let coefficients = (0..<design.coefficientCount).map {
            20 * source.normal(at: 7000 + UInt64($0))
        }
        let labels = (0..<rows).map { Double($0 % 3 / 2) }
        var loss = 0.0
        var weights: [Double] = []
        let errors = design.scores(coefficients, .serial).enumerated().map { row, score in
            let power = exponential(-score.magnitude)
            loss += max(score, 0) + logarithmOnePlus(power) - labels[row] * score
            weights.append(power / ((1 + power) * (1 + power)) / Double(rows))
            return (score >= 0 ? 1 : power) / (1 + power) - labels[row]
        }
        for level in InstructionLevel.available {
            let found = SharedBuffer(repeating: 0.0, count: rows)
            let pass = design.logisticPass(
                coefficients, labels: labels, weights: found, serial(level))
            #expect(pass.loss == loss)
            #expect(pass.gradient == design.transposedProduct(errors, .serial))
            #expect((0..<rows).map { found[$0] } == weights)
        }
    }

    @Test func `a score that is not a number makes a loss that is none`() {
        let design = DesignMatrix(
            rows: 2, dense: [1, .nan], denseCount: 1, codes: [], codeCount: 0,
            coefficientCount: 2)
        for level in InstructionLevel.available {
            let pass = design.logisticPass(
                [0, 1], labels: [0, 1], weights: SharedBuffer(repeating: 0, count: 2),
                serial(level))
            #expect(pass.loss.isNaN)
        }
    }
}

/// An executor on the caller's thread that uses some instructions.
func serial(_ level: InstructionLevel) -> ParallelExecutor {
    ParallelExecutor(level: level) { count, body in for index in 0..<count { body(index) } }
}

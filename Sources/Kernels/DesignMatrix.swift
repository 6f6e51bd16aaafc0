/// The rows that a linear model is fitted on: a constant 1, then dense columns, then the one-hot
/// columns of categories, kept as one code a category instead of many zeros.
///
/// Coefficient 0 belongs to the constant, 1...denseCount to the dense columns, the rest to one-hot
/// columns. Every sum over rows is made in the blocks of `RowBlocks` and the tree of `treeReduce`,
/// so its bits do not depend on the executor.
package struct DesignMatrix: Sendable {
    /// The code of a category that contributes nothing: one not seen in training.
    package static let noColumn = UInt32.max

    /// The number of rows.
    package let rows: Int
    /// The number of dense columns.
    package let denseCount: Int
    /// The number of codes a row.
    package let codeCount: Int
    /// The number of coefficients: one, the dense columns and all one-hot columns.
    package let coefficientCount: Int

    let dense: [Double]
    let codes: [UInt32]

    /// The matrix with these parts, both row by row. A code is the index of its one-hot column's
    /// coefficient, rising within a row, or `noColumn`.
    package init(
        rows: Int, dense: [Double], denseCount: Int, codes: [UInt32], codeCount: Int,
        coefficientCount: Int
    ) {
        precondition(dense.count == rows * denseCount && codes.count == rows * codeCount)
        precondition(coefficientCount > denseCount)
        self.rows = rows
        self.dense = dense
        self.denseCount = denseCount
        self.codes = codes
        self.codeCount = codeCount
        self.coefficientCount = coefficientCount
    }

    /// The blocks that sums over the rows are cut into.
    package var blocks: RowBlocks { RowBlocks(rows: rows) }

    /// The product with a vector of coefficients: one score a row.
    package func scores(_ coefficients: [Double], _ executor: ParallelExecutor) -> [Double] {
        precondition(coefficients.count == coefficientCount)
        let blocks = blocks
        let parts = executor.map(blocks.count) { block in
            scores(coefficients, rows: blocks.range(block))
        }
        return Array(parts.joined())
    }

    /// The transposed product with one factor a row: for each coefficient, the sum of the factors
    /// times the column.
    package func transposedProduct(
        _ factors: [Double], _ executor: ParallelExecutor
    ) -> [Double] {
        precondition(factors.count == rows)
        let blocks = blocks
        let parts = executor.map(blocks.count) { block in
            transposedProduct(factors, rows: blocks.range(block))
        }
        return treeSum(parts, count: coefficientCount)
    }

    /// The scores of some rows: for each the intercept, then its dense columns in order, then its
    /// codes. Four rows at a time, whose sums do not wait for each other.
    private func scores(_ coefficients: [Double], rows: Range<Int>) -> [Double] {
        var scores = [Double](repeating: coefficients[0], count: rows.count)
        // Unsafe: rows are the matrix's, and there are as many coefficients as columns.
        unsafe dense.withUnsafeBufferPointer { dense in
            unsafe coefficients.withUnsafeBufferPointer { coefficients in
                var row = rows.lowerBound
                while row + 4 <= rows.upperBound {
                    var first = unsafe coefficients[0]
                    var (second, third, fourth) = (first, first, first)
                    let start = row &* denseCount
                    for index in 0..<denseCount {
                        let place = start &+ index
                        let factor = unsafe coefficients[1 &+ index]
                        unsafe first += dense[place] * factor
                        unsafe second += dense[place &+ denseCount] * factor
                        unsafe third += dense[place &+ 2 &* denseCount] * factor
                        unsafe fourth += dense[place &+ 3 &* denseCount] * factor
                    }
                    let place = row - rows.lowerBound
                    scores[place] = first
                    scores[place + 1] = second
                    scores[place + 2] = third
                    scores[place + 3] = fourth
                    row += 4
                }
                while row < rows.upperBound {
                    var sum = unsafe coefficients[0]
                    for index in 0..<denseCount {
                        unsafe sum += dense[row &* denseCount &+ index] * coefficients[1 &+ index]
                    }
                    scores[row - rows.lowerBound] = sum
                    row += 1
                }
            }
        }
        for row in rows where codeCount > 0 {
            for index in (row * codeCount)..<((row + 1) * codeCount)
            where codes[index] != DesignMatrix.noColumn {
                scores[row - rows.lowerBound] += coefficients[Int(codes[index])]
            }
        }
        return scores
    }

    private func transposedProduct(_ factors: [Double], rows: Range<Int>) -> [Double] {
        var sums = [Double](repeating: 0, count: coefficientCount)
        for row in rows { sums[0] += factors[row] }
        // Eight columns at a time, whose sums stay in registers, of rows that stay in the cache.
        let width = 8
        // Unsafe: rows are the matrix's, and columns its dense ones.
        unsafe dense.withUnsafeBytes { dense in
            for tile in stride(from: rows.lowerBound, to: rows.upperBound, by: 64) {
                for first in stride(from: 0, to: denseCount - denseCount % width, by: width) {
                    var lanes = SIMD8<Double>(repeating: 0)
                    for lane in 0..<width { lanes[lane] = sums[1 + first + lane] }
                    for row in tile..<min(rows.upperBound, tile + 64) {
                        let place = (row &* denseCount &+ first) &* 8
                        lanes +=
                            unsafe factors[row]
                            * dense.loadUnaligned(fromByteOffset: place, as: SIMD8<Double>.self)
                    }
                    for lane in 0..<width { sums[1 + first + lane] = lanes[lane] }
                }
            }
        }
        for index in (denseCount - denseCount % width)..<denseCount {
            for row in rows { sums[1 + index] += factors[row] * dense[row * denseCount + index] }
        }
        for row in rows where codeCount > 0 {
            for index in (row * codeCount)..<((row + 1) * codeCount)
            where codes[index] != DesignMatrix.noColumn {
                sums[Int(codes[index])] += factors[row]
            }
        }
        return sums
    }
}

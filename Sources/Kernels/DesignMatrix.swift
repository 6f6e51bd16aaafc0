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

    private let dense: [Double]
    private let codes: [UInt32]

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
            blocks.range(block).map { score($0, coefficients) }
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

    /// The matrix of the sums of weight * column i * column j over the rows (XᵀWX), all weights 1
    /// when nil. Cost: rows times the square of the non-zeros of a row; memory 64 times the result.
    package func gram(rowWeights: [Double]?, _ executor: ParallelExecutor) -> SymmetricMatrix {
        precondition(rowWeights == nil || rowWeights?.count == rows)
        let blocks = blocks
        let parts = executor.map(blocks.count) { block in
            gram(rowWeights: rowWeights, rows: blocks.range(block))
        }
        let empty = SymmetricMatrix(order: coefficientCount)
        return SymmetricMatrix(
            order: coefficientCount, elements: treeSum(parts, count: empty.elements.count))
    }

    private func score(_ row: Int, _ coefficients: [Double]) -> Double {
        var sum = coefficients[0]
        let start = row * denseCount
        for index in 0..<denseCount { sum += dense[start + index] * coefficients[1 + index] }
        let firstCode = row * codeCount
        for index in firstCode..<(firstCode + codeCount)
        where codes[index] != DesignMatrix.noColumn {
            sum += coefficients[Int(codes[index])]
        }
        return sum
    }

    private func transposedProduct(_ factors: [Double], rows: Range<Int>) -> [Double] {
        var sums = [Double](repeating: 0, count: coefficientCount)
        for row in rows {
            let factor = factors[row]
            sums[0] += factor
            let start = row * denseCount
            for index in 0..<denseCount { sums[1 + index] += factor * dense[start + index] }
            let firstCode = row * codeCount
            for index in firstCode..<(firstCode + codeCount)
            where codes[index] != DesignMatrix.noColumn {
                sums[Int(codes[index])] += factor
            }
        }
        return sums
    }

    private func gram(rowWeights: [Double]?, rows: Range<Int>) -> [Double] {
        var sums = SymmetricMatrix(order: coefficientCount).elements
        let width = 1 + denseCount + codeCount
        var columns = [Int](repeating: 0, count: width)
        var values = [Double](repeating: 1, count: width)
        for row in rows {
            let count = gather(row, &columns, &values)
            let weight = rowWeights.map { $0[row] } ?? 1
            for left in 0..<count {
                let start = columns[left] * (columns[left] + 1) / 2
                let factor = weight * values[left]
                for right in 0...left { sums[start + columns[right]] += factor * values[right] }
            }
        }
        return sums
    }

    /// The columns and values of a row's non-zeros, in rising order; returns their number.
    private func gather(_ row: Int, _ columns: inout [Int], _ values: inout [Double]) -> Int {
        var count = 1
        for index in 0..<denseCount {
            columns[count] = 1 + index
            values[count] = dense[row * denseCount + index]
            count += 1
        }
        let firstCode = row * codeCount
        for index in firstCode..<(firstCode + codeCount)
        where codes[index] != DesignMatrix.noColumn {
            columns[count] = Int(codes[index])
            values[count] = 1
            count += 1
        }
        return count
    }
}

internal import CKernels

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

    /// The same with a dense column of zeros and ones for each one-hot column.
    package var withoutCodes: DesignMatrix {
        guard coefficientCount > 1 + denseCount else { return self }
        let width = coefficientCount - 1
        var values = [Double](repeating: 0, count: rows * width)
        for row in 0..<rows {
            for column in 0..<denseCount {
                values[row * width + column] = dense[row * denseCount + column]
            }
            for code in codes[(row * codeCount)..<((row + 1) * codeCount)]
            where code != DesignMatrix.noColumn {
                values[row * width + Int(code) - 1] = 1
            }
        }
        return DesignMatrix(
            rows: rows, dense: values, denseCount: width, codes: [], codeCount: 0,
            coefficientCount: coefficientCount)
    }

    /// The blocks that sums over the rows are cut into.
    package var blocks: RowBlocks { RowBlocks(rows: rows) }

    /// The product with a vector of coefficients: one score a row.
    package func scores(_ coefficients: [Double], _ executor: ParallelExecutor) -> [Double] {
        let blocks = blocks
        let scores = unsafe SharedBuffer<Double>(unset: rows)
        // Unsafe: each block sets its rows' scores.
        _ = executor.map(blocks.count) { block in
            let range = blocks.range(block)
            unsafe setScores(
                coefficients, rows: range, executor.level, scores.start + range.lowerBound)
        }
        return unsafe Array(UnsafeBufferPointer(start: scores.start, count: rows))
    }

    /// The transposed product with one factor a row: for each coefficient, the sum of the factors
    /// times the column.
    package func transposedProduct(
        _ factors: [Double], _ executor: ParallelExecutor
    ) -> [Double] {
        precondition(factors.count == rows)
        let blocks = blocks
        let parts = executor.map(blocks.count) { block in
            var sums = [Double](repeating: 0, count: coefficientCount)
            let range = blocks.range(block)
            // Unsafe: as many factors as rows.
            unsafe factors[range].withUnsafeBufferPointer { factors in
                if let factors = factors.baseAddress {
                    unsafe addColumns(times: factors, rows: range, executor.level, to: &sums)
                }
            }
            return sums
        }
        return treeSum(parts, count: coefficientCount)
    }

    /// Sets the scores of some rows: for each the intercept, then its dense columns in order, then
    /// its codes.
    @unsafe func setScores(
        _ coefficients: [Double], rows: Range<Int>, _ level: InstructionLevel,
        _ scores: UnsafeMutablePointer<Double>
    ) {
        precondition(coefficients.count == coefficientCount && rows.upperBound <= self.rows)
        unsafe withDense(rows) { dense in
            unsafe mlk_scores(
                level.rawValue, dense, denseCount, rows.count, coefficients, scores)
        }
        for row in rows where codeCount > 0 {
            for index in (row * codeCount)..<((row + 1) * codeCount)
            where codes[index] != DesignMatrix.noColumn {
                unsafe scores[row - rows.lowerBound] += coefficients[Int(codes[index])]
            }
        }
    }

    /// Adds the columns of some rows times these rows' factors to one sum a coefficient, row by row.
    @unsafe func addColumns(
        times factors: UnsafePointer<Double>, rows: Range<Int>, _ level: InstructionLevel,
        to sums: inout [Double]
    ) {
        precondition(sums.count == coefficientCount && rows.upperBound <= self.rows)
        var first = sums[0]
        for index in 0..<rows.count { first += unsafe factors[index] }
        sums[0] = first
        unsafe withDense(rows) { dense in
            // Unsafe: the dense columns' sums stand behind the first.
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                guard let start = sums.baseAddress else { return }
                unsafe mlk_column_sums(
                    level.rawValue, dense, denseCount, rows.count, factors, start + 1)
            }
        }
        for row in rows where codeCount > 0 {
            for index in (row * codeCount)..<((row + 1) * codeCount)
            where codes[index] != DesignMatrix.noColumn {
                sums[Int(codes[index])] += unsafe factors[row - rows.lowerBound]
            }
        }
    }

    /// Calls `body` with the dense columns of some rows.
    @unsafe func withDense(_ rows: Range<Int>, _ body: (UnsafePointer<Double>) -> Void) {
        unsafe dense.withUnsafeBufferPointer { dense in
            // Without columns nothing is read, and any address will do.
            unsafe withUnsafePointer(to: 0.0) { nothing in
                let start = unsafe dense.baseAddress ?? nothing
                unsafe body(start + rows.lowerBound * denseCount)
            }
        }
    }
}

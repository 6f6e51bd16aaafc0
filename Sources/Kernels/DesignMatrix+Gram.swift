internal import CKernels

extension DesignMatrix {
    /// The matrix of the sums of weight * column i * column j over the rows (XᵀWX), all weights 1
    /// when nil. Cost: rows times the square of the non-zeros of a row; memory 64 times the result.
    package func gram(
        rowWeights: SharedBuffer<Double>?, _ executor: ParallelExecutor
    ) -> SymmetricMatrix {
        precondition(rowWeights == nil || rowWeights?.count == rows)
        let blocks = blocks
        let parts = executor.map(blocks.count) { block in
            gram(rowWeights: rowWeights, rows: blocks.range(block), executor.level)
        }
        let empty = SymmetricMatrix(order: coefficientCount)
        return SymmetricMatrix(
            order: coefficientCount, elements: treeSum(parts, count: empty.elements.count))
    }

    /// The same of all rows in their order, without blocks, on this thread.
    package func gram(inOrder level: InstructionLevel) -> SymmetricMatrix {
        SymmetricMatrix(
            order: coefficientCount, elements: gram(rowWeights: nil, rows: 0..<rows, level))
    }

    /// The sums of some rows, each in the order of the rows.
    private func gram(
        rowWeights: SharedBuffer<Double>?, rows: Range<Int>, _ level: InstructionLevel
    ) -> [Double] {
        let order = 1 + denseCount
        var sums = denseGram(rowWeights, rows, level)
        sums += [Double](
            repeating: 0,
            count: SymmetricMatrix(order: coefficientCount).elements.count - sums.count)
        guard codeCount > 0 else { return sums }
        for row in rows {
            let weight = rowWeights.map { $0[row] } ?? 1
            let firstCode = row * codeCount
            for left in firstCode..<(firstCode + codeCount)
            where codes[left] != DesignMatrix.noColumn {
                let column = Int(codes[left])
                let start = column * (column + 1) / 2
                sums[start] += weight
                for index in 1..<max(1, order) {
                    sums[start + index] += weight * dense[row * denseCount + index - 1]
                }
                for right in firstCode...left where codes[right] != DesignMatrix.noColumn {
                    sums[start + Int(codes[right])] += weight
                }
            }
        }
        return sums
    }

    /// The lower triangle of the constant and the dense columns.
    private func denseGram(
        _ rowWeights: SharedBuffer<Double>?, _ rows: Range<Int>, _ level: InstructionLevel
    ) -> [Double] {
        let order = 1 + denseCount
        let width = (order + 15) / 16 * 16
        let sums = SharedBuffer(repeating: 0.0, count: width * width)
        let scratch = unsafe SharedBuffer<Double>(unset: 2 * Int(mlk_gram_rows) * width)
        unsafe withDense(rows) { dense in
            // Unsafe: as many weights as rows.
            let weights = unsafe rowWeights.map { unsafe $0.start + rows.lowerBound }
            unsafe mlk_gram(
                level.rawValue, dense, denseCount, rows.count, weights, scratch.start, sums.start,
                width)
        }
        return (0..<order).flatMap { row in (0...row).map { sums[row * width + $0] } }
    }
}

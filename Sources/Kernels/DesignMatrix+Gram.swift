extension DesignMatrix {
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

    /// The sums of some rows, each in the order of the rows.
    private func gram(rowWeights: [Double]?, rows: Range<Int>) -> [Double] {
        let order = 1 + denseCount
        var sums = denseGram(rowWeights, rows)
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
    private func denseGram(_ rowWeights: [Double]?, _ rows: Range<Int>) -> [Double] {
        let order = 1 + denseCount
        let tile = GramTile(order: order)
        var first = rows.lowerBound
        while first < rows.upperBound {
            let count = min(GramTile.maximumRows, rows.upperBound - first)
            for place in 0..<count {
                tile.set(
                    place,
                    dense[((first + place) * denseCount)..<((first + place + 1) * denseCount)],
                    weight: rowWeights.map { $0[first + place] } ?? 1)
            }
            tile.addProducts(rows: count)
            first += count
        }
        return (0..<order).flatMap { row in (0...row).map { tile.sum(row, $0) } }
    }
}

/// The products of the columns of a few rows at a time: sixteen sums stay in registers while the
/// rows pass by. Each sum takes the rows in their order, so its bits are those of a plain loop.
private struct GramTile {
    static let maximumRows = 64

    private let width: Int
    /// Rows of four columns each, padded with zeros.
    private let rights: SharedBuffer<SIMD4<Double>>
    /// The same times the rows' weights.
    private let lefts: SharedBuffer<SIMD4<Double>>
    private let sums: SharedBuffer<SIMD4<Double>>

    init(order: Int) {
        width = (order + 3) / 4
        let zero = SIMD4<Double>(repeating: 0)
        rights = SharedBuffer(repeating: zero, count: GramTile.maximumRows * width)
        lefts = SharedBuffer(repeating: zero, count: GramTile.maximumRows * width)
        sums = SharedBuffer(repeating: zero, count: 4 * width * width)
    }

    /// Sets a row: 1, then its dense columns.
    func set(_ row: Int, _ columns: ArraySlice<Double>, weight: Double) {
        precondition(row < GramTile.maximumRows && columns.count < 4 * width)
        unsafe columns.withUnsafeBufferPointer { columns in
            // Unsafe: four doubles a vector, `4 * width` a row, of which the columns fill all but
            // the first and the padding.
            let start = row * width
            let right = unsafe UnsafeMutableRawPointer(rights.start + start)
                .assumingMemoryBound(to: Double.self)
            let left = unsafe UnsafeMutableRawPointer(lefts.start + start)
                .assumingMemoryBound(to: Double.self)
            unsafe right[0] = 1
            unsafe left[0] = weight
            for index in 0..<columns.count {
                unsafe right[index &+ 1] = columns[index]
                unsafe left[index &+ 1] = weight * columns[index]
            }
        }
    }

    /// Adds left * right for all pairs of columns, right not behind left's group of four.
    func addProducts(rows: Int) {
        precondition(rows <= GramTile.maximumRows)
        let (rights, lefts, sums) = unsafe (rights.start, lefts.start, sums.start)
        for left in 0..<width {
            for right in 0...left {
                // Unsafe: indexes below the buffers' counts, as rows and groups are.
                let place = unsafe sums + (left &* 4 &* width &+ right)
                var (first, second) = unsafe (place[0], place[width])
                var (third, fourth) = unsafe (place[2 &* width], place[3 &* width])
                for row in 0..<rows {
                    let factors = unsafe lefts[row &* width &+ left]
                    let values = unsafe rights[row &* width &+ right]
                    first += factors.x * values
                    second += factors.y * values
                    third += factors.z * values
                    fourth += factors.w * values
                }
                unsafe place[0] = first
                unsafe place[width] = second
                unsafe place[2 &* width] = third
                unsafe place[3 &* width] = fourth
            }
        }
    }

    /// The sum of the products of two columns, the second not behind the first.
    func sum(_ left: Int, _ right: Int) -> Double { sums[left * width + right / 4][right % 4] }
}

/// A symmetric matrix kept as its lower triangle, row by row: element (i, j), j <= i, at
/// i (i + 1) / 2 + j.
package struct SymmetricMatrix: Sendable, Equatable {
    /// The number of rows, which is that of columns.
    package let order: Int
    /// The lower triangle.
    package var elements: [Double]

    /// The zero matrix.
    package init(order: Int) {
        self.order = order
        elements = [Double](repeating: 0, count: order * (order + 1) / 2)
    }

    /// The matrix with this lower triangle, which has `order (order + 1) / 2` elements.
    package init(order: Int, elements: [Double]) {
        precondition(elements.count == order * (order + 1) / 2)
        self.order = order
        self.elements = elements
    }

    /// Element (row, column), `column <= row`.
    package subscript(row: Int, column: Int) -> Double {
        get { elements[row * (row + 1) / 2 + column] }
        set { elements[row * (row + 1) / 2 + column] = newValue }
    }
}

/// The Cholesky factor of a positive semidefinite matrix: row by row, every inner sum in index
/// order. A column that (to 1e-11 of its own size) depends on the ones before it is left out: its
/// unknown is zero in every solution, as in R's `lm`.
package struct CholeskyFactor: Sendable {
    private let lower: SymmetricMatrix
    /// The columns left out, in order: empty for a positive definite matrix.
    package let dependentColumns: [Int]

    /// The factor of `matrix`, or nil when an element is not finite. Cost: order^3 / 6
    /// multiplications.
    package init?(_ matrix: SymmetricMatrix) {
        guard matrix.elements.allSatisfy({ $0.isFinite }) else { return nil }
        var lower = matrix
        var dependent: [Int] = []
        for row in 0..<matrix.order {
            for column in 0...row {
                var sum = matrix[row, column]
                for inner in 0..<column { sum -= lower[row, inner] * lower[column, inner] }
                if column < row {
                    // A column left out has a zero on the diagonal.
                    let pivot = lower[column, column]
                    lower[row, column] = pivot == 0 ? 0 : sum / pivot
                } else if sum > 1e-11 * matrix[row, row] {
                    lower[row, row] = sum.squareRoot()
                } else {
                    lower[row, row] = 0
                    dependent.append(row)
                }
            }
        }
        self.lower = lower
        dependentColumns = dependent
    }

    /// The solution x of `matrix * x = right`, zero in the dependent columns.
    package func solve(_ right: [Double]) -> [Double] {
        precondition(right.count == lower.order)
        var x = right
        for row in 0..<lower.order {
            let pivot = lower[row, row]
            var sum = x[row]
            for column in 0..<row { sum -= lower[row, column] * x[column] }
            x[row] = pivot == 0 ? 0 : sum / pivot
        }
        for row in (0..<lower.order).reversed() {
            let pivot = lower[row, row]
            var sum = x[row]
            var below = row + 1
            while below < lower.order {
                sum -= lower[below, row] * x[below]
                below += 1
            }
            x[row] = pivot == 0 ? 0 : sum / pivot
        }
        return x
    }
}

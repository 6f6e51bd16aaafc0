/// Sums of products of columns with each other, the first of which is a constant 1: what becomes of them
/// when the columns are put elsewhere or moved.
extension SymmetricMatrix {
    /// The element in that row and column, in either order.
    package func element(_ row: Int, _ column: Int) -> Double {
        self[max(row, column), min(row, column)]
    }

    /// The same among more columns, whose products are 0: column i becomes column `places[i]`.
    package func placed(at places: [Int], order: Int) -> SymmetricMatrix {
        var result = SymmetricMatrix(order: order)
        for row in 0..<self.order {
            for column in 0...row {
                let (left, right) = (places[row], places[column])
                result[max(left, right), min(left, right)] = self[row, column]
            }
        }
        return result
    }

    /// Makes the products those of a column moved by `distance`, but for the rows where column `missing`
    /// is 1 (nil: there are none); the column is 0 in these. Cost: the order.
    package mutating func move(column: Int, by distance: Double, missing: Int?) {
        precondition(column > 0)
        /// The sum of a column over the rows that move.
        func moving(_ other: Int) -> Double {
            missing.map { element(0, other) - element($0, other) } ?? element(0, other)
        }
        let square = 2 * distance * moving(column) + distance * distance * moving(0)
        for other in 0..<order where other != column {
            self[max(column, other), min(column, other)] += distance * moving(other)
        }
        self[column, column] += square
    }
}

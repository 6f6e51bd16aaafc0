import Kernels
import Testing

/// What becomes of sums of products when columns move.
@Suite struct ProductTests {
    private static let rows = 200
    /// A number that is missing in some rows, whose 0 says so, and another one; small integers, so that
    /// all sums are exact.
    private static let present = (0..<rows).map { $0 % 5 != 0 }
    private static let first = (0..<rows).map { present[$0] ? Double($0 * 37 % 19) : 0 }
    private static let second = (0..<rows).map { Double($0 * 11 % 23) - 8 }

    private func products(movedBy distance: Double) -> SymmetricMatrix {
        var dense: [Double] = []
        for row in 0..<ProductTests.rows {
            let isPresent = ProductTests.present[row]
            dense.append(ProductTests.first[row] + (isPresent ? distance : 0))
            dense.append(ProductTests.second[row])
            dense.append(isPresent ? 0 : 1)
        }
        return DesignMatrix(
            rows: ProductTests.rows, dense: dense, denseCount: 3, codes: [], codeCount: 0,
            coefficientCount: 4
        ).gram(inOrder: .best)
    }

    @Test(arguments: [-3.0, 0.5, 1024])
    func `a moved column has the products of moved values`(distance: Double) {
        var moved = products(movedBy: 0)
        moved.move(column: 1, by: distance, missing: 3)
        #expect(moved == products(movedBy: distance))
        moved.move(column: 1, by: -distance, missing: 3)
        #expect(moved == products(movedBy: 0))
    }

    @Test func `columns among others keep their products`() {
        let sums = products(movedBy: 0)
        let wide = sums.placed(at: [0, 4, 2, 3], order: 6)
        for (row, place) in [0, 4, 2, 3].enumerated() {
            for (column, other) in [0, 4, 2, 3].enumerated() {
                #expect(wide.element(place, other) == sums.element(row, column))
            }
            #expect(wide.element(place, 1) == 0 && wide.element(5, place) == 0)
        }
    }
}

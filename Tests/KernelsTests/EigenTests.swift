import Kernels
import Testing

@Suite struct EigenTests {
    private func matrix(_ order: Int, rank: Int? = nil) -> SymmetricMatrix {
        let source = RandomSource(seed: 8, purpose: "matrix")
        let rows = (0..<(rank ?? order + 3)).map { row in
            (0..<order).map { source.normal(at: UInt64(row * order + $0)) }
        }
        var matrix = SymmetricMatrix(order: order)
        for row in 0..<order {
            for column in 0...row {
                matrix[row, column] = rows.reduce(0) { $0 + $1[row] * $1[column] }
            }
        }
        return matrix
    }

    private func element(_ matrix: SymmetricMatrix, _ row: Int, _ column: Int) -> Double {
        matrix[max(row, column), min(row, column)]
    }

    @Test(arguments: [1, 2, 5, 24], [false, true])
    func `vectors are turned into multiples of themselves, and are orthogonal`(
        order: Int, isSingular: Bool
    ) {
        let matrix = matrix(order, rank: isSingular ? max(1, order / 2) : nil)
        let (values, vectors) = eigenSystem(matrix)
        #expect(values == values.sorted(by: >))
        let size = values[0]
        for (value, vector) in zip(values, vectors) {
            for row in 0..<order {
                let product = (0..<order).reduce(0) {
                    $0 + element(matrix, row, $1) * vector[$1]
                }
                #expect((product - value * vector[row]).magnitude < 1e-13 * size)
            }
            let largest = vector.max { $0.magnitude < $1.magnitude } ?? 0
            #expect(largest > 0)
        }
        for left in 0..<order {
            for right in 0...left {
                let product = blockDot(vectors[left], vectors[right])
                #expect((product - (left == right ? 1 : 0)).magnitude < 1e-13)
            }
        }
    }

    @Test func `a diagonal is its own answer, and a matrix of zeros has one`() {
        var diagonal = SymmetricMatrix(order: 3)
        for (index, value) in [2.0, 7, 7].enumerated() { diagonal[index, index] = value }
        let (values, vectors) = eigenSystem(diagonal)
        #expect(values == [7, 7, 2])
        #expect(vectors == [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
        #expect(eigenSystem(SymmetricMatrix(order: 2)).values == [0, 0])
        #expect(eigenSystem(SymmetricMatrix(order: 0)).values.isEmpty)
    }
}

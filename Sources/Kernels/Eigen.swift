/// The eigenvalues of a symmetric matrix, the largest first, and its eigenvectors, of length 1 and
/// each with its largest element (the first of equal ones) above zero. Of equal eigenvalues the one
/// that was found at the lower row stands first.
///
/// By Jacobi's rotations, row by row, until no element off the diagonal is worth one: C. Jacobi, 1846;
/// J. Demmel and K. Veselić, *Jacobi's method is more accurate than QR*, 1992. Cost: about 40
/// multiplications times order^3. Elements must be finite.
package func eigenSystem(
    _ matrix: SymmetricMatrix
) -> (values: [Double], vectors: [[Double]]) {
    var rotations = Rotations(matrix)
    // Each sweep squares what is left: ten are many.
    for _ in 0..<60 where rotations.sweep() {}
    let order = rotations.values.indices.sorted {
        let (left, right) = (rotations.values[$0], rotations.values[$1])
        return left == right ? $0 < $1 : left > right
    }
    return (order.map { rotations.values[$0] }, order.map { upright(rotations.vectors[$0]) })
}

/// The vector, turned round where its largest element is negative.
private func upright(_ vector: [Double]) -> [Double] {
    var largest = 0.0
    for element in vector where element.magnitude > largest.magnitude { largest = element }
    return largest < 0 ? vector.map { -$0 } : vector
}

private struct Rotations {
    private var rows: [[Double]]
    var vectors: [[Double]]
    private let order: Int

    var values: [Double] { (0..<order).map { rows[$0][$0] } }

    init(_ matrix: SymmetricMatrix) {
        let order = matrix.order
        self.order = order
        rows = (0..<order).map { row in
            (0..<order).map { matrix[max(row, $0), min(row, $0)] }
        }
        vectors = (0..<order).map { row in (0..<order).map { $0 == row ? 1 : 0 } }
    }

    /// Turns every pair of rows that is worth it; false when none was.
    mutating func sweep() -> Bool {
        let floor = 0x1p-60 * values.reduce(0) { max($0, $1.magnitude) }
        var turned = false
        for p in 0..<order {
            for q in (p + 1)..<max(p + 1, order) {
                let size = (rows[p][p] * rows[q][q]).magnitude.squareRoot()
                guard rows[p][q].magnitude > max(floor, 0x1p-53 * size) else { continue }
                turn(p, q)
                turned = true
            }
        }
        return turned
    }

    /// Makes element (p, q) zero.
    private mutating func turn(_ p: Int, _ q: Int) {
        let element = rows[p][q]
        let ratio = (rows[q][q] - rows[p][p]) / (2 * element)
        let root = (ratio * ratio + 1).squareRoot()
        let tangent = (ratio < 0 ? -1 : 1) / (ratio.magnitude + root)
        let cosine = 1 / (tangent * tangent + 1).squareRoot()
        let sine = tangent * cosine
        let (first, second) = (rows[p][p] - tangent * element, rows[q][q] + tangent * element)
        Rotations.turn(&rows, p, q, cosine, sine)
        Rotations.turn(&vectors, p, q, cosine, sine)
        rows[p][p] = first
        rows[q][q] = second
        rows[p][q] = 0
        rows[q][p] = 0
        for other in 0..<order where other != p && other != q {
            rows[other][p] = rows[p][other]
            rows[other][q] = rows[q][other]
        }
    }

    private static func turn(
        _ rows: inout [[Double]], _ p: Int, _ q: Int, _ cosine: Double, _ sine: Double
    ) {
        for index in rows[p].indices {
            let (first, second) = (rows[p][index], rows[q][index])
            rows[p][index] = cosine * first - sine * second
            rows[q][index] = sine * first + cosine * second
        }
    }
}

internal import Kernels

/// The penalty l2 / (2 rows) |w|² on all coefficients but the first, the intercept.
struct Penalty: Sendable {
    /// l2 / rows: the penalty of the mean loss.
    let strength: Double

    init(l2: Double, rows: Int) { strength = l2 / Double(rows) }

    func value(_ coefficients: ArraySlice<Double>) -> Double {
        var sum = 0.0
        for coefficient in coefficients.dropFirst() { sum += coefficient * coefficient }
        return 0.5 * strength * sum
    }

    /// Adds the derivative at `coefficients` to a gradient.
    func addDerivative(_ coefficients: ArraySlice<Double>, to gradient: inout [Double]) {
        for (index, coefficient) in coefficients.enumerated().dropFirst() {
            gradient[index] += strength * coefficient
        }
    }

    /// Adds the second derivative to a matrix.
    func addCurvature(to matrix: inout SymmetricMatrix) {
        for index in 1..<max(1, matrix.order) { matrix[index, index] += strength }
    }
}

/// Up to so many coefficients a matrix of second derivatives is cheap; beyond it L-BFGS is used.
let maximumNewtonOrder = 512

/// A function to be minimised: its value and gradient at a point.
package typealias Objective = ([Double]) -> (value: Double, gradient: [Double])

/// When to stop a minimisation.
package struct StoppingRule: Sendable, Equatable {
    /// The most steps taken.
    package let maximumIterations: Int
    /// The largest magnitude of a gradient element that counts as zero.
    package let tolerance: Double

    /// The rule with these limits.
    package init(maximumIterations: Int, tolerance: Double) {
        self.maximumIterations = maximumIterations
        self.tolerance = tolerance
    }

    /// Whether a gradient is small enough to stop at.
    package func accepts(_ gradient: [Double]) -> Bool {
        gradient.allSatisfy { $0.magnitude <= tolerance }
    }
}

/// Where a minimisation ended.
package struct Minimum: Sendable, Equatable {
    /// The best point found.
    package let point: [Double]
    /// The value there; not finite when the objective was not.
    package let value: Double
    /// The steps taken.
    package let iterations: Int
    /// Whether the gradient met the tolerance.
    package let converged: Bool

    /// Makes the result.
    package init(point: [Double], value: Double, iterations: Int, converged: Bool) {
        self.point = point
        self.value = value
        self.iterations = iterations
        self.converged = converged
    }
}

/// Minimises a smooth convex function by L-BFGS (J. Nocedal, 1980; ten pairs kept), with a
/// bisection search for a step that meets the weak Wolfe conditions (c1 = 1e-4, c2 = 0.9).
///
/// Ends when the gradient meets the rule, after the rule's iterations, or when no step lowers the
/// value (the limit of the arithmetic: reported as not converged unless the gradient is met).
package func minimiseByLBFGS(
    from start: [Double], _ rule: StoppingRule, observer: StepObserver = .none,
    _ objective: Objective
) -> Minimum {
    var point = start
    var (value, gradient) = objective(point)
    observer(0, loss: value, state: bits(point))
    var history = CurvatureHistory()
    var iterations = 0
    while value.isFinite, iterations < rule.maximumIterations, !rule.accepts(gradient) {
        let direction = history.direction(gradient)
        let first = history.isEmpty ? 1 / max(1, dot(gradient, gradient).squareRoot()) : 1
        guard
            let step = wolfeStep(
                point, value, gradient, along: direction, first: first, objective)
        else { break }
        history.add(
            step: difference(step.point, point), change: difference(step.gradient, gradient))
        (point, value, gradient) = (step.point, step.value, step.gradient)
        iterations += 1
        observer(iterations, loss: value, state: bits(point))
    }
    return Minimum(
        point: point, value: value, iterations: iterations, converged: rule.accepts(gradient))
}

/// Minimises a smooth convex function by Newton's method, halving a step until it lowers the value.
/// `curvature` is the matrix of second derivatives at a point, asked for only at the point that the
/// objective was evaluated at last. Ends as `minimiseByLBFGS` does.
package func minimiseByNewton(
    from start: [Double], _ rule: StoppingRule, observer: StepObserver = .none,
    _ objective: Objective, curvature: ([Double]) -> SymmetricMatrix
) -> Minimum {
    var point = start
    var (value, gradient) = objective(point)
    observer(0, loss: value, state: bits(point))
    var iterations = 0
    while value.isFinite, iterations < rule.maximumIterations, !rule.accepts(gradient) {
        guard let factor = CholeskyFactor(curvature(point)) else { break }
        let direction = factor.solve(gradient).map { -$0 }
        guard let step = decreasingStep(point, value, gradient, along: direction, objective)
        else { break }
        (point, value, gradient) = (step.point, step.value, step.gradient)
        iterations += 1
        observer(iterations, loss: value, state: bits(point))
    }
    return Minimum(
        point: point, value: value, iterations: iterations, converged: rule.accepts(gradient))
}

private struct Step {
    let point: [Double]
    let value: Double
    let gradient: [Double]
}

/// A step to `point + length * direction`.
private func step(
    _ point: [Double], _ direction: [Double], _ length: Double, _ objective: Objective
) -> Step {
    let moved = point.indices.map { point[$0] + length * direction[$0] }
    let (value, gradient) = objective(moved)
    return Step(point: moved, value: value, gradient: gradient)
}

/// The first of the lengths 1, 1/2, 1/4 ... that lowers the value enough (Armijo, 1e-4).
private func decreasingStep(
    _ point: [Double], _ value: Double, _ gradient: [Double], along direction: [Double],
    _ objective: Objective
) -> Step? {
    let slope = dot(gradient, direction)
    guard slope < 0 else { return nil }
    var length = 1.0
    for _ in 0..<40 {
        let next = step(point, direction, length, objective)
        if next.value <= value + 1e-4 * length * slope { return next }
        length /= 2
    }
    return nil
}

/// A length between one that is too long (the value does not fall enough) and one that is too short
/// (the slope is still steep), found by doubling and bisection (A. Lewis, M. Overton, 2013).
private func wolfeStep(
    _ point: [Double], _ value: Double, _ gradient: [Double], along direction: [Double],
    first: Double, _ objective: Objective
) -> Step? {
    let slope = dot(gradient, direction)
    guard slope < 0 else { return nil }
    var shortest = 0.0
    var longest = Double.infinity
    var length = first
    var best: Step?
    for _ in 0..<50 {
        let next = step(point, direction, length, objective)
        if !(next.value <= value + 1e-4 * length * slope) {
            longest = length
        } else {
            best = next
            if dot(next.gradient, direction) >= 0.9 * slope { return next }
            shortest = length
        }
        length = longest.isFinite ? (shortest + longest) / 2 : 2 * shortest
    }
    return best
}

/// The last ten steps and gradient changes of L-BFGS.
private struct CurvatureHistory {
    private var pairs: [(step: [Double], change: [Double], product: Double)] = []

    var isEmpty: Bool { pairs.isEmpty }

    /// Keeps a pair with positive curvature; another would spoil the approximation.
    mutating func add(step: [Double], change: [Double]) {
        let product = dot(step, change)
        guard product > 1e-14 * dot(change, change) else { return }
        if pairs.count == 10 { pairs.removeFirst() }
        pairs.append((step, change, product))
    }

    /// Minus the approximate inverse curvature times the gradient, by the two-loop recursion.
    func direction(_ gradient: [Double]) -> [Double] {
        var result = gradient
        var shares: [Double] = []
        for pair in pairs.reversed() {
            let share = dot(pair.step, result) / pair.product
            shares.append(share)
            for index in result.indices { result[index] -= share * pair.change[index] }
        }
        if let last = pairs.last {
            let scale = last.product / dot(last.change, last.change)
            for index in result.indices { result[index] *= scale }
        }
        for pair in pairs {
            let share = (shares.popLast() ?? 0) - dot(pair.change, result) / pair.product
            for index in result.indices { result[index] += share * pair.step[index] }
        }
        return result.map { -$0 }
    }
}

private func dot(_ left: [Double], _ right: [Double]) -> Double { blockDot(left, right) }

private func difference(_ left: [Double], _ right: [Double]) -> [Double] {
    left.indices.map { left[$0] - right[$0] }
}

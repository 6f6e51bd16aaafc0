/// How far two numbers may be from each other and count as equal.
package struct Tolerance: Sendable, Hashable {
    /// The largest difference.
    package var absolute = 0.0
    /// The largest difference as a share of the larger of both magnitudes; below 1.
    package var relative = 0.0

    /// Makes it.
    package init(absolute: Double = 0, relative: Double = 0) {
        self.absolute = absolute
        self.relative = relative
    }

    /// Whether two numbers, neither of which is NaN, count as equal; infinite ones where they are the same.
    package func allows(_ left: Double, _ right: Double) -> Bool {
        if left == right { return true }
        guard left.isFinite, right.isFinite else { return false }
        let difference = (left - right).magnitude
        return difference <= absolute
            || difference <= relative * max(left.magnitude, right.magnitude)
    }
}

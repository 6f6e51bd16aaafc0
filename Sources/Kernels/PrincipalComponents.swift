/// The directions in which rows vary most: the eigenvectors of their covariance.
package struct PrincipalComponents: Sendable, Equatable {
    /// The means of the columns.
    package let means: [Double]
    /// The variances along the components, the largest first; of all of them, also of those that
    /// are not kept.
    package let variances: [Double]
    /// The components kept, of length 1, each with its largest element above zero.
    package let components: [[Double]]

    /// Those of rows without codes, at least two. The sums of products are those of `gram`, so any
    /// executor gives the same bits. Nil where they are not finite.
    package init?(_ design: DesignMatrix, count: Int, _ executor: ParallelExecutor) {
        precondition(design.codeCount == 0)
        let sums = design.gram(rowWeights: nil, executor)
        self.init(sums: sums, rows: design.rows, count: count)
    }

    /// Those of at least two rows of which the sums of products of a constant 1 and the columns, each
    /// with each, are known. Nil where these are not finite.
    package init?(sums: SymmetricMatrix, rows count: Int, count kept: Int) {
        precondition(count > 1)
        guard sums.elements.allSatisfy({ $0.isFinite }) else { return nil }
        let rows = Double(count)
        let width = sums.order - 1
        var covariance = SymmetricMatrix(order: width)
        for row in 0..<width {
            for column in 0...row {
                let share = sums[1 + row, 0] * sums[1 + column, 0] / rows
                covariance[row, column] = (sums[1 + row, 1 + column] - share) / (rows - 1)
            }
        }
        let (values, vectors) = eigenSystem(covariance)
        means = (0..<width).map { sums[1 + $0, 0] / rows }
        // Rounding may leave less than nothing.
        variances = values.map { max(0, $0) }
        components = Array(vectors.prefix(kept))
    }

    /// The parts of a model that was read.
    package init(means: [Double], variances: [Double], components: [[Double]]) {
        self.means = means
        self.variances = variances
        self.components = components
    }

    /// Each component's coordinate of every row.
    package func coordinates(
        _ design: DesignMatrix, _ executor: ParallelExecutor
    ) -> [[Double]] {
        components.map { component in
            let middle = blockDot(component, means)
            return design.scores([-middle] + component, executor)
        }
    }

    /// Of each row the squared distance from the means.
    package func squaredDistances(
        _ design: DesignMatrix, _ executor: ParallelExecutor
    ) -> [Double] {
        nearestCentres(design, means, executor).distances
    }
}

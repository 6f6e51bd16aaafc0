package import Kernels
internal import Vocabulary

/// What is learnt: one value a row of the design matrix.
package enum Target: Sendable, Equatable {
    /// Numbers, all finite.
    case numbers([Double])
    /// Classes as indexes below `count`.
    case classes([UInt32], count: Int)
    /// Nothing: the rows themselves are what is learnt.
    case nothing
}

/// What a model needs its target column to be.
package enum TargetKind: Sendable, Equatable {
    /// Numbers.
    case numbers
    /// Exactly two classes.
    case twoClasses
    /// Two classes or more.
    case classes
    /// No target at all.
    case nothing
}

/// What a fit found.
package struct Fit: Sendable, Equatable {
    /// One vector of coefficients for every output of the model: one for linear and logistic
    /// models, one a class for softmax.
    package let coefficients: [[Double]]
    /// The mean loss over the rows plus the penalty, at the end.
    package let loss: Double
    /// The steps of the minimiser.
    package let iterations: Int
    /// Whether the derivative met the tolerance.
    package let converged: Bool

    /// Makes the result.
    package init(coefficients: [[Double]], loss: Double, iterations: Int, converged: Bool) {
        self.coefficients = coefficients
        self.loss = loss
        self.iterations = iterations
        self.converged = converged
    }
}

/// A way to fit a model. A value without state: fitting twice gives the same bits twice, whatever
/// was fitted in between and whatever the executor.
package protocol Estimator: Sendable {
    /// The name in stage files and model files.
    var name: String { get }
    /// What the target must be.
    var targetKind: TargetKind { get }
    /// Whether it has the penalty `l1`, which leaves features out.
    var isSparse: Bool { get }

    /// Fits the rows of `design` to the target, which is of `targetKind`. Throws `numeric` when the
    /// loss is not a finite number.
    func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor, observer: StepObserver
    ) throws -> Fit
}

extension Estimator {
    package var isSparse: Bool { false }

    /// A fit that nobody observes.
    package func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor
    ) throws -> Fit {
        try fit(design, target, parameters, executor, observer: .none)
    }
}

extension StoreError {
    static func lossNotFinite(_ model: String) -> StoreError {
        StoreError(
            .numeric, "cannot fit the \(model) model: its loss is not a finite number",
            subject: model,
            advice: "look for extreme values in the features and the target, or change 'l2'",
            safety: "no model was written")
    }
}

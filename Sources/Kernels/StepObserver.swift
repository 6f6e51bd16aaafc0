/// Is told of a training's steps while it goes on: of how far it came, of its loss, and of the bits of
/// all that a step changed. What it does with them cannot change a result.
package struct StepObserver {
    /// The number of a step (0 is the state before the first), its loss where it has one, and the
    /// bits of what it changed.
    package typealias Note = (_ step: Int, _ loss: Double?, _ state: [UInt64]) -> Void

    private let note: Note?

    /// Nobody looks; then nothing is computed for it.
    package static var none: StepObserver { StepObserver(nil) }

    private init(_ note: Note?) { self.note = note }

    /// Tells each step to `note`.
    package init(_ note: @escaping Note) { self.note = note }

    /// The same with losses times `unit`.
    package func scaled(by unit: Double) -> StepObserver {
        guard let note else { return self }
        return StepObserver { step, loss, state in note(step, loss.map { $0 * unit }, state) }
    }

    /// Tells a step. Loss and state are computed only where somebody looks.
    package func callAsFunction(
        _ step: Int, loss: @autoclosure () -> Double?, state: @autoclosure () -> [UInt64]
    ) {
        guard let note else { return }
        note(step, loss(), state())
    }
}

/// The bits of numbers.
package func bits(_ numbers: some Sequence<Double>) -> [UInt64] { numbers.map { $0.bitPattern } }

/// The same of single precision.
package func bits(_ numbers: some Sequence<Float>) -> [UInt64] {
    numbers.map { UInt64($0.bitPattern) }
}

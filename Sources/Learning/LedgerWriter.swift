internal import Bytes
internal import Kernels
internal import Vocabulary

/// Writes the ledger of one training, which goes on on one thread at a time.
final class LedgerWriter {
    private var ledger: StepLedger
    private let take: (@Sendable (StepLedger) -> Void)?
    /// The digest of all steps so far.
    private var state: [UInt8] = []

    fileprivate init(
        _ unit: String, _ start: [UInt64], _ take: (@Sendable (StepLedger) -> Void)?
    ) {
        ledger = StepLedger(unit: unit)
        self.take = take
        if take != nil { absorb(0, start) }
    }

    /// What is told here goes into the ledger. Steps are counted on from those that are there already.
    func observer() -> StepObserver {
        guard take != nil else { return .none }
        let before = ledger.steps
        return StepObserver { step, loss, state in
            self.note(before + step, loss, state)
        }
    }

    /// Hands the ledger over.
    func finish() { take?(ledger) }

    private func note(_ step: Int, _ loss: Double?, _ bits: [UInt64]) {
        absorb(step, bits)
        // A second start is a part of the first step behind it.
        guard ledger.entries.isEmpty || step > ledger.steps else { return }
        let digits = Array(sha256(state).hex.utf8.prefix(16))
        ledger.append(
            StepLedger.Entry(
                step: step, state: String(decoding: digits, as: UTF8.self),
                loss: loss.flatMap { $0.isFinite ? $0 : nil }))
    }

    private func absorb(_ step: Int, _ bits: [UInt64]) {
        var writer = ByteWriter()
        writer.append(state)
        writer.append(uint64: UInt64(step))
        for word in bits { writer.append(uint64: word) }
        state = sha256(writer.bytes).bytes
    }
}

extension StepContext {
    /// A ledger of steps that are called `unit`, of a training that begins with what has these bits.
    func ledger(of unit: String, from start: @autoclosure () -> [UInt64]) -> LedgerWriter {
        LedgerWriter(unit, takeLedger == nil ? [] : start(), takeLedger)
    }
}

internal import Kernels
internal import Vocabulary

extension TrainingTable {
    /// The rows to learn from, and those that tell when to end: the last `validationRows`, or a share
    /// of all, each by a random number that belongs to its position and the purpose.
    ///
    /// Throws `malformed` where one side would have none, and for more rows than have numbers.
    func parts(
        keepingBack share: Double, purpose: String
    ) throws -> (training: [UInt32], validation: [UInt32]) {
        guard rows < Int(UInt32.max) else { throw StoreError.tooManyRows(rows) }
        let all = (0..<UInt32(rows)).map { $0 }
        guard validationRows == 0 else {
            let first = rows - validationRows
            return (Array(all[..<first]), Array(all[first...]))
        }
        guard share > 0 else { return (all, []) }
        let random = RandomSource(seed: seed, purpose: purpose)
        let isKept = all.map { random.uniform(at: UInt64($0)) < share }
        let training = all.filter { !isKept[Int($0)] }
        let validation = all.filter { isKept[Int($0)] }
        guard !training.isEmpty, !validation.isEmpty else {
            throw StoreError.validationTakesAll(rows)
        }
        return (training, validation)
    }
}

extension StoreError {
    static func validationTakesAll(_ rows: Int) -> StoreError {
        StoreError(
            .malformed,
            "cannot keep rows back for validation: of \(rows) rows, one side would have none",
            subject: "validationShare",
            advice: "leave 'validationShare' out: there are too few rows")
    }

    static func tooManyRows(_ rows: Int) -> StoreError {
        StoreError(
            .malformed, "cannot train on \(rows) rows: 4,294,967,294 are the most",
            subject: "data", advice: "train on a part of the rows")
    }
}

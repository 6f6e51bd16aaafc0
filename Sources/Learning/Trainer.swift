internal import Bytes
internal import Kernels

/// A kind of model that `train` can fit.
protocol Trainer: Sendable {
    /// The name in stage files and model files.
    var name: String { get }
    /// What the target must be.
    var targetKind: TargetKind { get }
    /// The keys under `params`, most important first.
    var parameterKeys: [String] { get }
    /// Whether it can end by the loss of rows that it does not learn from.
    var takesValidation: Bool { get }
    /// Counts the ways in which `train` ever computed such models.
    var version: Int { get }
    /// What its models predict with.
    var bodyType: any ModelBody.Type { get }

    /// Takes the parameters, checked.
    func configured(_ options: StepOptions) throws -> any Learner
}

extension Trainer {
    var version: Int { 1 }
}

/// A trainer with its parameters: a value without state.
protocol Learner: Sendable {
    /// The parameters by name, defaults too.
    var json: JSONValue { get }

    /// Fits a table. Throws `numeric` for a column or a loss that cannot be computed with.
    func learn(_ table: TrainingTable, _ context: StepContext) throws -> Learnt

    /// The same learner as one that needs no rows; nil where it does.
    var ofProducts: (any ProductLearner)? { get }
}

extension Learner {
    var ofProducts: (any ProductLearner)? { nil }
}

/// A learner that sees rows only by the products of their columns: what it learns of a changed table
/// costs the blocks that changed.
protocol ProductLearner: Learner {
    /// The most columns, counting the constant and each category, for which it does.
    var maximumProducts: Int { get }

    /// Fits what is known of a table, as `learn` of the table does.
    func learn(_ products: StandardProducts, _ context: StepContext) throws -> Learnt
}

/// What a learner found.
struct Learnt: Sendable {
    let body: any ModelBody
    /// The mean loss at the end.
    let loss: Double
    let iterations: Int
    /// Whether the derivatives met the tolerance; nil where there is none to meet.
    var converged: Bool?
    var validation: Model.Validation?
}

/// What a model predicts with.
protocol ModelBody: Sendable {
    /// The names of its arrays in a model file, in order.
    static var arrayNames: [String] { get }

    /// The columns it reads, in order.
    var inputs: [(name: String, kind: ColumnValues.Kind)] { get }
    /// What it adds to the model document: `features`, `params` and what else there is.
    var members: [String: JSONValue] { get }
    /// Its arrays, in the order of `arrayNames`.
    var tensors: [ModelFile.Tensor] { get }
    /// What the log says of its size: `12 coefficients`.
    var size: String { get }

    /// The body of a model of `outputs` scores that was read; nil where the parts do not fit.
    init?(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor], outputs: Int)

    /// The scores of every output for every row, from columns in the order of `inputs`.
    func scores(_ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor) -> [[Double]]
}

/// The body of a model without a target: its scores say something of the rows themselves.
protocol StructureBody: ModelBody {
    /// What the scores are, in order: the names of columns that a prediction would write.
    var scoreNames: [String] { get }

    /// How well the model describes some rows.
    func metrics(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [String: JSONValue]
}

internal import Tables
internal import Vocabulary

// What can be wrong with a table that a model is to be trained on. Columns are named; values never
// are.
extension StoreError {
    static func noFeatures(_ table: String) -> StoreError {
        StoreError(
            .malformed, "'\(table)' has no column besides the target", subject: table,
            advice: "add columns to learn from")
    }

    static func timeFeature(_ name: String, _ type: ColumnType) -> StoreError {
        StoreError(
            .malformed,
            "cannot learn from column '\(name)': it is of type \(type.rawValue), and models take "
                + "numbers and categories",
            subject: name,
            advice: "leave '\(name)' out of 'features', or list it under 'categorical'")
    }

    static func targetNotNumeric(_ name: String, _ type: ColumnType, model: String) -> StoreError {
        StoreError(
            .malformed,
            "target column '\(name)' is not numeric: it is of type \(type.rawValue), and a "
                + "\(model) model predicts numbers",
            subject: name,
            advice: "choose another 'target', or a model that predicts classes: 'logistic', "
                + "'softmax', 'boosted-binary' or 'boosted-multiclass'")
    }

    static func noTarget(_ name: String, _ table: String) -> StoreError {
        StoreError(
            .malformed, "target column '\(name)' of '\(table)' has no values", subject: name,
            advice: "choose another 'target'")
    }

    static func constantTarget(_ name: String) -> StoreError {
        StoreError(
            .numeric, "target column '\(name)' has the same value in every row", subject: name,
            advice: "choose another 'target': there is nothing to learn")
    }

    static func hugeTarget(_ name: String) -> StoreError {
        StoreError(
            .numeric, "the values of target column '\(name)' are too large to compute with",
            subject: name, advice: "rescale the column")
    }

    static func oneClass(_ name: String) -> StoreError {
        StoreError(
            .numeric, "target column '\(name)' has one class only", subject: name,
            advice: "check the rows that reach the step, for instance the split: there is nothing "
                + "to tell apart")
    }

    static func notTwoClasses(_ name: String, _ count: Int, model: String) -> StoreError {
        StoreError(
            .malformed,
            "target column '\(name)' has \(count) classes, and a \(model) model tells two apart",
            subject: name,
            advice:
                "use 'model: softmax', 'boosted-multiclass' or 'mlp-multiclass', or a target with two classes"
        )
    }

    static func tooManyClasses(_ name: String) -> StoreError {
        StoreError(
            .malformed,
            "target column '\(name)' has more than \(TargetColumn.maximumClasses) classes",
            subject: name,
            advice: "use 'model: linear' or 'boosted-regression' if the column holds numbers to "
                + "predict")
    }

    static func unknownPositive(_ label: String, _ target: String) -> StoreError {
        StoreError(
            .malformed, "'positive: \(label)' is not a class of target column '\(target)'",
            subject: label, advice: "write the class as the table does")
    }

    static func positiveWithoutTwo(_ model: String) -> StoreError {
        StoreError(
            .invalidPipeline, "'positive' makes no sense for a \(model) model",
            subject: "positive", advice: "leave 'positive' out: only models of two classes have one"
        )
    }
}

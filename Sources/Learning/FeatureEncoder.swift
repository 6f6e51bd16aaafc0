internal import Kernels
internal import Vocabulary

/// A column that a model learns from, and what was learnt of it.
enum Feature: Sendable, Equatable {
    /// A number, standardised as (x - mean) / scale; a missing one takes the mean. With
    /// `hasMissing` (the training rows had missing values) a column of its own says 1 where the
    /// value is missing.
    case number(name: String, mean: Double, scale: Double, hasMissing: Bool)
    /// One of some texts, sorted by bytes. With `hasMissing` "no value" is one more category;
    /// otherwise a missing value, like a text that training did not see, belongs to none.
    case category(name: String, names: [String], hasMissing: Bool)

    var name: String {
        switch self {
        case .number(let name, _, _, _), .category(let name, _, _): name
        }
    }

    var kind: ColumnValues.Kind {
        if case .number = self { .number } else { .category }
    }

    /// The dense columns of the design matrix.
    var denseCount: Int {
        if case .number(_, _, _, let hasMissing) = self { hasMissing ? 2 : 1 } else { 0 }
    }

    /// The one-hot columns.
    var categoryCount: Int {
        guard case .category(_, let names, let hasMissing) = self else { return 0 }
        return names.count + (hasMissing ? 1 : 0)
    }
}

/// The features of a model in order, and the design matrix they make of a table.
struct FeatureEncoder: Sendable, Equatable {
    let features: [Feature]

    /// Constant, dense and one-hot columns.
    var coefficientCount: Int {
        features.reduce(1) { $0 + $1.denseCount + $1.categoryCount }
    }

    /// Learns what the features need from the training rows.
    ///
    /// Throws `numeric` for a column that is constant, empty or too large to standardise.
    init(learning columns: [(name: String, values: ColumnValues)], _ executor: ParallelExecutor)
        throws
    {
        features = try columns.map { column in
            switch column.values {
            case .numbers(let values):
                try FeatureEncoder.number(column.name, values, executor)
            case .categories(let codes, let names):
                try FeatureEncoder.category(column.name, codes, names)
            }
        }
    }

    /// The encoder of a model that was read.
    init(features: [Feature]) { self.features = features }

    private static func number(
        _ name: String, _ values: [Double], _ executor: ParallelExecutor
    ) throws -> Feature {
        let moments = Moments.of(values, executor)
        guard moments.count > 0 else { throw StoreError.emptyFeature(name) }
        let scale = moments.variance.squareRoot()
        guard moments.mean.isFinite, scale.isFinite else { throw StoreError.hugeFeature(name) }
        try checkSpread(scale, around: moments.mean, of: name)
        return .number(
            name: name, mean: moments.mean, scale: scale, hasMissing: moments.count < values.count)
    }

    /// Throws `numeric` for a column that has the same value in every row: rounding may leave a spread
    /// where there is none.
    static func checkSpread(_ scale: Double, around mean: Double, of name: String) throws {
        guard scale > 1e-13 * mean.magnitude else { throw StoreError.constantFeature(name) }
    }

    private static func category(
        _ name: String, _ codes: [UInt32], _ names: [String]
    ) throws -> Feature {
        guard !names.isEmpty else { throw StoreError.emptyFeature(name) }
        let hasMissing = codes.contains(ColumnValues.missing)
        guard names.count > 1 || hasMissing else { throw StoreError.constantFeature(name) }
        return .category(name: name, names: names, hasMissing: hasMissing)
    }

    /// The design matrix of columns that stand in the order of the features.
    func encode(_ columns: [ColumnValues], rows: Int) -> DesignMatrix {
        let denseCount = features.reduce(0) { $0 + $1.denseCount }
        let codeCount = features.count { $0.kind == .category }
        var dense = [Double](repeating: 0, count: rows * denseCount)
        var codes = [UInt32](repeating: DesignMatrix.noColumn, count: rows * codeCount)
        var densePlace = 0
        var codePlace = 0
        var firstCode = UInt32(1 + denseCount)
        for (feature, column) in zip(features, columns) {
            switch (feature, column) {
            case (.number(_, let mean, let scale, let hasMissing), .numbers(let values)):
                for row in 0..<rows {
                    let place = row * denseCount + densePlace
                    if !values[row].isNaN {
                        dense[place] = (values[row] - mean) / scale
                    } else if hasMissing {
                        dense[place + 1] = 1
                    }
                }
            case (.category(_, let names, let hasMissing), .categories(let found, let texts)):
                let columnOfCode = FeatureEncoder.translation(from: texts, to: names, firstCode)
                let missing =
                    hasMissing ? firstCode + UInt32(names.count) : DesignMatrix.noColumn
                for row in 0..<rows {
                    let code = found[row]
                    codes[row * codeCount + codePlace] =
                        code == ColumnValues.missing ? missing : columnOfCode[Int(code)]
                }
                codePlace += 1
            default:
                preconditionFailure("the columns were not read by the features' kinds")
            }
            densePlace += feature.denseCount
            firstCode += UInt32(feature.categoryCount)
        }
        return DesignMatrix(
            rows: rows, dense: dense, denseCount: denseCount, codes: codes, codeCount: codeCount,
            coefficientCount: coefficientCount)
    }

    /// The coefficient of each text of a table, `noColumn` for texts that the model does not know.
    private static func translation(
        from texts: [String], to names: [String], _ first: UInt32
    ) -> [UInt32] {
        var columnOfName: [[UInt8]: UInt32] = [:]
        for (index, name) in names.enumerated() {
            columnOfName[Array(name.utf8)] = first + UInt32(index)
        }
        return texts.map { columnOfName[Array($0.utf8)] ?? DesignMatrix.noColumn }
    }
}

extension StoreError {
    /// `list` is where the column was named.
    static func constantFeature(_ name: String, in list: String = "features") -> StoreError {
        StoreError(
            .numeric, "cannot learn from column '\(name)': it has the same value in every row",
            subject: name, advice: "leave '\(name)' out of '\(list)'")
    }

    static func emptyFeature(_ name: String) -> StoreError {
        StoreError(
            .numeric, "cannot learn from column '\(name)': it has no values", subject: name,
            advice: "leave '\(name)' out of 'features'")
    }

    static func hugeFeature(_ name: String) -> StoreError {
        StoreError(
            .numeric,
            "cannot learn from column '\(name)': its values are too large to standardise",
            subject: name, advice: "rescale '\(name)', or leave it out of 'features'")
    }
}

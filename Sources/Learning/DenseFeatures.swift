internal import Kernels
internal import Vocabulary

/// The features of models that take columns of numbers alone: standardised numbers, and a column of
/// zeros and ones a category.
struct DenseFeatures: Sendable, Equatable {
    let encoder: FeatureEncoder

    /// The most columns: the square of them is kept, and the cube of them is computed with.
    static let maximumColumns = 1000

    /// The columns that features become.
    var columnCount: Int { encoder.coefficientCount - 1 }

    /// Learns the encoding. Throws `numeric` for a column that has nothing to learn, and for more
    /// than `maximumColumns` columns.
    init(
        learning columns: [(name: String, values: ColumnValues)], _ executor: ParallelExecutor
    ) throws {
        encoder = try FeatureEncoder(learning: columns, executor)
        guard columnCount <= DenseFeatures.maximumColumns else {
            throw StoreError.tooManyColumns(columnCount)
        }
    }

    /// Those of a model that was read; nil where they do not fit.
    init?(_ encoder: FeatureEncoder?) {
        guard let encoder, encoder.coefficientCount > 1,
            encoder.coefficientCount - 1 <= DenseFeatures.maximumColumns
        else { return nil }
        self.encoder = encoder
    }

    var inputs: [(name: String, kind: ColumnValues.Kind)] {
        encoder.features.map { ($0.name, $0.kind) }
    }

    /// The rows, without codes.
    func encode(_ columns: [ColumnValues], rows: Int) -> DesignMatrix {
        encoder.encode(columns, rows: rows).withoutCodes
    }
}

extension StoreError {
    static func tooManyColumns(_ count: Int) -> StoreError {
        StoreError(
            .numeric,
            "cannot learn from \(count) columns, counting each category: "
                + "\(DenseFeatures.maximumColumns) are the most",
            subject: "features", advice: "name fewer columns under 'features'")
    }
}

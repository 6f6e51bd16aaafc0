internal import Kernels
internal import Vocabulary

/// What sums of products say of a table that a model is to learn from, features encoded and standardised
/// as `FeatureEncoder` does.
struct StandardProducts: Sendable {
    let encoder: FeatureEncoder
    /// Rows that count.
    let rows: Int
    /// The sums of products of the encoder's columns, the constant first.
    let sums: SymmetricMatrix
    /// The sums of their products with the standardised target; empty without one.
    private let right: [Double]
    private let square: Double
    private let unit: TargetUnit

    /// Those of features in the order of `features`. Throws `numeric` as the encoder does for a column
    /// that has nothing to learn.
    init(
        _ sums: ProductSums, features: [(name: String, kind: ColumnValues.Kind)], hasTarget: Bool
    ) throws {
        var sums = sums
        let places = sums.places
        var encoded: [Feature] = []
        var dense: [(place: Int, scale: Double)] = []
        var coded: [(place: Int, scale: Double)] = []
        var (number, category) = (0, 0)
        for feature in features {
            if feature.kind == .number {
                let (mean, scale) = try sums.spread(ofNumber: number, feature.name)
                let missing = places.missing[number]
                encoded.append(
                    .number(
                        name: feature.name, mean: mean, scale: scale, hasMissing: missing != nil))
                dense.append((1 + number, scale))
                if let missing { dense.append((missing, 1)) }
                number += 1
            } else {
                let found = sums.categories[category]
                encoded.append(try StandardProducts.category(feature.name, found))
                let count = found.names.count + (found.missing > 0 ? 1 : 0)
                let first = places.categories[category]
                coded += (first..<(first + count)).map { ($0, 1) }
                category += 1
            }
        }
        encoder = FeatureEncoder(features: encoded)
        rows = sums.rows
        let columns = [(place: 0, scale: 1)] + dense + coded
        if hasTarget {
            unit = sums.targetUnit()
            let target = (place: 1 + number, scale: unit.scale)
            right = columns.map { sums.product($0, target) }
            square = sums.product(target, target)
        } else {
            (unit, right, square) = (TargetUnit(mean: 0, scale: 1), [], 0)
        }
        var matrix = SymmetricMatrix(order: columns.count)
        for row in columns.indices {
            for column in 0...row {
                matrix[row, column] = sums.product(columns[row], columns[column])
            }
        }
        self.sums = matrix
    }

    private static func category(
        _ name: String, _ found: ProductSums.Category
    ) throws -> Feature {
        guard !found.names.isEmpty else { throw StoreError.emptyFeature(name) }
        guard found.names.count > 1 || found.missing > 0 else {
            throw StoreError.constantFeature(name)
        }
        return .category(
            name: name, names: found.names.map { String(decoding: $0, as: UTF8.self) },
            hasMissing: found.missing > 0)
    }

    /// The same as means, for squared errors.
    var squaredError: SquaredErrorSums {
        let count = Double(rows)
        return SquaredErrorSums(
            products: SymmetricMatrix(
                order: sums.order, elements: sums.elements.map { $0 / count }),
            right: right.map { $0 / count }, square: square / count, rows: rows, unit: unit)
    }
}

extension ProductSums {
    /// The mean and the spread of a feature, which becomes the centre. Throws `numeric` for one that is
    /// empty, constant or too large.
    fileprivate mutating func spread(
        ofNumber index: Int, _ name: String
    ) throws -> (mean: Double, scale: Double) {
        guard numbers[index].count > 0 else { throw StoreError.emptyFeature(name) }
        let (mean, scale) = spread(ofNumber: index)
        guard mean.isFinite, scale.isFinite else { throw StoreError.hugeFeature(name) }
        try FeatureEncoder.checkSpread(scale, around: mean, of: name)
        return (mean, scale)
    }

    private mutating func spread(ofNumber index: Int) -> (mean: Double, scale: Double) {
        let count = Double(numbers[index].count)
        let mean = numbers[index].centre + products[1 + index, 0] / count
        move(number: index, to: mean)
        return (mean, (products[1 + index, 1 + index] / count).squareRoot())
    }

    /// What the last number, which becomes its own centre, is measured in.
    fileprivate mutating func targetUnit() -> TargetUnit {
        let (mean, spread) = spread(ofNumber: numbers.count - 1)
        return TargetUnit(mean: mean, scale: spread > 0 ? spread : 1)
    }

    fileprivate func product(
        _ left: (place: Int, scale: Double), _ right: (place: Int, scale: Double)
    ) -> Double {
        products.element(left.place, right.place) / left.scale / right.scale
    }

    /// Whether a target, which stands behind the features, has a spread to compute with; throws what is
    /// wrong with it.
    func checkTarget(_ name: String, table: String) throws {
        guard rows > 0, let target = numbers.last else { throw StoreError.noTarget(name, table) }
        guard target.least < target.most else { throw StoreError.constantTarget(name) }
        var sums = self
        guard sums.spread(ofNumber: numbers.count - 1).scale.isFinite else {
            throw StoreError.hugeTarget(name)
        }
    }
}

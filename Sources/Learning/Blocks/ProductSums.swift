internal import Kernels
internal import Vocabulary

/// The products of some rows' columns with each other, summed: all that models see of the rows which
/// know them by products alone.
///
/// Columns are a constant 1, numbers, for each number that is somewhere missing a column that is 1 there,
/// and a column of zeros and ones for each category. A number is taken from a centre of these rows' own, so
/// that nothing large cancels, and is 0 where it is missing. The sums of all rows are those of blocks of
/// rows, moved to one centre: one fixed sequence of operations for given blocks.
struct ProductSums: Sendable, Equatable {
    /// A column of numbers.
    struct Number: Sendable, Equatable {
        var centre = 0.0
        /// Rows with a value, and without.
        var count = 0
        var missing = 0
        var least = Double.infinity
        var most = -Double.infinity
    }

    /// A column of categories.
    struct Category: Sendable, Equatable {
        /// The texts, sorted.
        var names: [[UInt8]]
        /// Rows without one.
        var missing = 0
    }

    /// Rows that count: those with a target, where there is one.
    private(set) var rows = 0
    private(set) var rowsWithoutTarget = 0
    /// The features that are numbers in their order, then the target.
    private(set) var numbers: [Number]
    /// The features that are categories, in their order.
    private(set) var categories: [Category]
    private(set) var products = SymmetricMatrix(order: 0)

    /// More columns than whoever asked wants sums of.
    struct TooManyColumns: Error {}

    /// The sums of rows in their order. `target` are the values behind the last feature; rows without one
    /// do not count.
    init(
        _ features: [ColumnValues], target: [Double]?, maximumColumns: Int,
        _ level: InstructionLevel
    ) throws {
        var features = features
        var target = target
        if let numbers = target {
            let found = TargetColumn(numbers: numbers)
            rowsWithoutTarget = found.missing
            if found.missing > 0 {
                features = features.map { $0.selecting(found.rows) }
                target = found.rows.map { numbers[$0] }
            }
        }
        var values: [[Double]] = []
        var codes: [[UInt32]] = []
        categories = []
        for feature in features {
            switch feature {
            case .numbers(let numbers): values.append(numbers)
            case .categories(let found, let names):
                codes.append(found)
                let missing = found.count { $0 == ColumnValues.missing }
                categories.append(Category(names: names.map { Array($0.utf8) }, missing: missing))
            }
        }
        rows = features.first?.count ?? 0
        if let target { values.append(target) }
        numbers = values.map(ProductSums.number)
        guard rows > 0 else { return }
        try check(maximumColumns, hasTarget: target != nil)
        products = design(values, codes).gram(inOrder: level)
    }

    private static func number(_ values: [Double]) -> Number {
        var number = Number()
        for value in values where !value.isNaN {
            number.count += 1
            number.least = min(number.least, value)
            number.most = max(number.most, value)
        }
        number.missing = values.count - number.count
        guard number.count > 0 else { return number }
        let sum = blockSum(count: values.count) { values[$0].isNaN ? 0 : values[$0] }
        number.centre = sum / Double(number.count)
        return number
    }

    private func check(_ maximumColumns: Int, hasTarget: Bool) throws {
        guard places.order - (hasTarget ? 1 : 0) <= maximumColumns else { throw TooManyColumns() }
    }

    /// The rows, numbers and columns of ones first, then codes.
    private func design(_ values: [[Double]], _ codes: [[UInt32]]) -> DesignMatrix {
        let places = places
        let denseCount = places.firstCategory - 1
        var dense = [Double](repeating: 0, count: rows * denseCount)
        for (index, column) in values.enumerated() {
            let centre = numbers[index].centre
            let missing = places.missing[index]
            for row in 0..<rows {
                if !column[row].isNaN {
                    dense[row * denseCount + index] = column[row] - centre
                } else if let missing {
                    dense[row * denseCount + missing - 1] = 1
                }
            }
        }
        var coded = [UInt32](repeating: 0, count: rows * codes.count)
        for (index, column) in codes.enumerated() {
            let first = UInt32(places.categories[index])
            let missing = first + UInt32(categories[index].names.count)
            for row in 0..<rows {
                let code = column[row]
                coded[row * codes.count + index] =
                    code == ColumnValues.missing ? missing : first + code
            }
        }
        return DesignMatrix(
            rows: rows, dense: dense, denseCount: denseCount, codes: coded, codeCount: codes.count,
            coefficientCount: places.order)
    }
}

// MARK: - Places

extension ProductSums {
    /// Where columns stand in the matrix: number i at 1 + i.
    struct Places {
        /// The column of a number that is 1 where it is missing; nil where it never is.
        let missing: [Int?]
        let firstCategory: Int
        /// The first category of each column; where one may be missing, that stands behind all.
        let categories: [Int]
        let order: Int
    }

    var places: Places {
        var next = 1 + numbers.count
        let missing = numbers.map { number -> Int? in
            guard number.missing > 0 else { return nil }
            next += 1
            return next - 1
        }
        let firstCategory = next
        let starts = categories.map { category in
            defer { next += category.names.count + (category.missing > 0 ? 1 : 0) }
            return next
        }
        return Places(
            missing: missing, firstCategory: firstCategory, categories: starts, order: next)
    }
}

// MARK: - Put together

extension ProductSums {
    /// The sums of the rows of both, of the same columns.
    func adding(
        _ other: ProductSums, maximumColumns: Int, hasTarget: Bool
    ) throws -> ProductSums {
        var sum = rows > 0 ? self : other
        sum.rowsWithoutTarget = rowsWithoutTarget + other.rowsWithoutTarget
        guard rows > 0, other.rows > 0 else { return sum }
        sum.rows = rows + other.rows
        sum.numbers = zip(numbers, other.numbers).map(ProductSums.joined)
        sum.categories = zip(categories, other.categories).map { mine, theirs in
            Category(
                names: ProductSums.union(mine.names, theirs.names),
                missing: mine.missing + theirs.missing)
        }
        try sum.check(maximumColumns, hasTarget: hasTarget)
        sum.products = products(among: sum)
        let others = other.products(among: sum).elements
        for index in others.indices { sum.products.elements[index] += others[index] }
        return sum
    }

    private static func joined(_ left: Number, _ right: Number) -> Number {
        var sum = left.count > 0 ? left : right
        sum.count = left.count + right.count
        sum.missing = left.missing + right.missing
        sum.least = min(left.least, right.least)
        sum.most = max(left.most, right.most)
        if left.count > 0, right.count > 0 {
            let share = Double(right.count) / Double(sum.count)
            sum.centre = left.centre + (right.centre - left.centre) * share
        }
        return sum
    }

    private static func union(_ left: [[UInt8]], _ right: [[UInt8]]) -> [[UInt8]] {
        guard left != right else { return left }
        var result: [[UInt8]] = []
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if left[i] == right[j] {
                result.append(left[i])
                (i, j) = (i + 1, j + 1)
            } else if left[i].precedes(right[j]) {
                result.append(left[i])
                i += 1
            } else {
                result.append(right[j])
                j += 1
            }
        }
        return result + left[i...] + right[j...]
    }

    /// These products among the columns of `sum`, from its centres.
    private func products(among sum: ProductSums) -> SymmetricMatrix {
        let (from, to) = (places, sum.places)
        var columns = [Int](repeating: 0, count: from.order)
        for index in numbers.indices {
            columns[1 + index] = 1 + index
            if let missing = from.missing[index] { columns[missing] = to.missing[index] ?? 0 }
        }
        for index in categories.indices {
            let (mine, all) = (categories[index], sum.categories[index])
            var place = 0
            for (code, name) in mine.names.enumerated() {
                while all.names[place] != name { place += 1 }
                columns[from.categories[index] + code] = to.categories[index] + place
            }
            if mine.missing > 0 {
                columns[from.categories[index] + mine.names.count] =
                    to.categories[index] + all.names.count
            }
        }
        var result =
            from.order == to.order ? products : products.placed(at: columns, order: to.order)
        for (index, number) in numbers.enumerated() where number.count > 0 {
            let distance = number.centre - sum.numbers[index].centre
            if distance != 0 {
                result.move(column: 1 + index, by: distance, missing: to.missing[index])
            }
        }
        return result
    }

    /// Takes a number from a new centre.
    mutating func move(number index: Int, to centre: Double) {
        let distance = numbers[index].centre - centre
        products.move(column: 1 + index, by: distance, missing: places.missing[index])
        numbers[index].centre = centre
    }
}

// MARK: - From bytes

extension ProductSums {
    /// Sums that were kept; nil where the parts do not fit.
    init?(
        rows: Int, rowsWithoutTarget: Int, numbers: [Number], categories: [Category],
        products: [Double]
    ) {
        self.rows = rows
        self.rowsWithoutTarget = rowsWithoutTarget
        self.numbers = numbers
        self.categories = categories
        let order = rows > 0 ? places.order : 0
        guard products.count == order * (order + 1) / 2 else { return nil }
        self.products = SymmetricMatrix(order: order, elements: products)
    }
}

internal import Kernels
internal import Vocabulary

/// A column that trees learn from.
enum TreeFeature: Sendable, Equatable {
    /// A number; missing values have a side of their own at each node.
    case number(name: String)
    /// One of some texts, sorted by bytes. A missing value is one more category; any other text is
    /// in no set.
    case category(name: String, names: [String])

    /// The most categories told apart: two of the 256 bins are for missing and for other texts.
    static let maximumCategories = 254

    var name: String {
        switch self {
        case .number(let name), .category(let name, _): name
        }
    }

    var kind: ColumnValues.Kind {
        if case .number = self { .number } else { .category }
    }
}

/// A feature and the bins of its column.
enum TreeColumn: Sendable {
    case numbers([Double], name: String, NumberBins)
    /// The bin of each code, and the categories that have one of their own.
    case categories([UInt32], name: String, binOfCode: [UInt8], names: [String])

    /// Learns the bins of a column from some of its rows.
    ///
    /// Throws `numeric` for a column without values, or with one value in every row.
    init(
        _ name: String, _ values: ColumnValues, training: [UInt32], bins: Int,
        _ memory: SortingMemory
    ) throws {
        switch values {
        case .numbers(let numbers):
            let isAll = training.count == numbers.count
            let learnt = isAll ? numbers : training.map { numbers[Int($0)] }
            let hasMissing = numbers.contains { $0.isNaN }
            guard let first = numbers.first(where: { !$0.isNaN }) else {
                throw StoreError.emptyFeature(name)
            }
            guard hasMissing || numbers.contains(where: { $0 != first }) else {
                throw StoreError.constantFeature(name)
            }
            self = .numbers(numbers, name: name, NumberBins(learnt, maximum: bins, memory))
        case .categories(let codes, let names):
            guard !names.isEmpty else { throw StoreError.emptyFeature(name) }
            guard names.count > 1 || codes.contains(ColumnValues.missing) else {
                throw StoreError.constantFeature(name)
            }
            let kept = TreeColumn.frequent(codes, names.count, training)
            // Missing is the bin behind the categories', any other text the one behind that.
            var binOfCode = [UInt8](repeating: UInt8(kept.count + 1), count: names.count)
            for (bin, code) in kept.enumerated() { binOfCode[code] = UInt8(bin) }
            self = .categories(
                codes, name: name, binOfCode: binOfCode, names: kept.map { names[$0] })
        }
    }

    /// The codes of the most frequent categories that occur in some rows, rising; of equally
    /// frequent ones those that sort first.
    private static func frequent(
        _ codes: [UInt32], _ count: Int, _ training: [UInt32]
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: count)
        for row in training where codes[Int(row)] != ColumnValues.missing {
            counts[Int(codes[Int(row)])] += 1
        }
        return counts.indices.filter { counts[$0] > 0 }
            .sorted { counts[$0] != counts[$1] ? counts[$0] > counts[$1] : $0 < $1 }
            .prefix(TreeFeature.maximumCategories).sorted()
    }

    var feature: TreeFeature {
        switch self {
        case .numbers(_, let name, _): .number(name: name)
        case .categories(_, let name, _, let names): .category(name: name, names: names)
        }
    }

    /// Bits that tell its bins from others.
    var state: [UInt64] {
        switch self {
        case .numbers(_, _, let bins): bits(bins.bounds)
        case .categories(_, _, let binOfCode, _): binOfCode.map { UInt64($0) }
        }
    }

    var binned: BinnedFeature {
        switch self {
        case .numbers(_, _, let bins): .number(bins: bins.count)
        case .categories(_, _, _, let names): .category(bins: names.count)
        }
    }

    /// Writes the bin of every row.
    func assign(to target: UnsafeMutablePointer<UInt8>) {
        switch self {
        case .numbers(let values, _, let bins):
            // Unsafe: there is a place for each row.
            unsafe bins.assign(values, to: target)
        case .categories(let codes, _, let binOfCode, let names):
            for (row, code) in codes.enumerated() {
                unsafe target[row] =
                    code == ColumnValues.missing ? UInt8(names.count) : binOfCode[Int(code)]
            }
        }
    }
}

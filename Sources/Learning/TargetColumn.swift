internal import Bytes
internal import Tables
internal import Vocabulary

/// A table's target column, the rows without a value left out.
struct TargetColumn: Sendable {
    let target: Target
    /// The classes in the order of their indexes; empty for numbers.
    let classes: [String]
    /// The rows that have a value, in order.
    let rows: [Int]
    /// How many have none.
    let missing: Int

    /// The most classes a model may have.
    static let maximumClasses = 1000

    /// No column: all rows, of which there are so many.
    init(rows count: Int) {
        rows = Array(0..<count)
        missing = 0
        classes = []
        target = .nothing
    }

    /// Values that are known already, of so many rows.
    init(_ target: Target, classes: [String], rows count: Int) {
        rows = Array(0..<count)
        missing = 0
        self.classes = classes
        self.target = target
    }

    /// A column of numbers.
    init(numbers: [Double]) {
        rows = numbers.indices.filter { !numbers[$0].isNaN }
        missing = numbers.count - rows.count
        classes = []
        target = .numbers(missing == 0 ? numbers : rows.map { numbers[$0] })
    }

    /// A column of classes, whose indexes are those of `classes`. Rows of other classes are
    /// counted by `unknown`.
    init(codes: [UInt32], names: [String], classes: [String], unknown: inout Int) {
        var indexOfClass: [[UInt8]: UInt32] = [:]
        for (index, name) in classes.enumerated() {
            indexOfClass[Array(name.utf8)] = UInt32(index)
        }
        let indexes = names.map { indexOfClass[Array($0.utf8)] }
        var rows: [Int] = []
        var labels: [UInt32] = []
        var missing = 0
        for (row, code) in codes.enumerated() {
            if code == ColumnValues.missing {
                missing += 1
            } else if let label = indexes[Int(code)] {
                rows.append(row)
                labels.append(label)
            } else {
                unknown += 1
            }
        }
        self.rows = rows
        self.missing = missing
        self.classes = classes
        target = .classes(labels, count: classes.count)
    }

    /// The classes of a training table in order: integers by value, anything else by bytes.
    static func order(_ names: [String], _ type: ColumnType) -> [String] {
        guard type == .int else { return names }
        // Integers have one text each, so the order is total.
        return names.sorted { (Int64($0) ?? 0) < (Int64($1) ?? 0) }
    }
}

extension ColumnValues {
    /// The values of some rows, categories that none of them has left out.
    func selecting(_ rows: [Int]) -> ColumnValues {
        switch self {
        case .numbers(let values):
            return .numbers(rows.map { values[$0] })
        case .categories(let codes, let names):
            let kept = rows.map { codes[$0] }
            var isUsed = [Bool](repeating: false, count: names.count)
            for code in kept where code != ColumnValues.missing { isUsed[Int(code)] = true }
            var newCodes = [UInt32](repeating: 0, count: names.count)
            var newNames: [String] = []
            for index in names.indices where isUsed[index] {
                newCodes[index] = UInt32(newNames.count)
                newNames.append(names[index])
            }
            return .categories(
                codes: kept.map { $0 == ColumnValues.missing ? $0 : newCodes[Int($0)] },
                names: newNames)
        }
    }
}

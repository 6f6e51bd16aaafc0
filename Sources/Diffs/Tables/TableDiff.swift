package import Tables
package import Vocabulary

/// What to compare in two versions of a table, and how much to tell.
package struct TableDiffOptions: Sendable {
    /// The columns that name a row; nil to look for them.
    package var key: [String]?
    /// Only these columns, and those of the key, are compared; nil for all.
    package var columns: [String]?
    /// How far numbers may be apart, in all columns of numbers; nil to compare texts.
    package var tolerance: Tolerance?
    /// The same, for some columns by name.
    package var columnTolerances: [String: Tolerance] = [:]
    /// How many rows of each sort are kept as examples.
    package var exampleLimit = 3
    /// Whether `TableDiff.shift` is told.
    package var tellsShift = false
    /// The memory for hashes of rows, in bytes. Bigger tables are read in several passes.
    package var memoryBudget = 256 << 20

    /// The defaults.
    package init() {}

    /// Whether versions may differ and yet have no difference that was asked for.
    var isSelective: Bool { columns != nil || tolerance != nil || !columnTolerances.isEmpty }
}

/// How the columns of two versions differ.
package struct SchemaDiff: Sendable, Equatable {
    /// Columns that only the new version has.
    package var added: [ColumnSummary] = []
    /// Columns that only the old version has.
    package var removed: [ColumnSummary] = []
    /// Columns whose type or nullability differs: old, then new.
    package var retyped: [(old: ColumnSummary, new: ColumnSummary)] = []
    /// Whether the columns that both have stand in another order.
    package var isReordered = false

    /// Whether there is no difference.
    package var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && retyped.isEmpty && !isReordered
    }

    /// Compares two summaries.
    package init(old: TableSummary, new: TableSummary) {
        let oldByName = Dictionary(old.columns.map { ($0.name, $0) }) { first, _ in first }
        let newByName = Dictionary(new.columns.map { ($0.name, $0) }) { first, _ in first }
        added = new.columns.filter { oldByName[$0.name] == nil }
        removed = old.columns.filter { newByName[$0.name] == nil }
        retyped = new.columns.compactMap { column in
            guard let before = oldByName[column.name], before != column else { return nil }
            return (before, column)
        }
        let oldOrder = old.columns.map(\.name).filter { newByName[$0] != nil }
        let newOrder = new.columns.map(\.name).filter { oldByName[$0] != nil }
        isReordered = oldOrder != newOrder
    }

    package static func == (left: SchemaDiff, right: SchemaDiff) -> Bool {
        left.added == right.added && left.removed == right.removed
            && left.isReordered == right.isReordered
            && left.retyped.elementsEqual(right.retyped) { $0.old == $1.old && $0.new == $1.new }
    }
}

/// How rows of two versions were told to be the same row.
package enum RowMatching: Sendable, Equatable {
    /// Rows with equal values in these columns, which no two rows of a version share.
    case key([String], isInferred: Bool)
    /// Equal rows, as often as they occur; the text says why there was no key.
    case multiset(String)
}

/// One row that differs.
package struct RowExample: Sendable, Equatable {
    /// A cell that differs.
    package struct Cell: Sendable, Equatable {
        /// The column.
        package let column: String
        /// The value in the old version.
        package let old: String
        /// The value in the new version.
        package let new: String
    }

    /// What names a row, and whether it has more columns.
    typealias Name = (cells: [(column: String, value: String)], isCut: Bool)

    /// The values that name the row: those of the key, or where there is none the first 32.
    package let name: [(column: String, value: String)]
    /// Whether a row without a key has more columns than `name`.
    package let isNameCut: Bool
    /// The cells that differ; empty for rows that were added or removed.
    package let cells: [Cell]

    init(_ name: Name, cells: [Cell]) {
        (self.name, isNameCut) = name
        self.cells = cells
    }

    package static func == (left: RowExample, right: RowExample) -> Bool {
        left.cells == right.cells
            && left.name.elementsEqual(right.name) {
                $0.column == $1.column && $0.value == $1.value
            }
    }
}

/// What differs between two versions of a table. Rows that only moved do not differ.
package struct TableDiff: Sendable {
    /// Rows and columns before.
    package internal(set) var old: TableSummary
    /// Rows and columns now.
    package internal(set) var new: TableSummary
    /// What differs in the columns.
    package let schema: SchemaDiff
    /// How rows were matched.
    package let matching: RowMatching
    /// The columns that were compared but for the key's; nil for all that both have.
    package internal(set) var comparedColumns: [String]?
    /// The columns that were compared as numbers, and how far these might be apart.
    package internal(set) var tolerances: [(name: String, tolerance: Tolerance)] = []
    /// How many rows only the new version has.
    package internal(set) var addedCount = 0
    /// How many rows only the old version has.
    package internal(set) var removedCount = 0
    /// How many rows differ in a column that both versions have; 0 without a key.
    package internal(set) var changedCount = 0
    /// In how many of the changed rows each column differs; columns in the new order.
    package internal(set) var changedColumns: [(name: String, count: Int)] = []
    /// The first rows that were added, in the order of the new version.
    package internal(set) var addedExamples: [RowExample] = []
    /// The first rows that were removed, in the order of the old version.
    package internal(set) var removedExamples: [RowExample] = []
    /// The first rows that changed, in the order of the new version.
    package internal(set) var changedExamples: [RowExample] = []
    /// What the rows are like that only one version has; nil where there are many of them, where they were
    /// not told by themselves, or where it was not asked for.
    package internal(set) var shift: TableShift?

    /// Whether the versions hold the same columns and rows.
    package var isEmpty: Bool {
        schema.isEmpty && addedCount == 0 && removedCount == 0 && changedCount == 0
    }
}

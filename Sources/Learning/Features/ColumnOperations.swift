internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// `filter`: keeps the rows for which an expression is true.
struct FilterOperation: RowOperation {
    static let name = "filter"
    let condition: DeclaredExpression

    init(_ options: OperationOptions) throws {
        guard let text = options.value.stringValue else {
            throw options.wrong("an expression, such as \"distance > 100\"")
        }
        condition = try options.expression(text)
    }

    var changesRowsAlone: Bool { true }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        let typed = try condition.typed(schema)
        guard typed.isTruth else {
            throw ExpressionError(
                "it is \(typed.typeName), and a filter asks for true or false", at: 0,
                advice: "compare it with something"
            ).named(condition.place, condition.text)
        }
        return Bound(condition: typed.evaluate, rows: schema)
    }

    private struct Bound: BoundOperation {
        let condition: (Row) -> Cell
        let rows: RowSchema

        func schema() -> RowSchema { rows }
        mutating func apply(_ row: inout Row) -> Bool { condition(row) == .bool(true) }
    }
}

/// `derive`: new columns from expressions over those that are there.
struct DeriveOperation: RowOperation {
    static let name = "derive"
    let columns: [(name: String, expression: DeclaredExpression)]

    init(_ options: OperationOptions) throws {
        columns = try options.texts("new columns with an expression each, {late: dep_delay > 15}")
            .map { ($0.name, try options.expression($0.text, of: $0.name)) }
    }

    var changesRowsAlone: Bool { true }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        var new = schema
        var values: [(position: Int, evaluate: (Row) -> Cell)] = []
        for column in columns {
            let typed = try column.expression.typed(schema)
            let type = typed.type ?? .string
            // A column of that name is replaced.
            if let position = schema.index(column.name) {
                new.columns[position] = RowSchema.Column(name: column.name, type: type)
                values.append((position, typed.evaluate))
            } else {
                try new.add(column.name, type, column.expression.place)
                values.append((new.columns.count - 1, typed.evaluate))
            }
        }
        return Bound(values: values, rows: new)
    }

    private struct Bound: BoundOperation {
        let values: [(position: Int, evaluate: (Row) -> Cell)]
        let rows: RowSchema

        func schema() -> RowSchema { rows }

        mutating func apply(_ row: inout Row) -> Bool {
            let cells = values.map { $0.evaluate(row) }
            for (value, cell) in zip(values, cells) {
                if value.position < row.count {
                    row[value.position] = cell
                } else {
                    row.append(cell)
                }
            }
            return true
        }
    }
}

/// Columns chosen by their positions.
private struct BoundSelection: BoundOperation {
    let positions: [Int]
    let rows: RowSchema

    init(_ positions: [Int], of schema: RowSchema) {
        self.positions = positions
        rows = RowSchema(columns: positions.map { schema.columns[$0] })
    }

    func schema() -> RowSchema { rows }

    mutating func apply(_ row: inout Row) -> Bool {
        row = positions.map { row[$0] }
        return true
    }
}

/// `select`: these columns, in this order.
struct SelectOperation: RowOperation {
    static let name = "select"
    let columns: [String]
    let place: String

    init(_ options: OperationOptions) throws {
        columns = try options.names()
        place = options.place
    }

    var changesRowsAlone: Bool { true }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        BoundSelection(try columns.map { try schema.position($0, place) }, of: schema)
    }
}

/// `drop`: all columns but these.
struct DropOperation: RowOperation {
    static let name = "drop"
    let columns: [String]
    let place: String

    init(_ options: OperationOptions) throws {
        columns = try options.names()
        place = options.place
    }

    var changesRowsAlone: Bool { true }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        let dropped = try columns.map { try schema.position($0, place) }
        let kept = schema.columns.indices.filter { !dropped.contains($0) }
        guard !kept.isEmpty else {
            throw StoreError(
                .malformed, "\(place) leaves no column", subject: place,
                advice: "keep at least one")
        }
        return BoundSelection(kept, of: schema)
    }
}

/// `rename`: new names, `{old: new}`.
struct RenameOperation: RowOperation {
    static let name = "rename"
    let names: [(name: String, text: String)]
    let place: String

    init(_ options: OperationOptions) throws {
        names = try options.texts("old names with new ones, {dep_time: departure}")
        place = options.place
        guard Set(names.map(\.text)).count == names.count else {
            throw options.wrong("a different new name for each column")
        }
    }

    var changesRowsAlone: Bool { true }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        let positions = try names.map { try schema.position($0.name, place) }
        var new = RowSchema(columns: [])
        for (index, column) in schema.columns.enumerated() {
            let name = positions.firstIndex(of: index).map { names[$0].text } ?? column.name
            try new.add(name, column.type, place)
        }
        return Bound(rows: new)
    }

    private struct Bound: BoundOperation {
        let rows: RowSchema
        func schema() -> RowSchema { rows }
        mutating func apply(_ row: inout Row) -> Bool { true }
    }
}

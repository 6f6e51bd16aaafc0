internal import Tables

/// Operations that rows go through one by one.
struct RowChain {
    var operations: [any BoundOperation] = []

    /// Begins a pass.
    mutating func start() {
        for index in operations.indices { operations[index].start() }
    }

    /// Hands the rows to `body` that the operations leave, in order, and each before them to `reading`.
    mutating func forEachRow(
        of batch: RowBatch, reading: (Row) -> Void = { _ in }, _ body: (Row) throws -> Void
    ) throws {
        for number in 0..<batch.rowCount {
            var row = (0..<batch.columnCount).map { column in
                Cell(batch, row: number, column: column)
            }
            reading(row)
            if try change(&row) { try body(row) }
        }
    }

    private mutating func change(_ row: inout Row) throws -> Bool {
        for index in operations.indices where try !operations[index].apply(&row) { return false }
        return true
    }
}

/// Passes over a table whose rows go through operations.
struct RowPass {
    let input: TableInput
    let header: TableInput.Header
    var chain = RowChain()

    /// Hands the rows to `body` that the operations leave, in order, and each before them to `reading`.
    mutating func forEachRow(
        reading: (Row) -> Void = { _ in }, _ body: (Row) throws -> Void
    ) throws {
        chain.start()
        try input.forEachBatch(header) { batch in
            try chain.forEachRow(of: batch, reading: reading, body)
        }
    }

    /// What the rows that the operations leave tell of some columns.
    mutating func statistics(_ forms: [ColumnStatistic.Form]) throws -> [ColumnStatistic] {
        var statistics = forms.map { ColumnStatistic($0) }
        try forEachRow { row in
            for index in statistics.indices { statistics[index].add(row) }
        }
        return statistics
    }
}

internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// What the operations of a step learn of the rows of a table, when the first of them asks: in one pass, or
/// of the pieces of the table that nothing was kept of.
struct RowLearning {
    private let plan: LearningPlan
    private let list: JSONValue
    private let table: FeatureTable
    private let executor: ParallelExecutor
    private var known: [ColumnStatistic]?

    /// Learns nothing yet. `list` declares the operations.
    init(
        _ operations: [any RowOperation], _ list: JSONValue, _ table: FeatureTable,
        _ executor: ParallelExecutor
    ) {
        plan = LearningPlan(operations, RowSchema(table.summary))
        (self.list, self.table, self.executor) = (list, table, executor)
    }

    /// What the operation at `index` asks of its rows; nil where it must look at them itself. `fill` tells
    /// what an operation fills a column with.
    mutating func statistics(
        of index: Int, fill: (Int, String) -> Cell?
    ) throws -> [ColumnStatistic]? {
        guard let lesson = plan.lessons[index] else { return nil }
        let known = try known ?? learn()
        self.known = known
        var statistics: [ColumnStatistic] = []
        for (place, filler) in zip(lesson.forms, lesson.fillers) {
            var statistic = known[place]
            if let filler {
                guard let cell = fill(filler.operation, filler.column) else { return nil }
                statistic.fillMissing(cell)
            }
            // So many numbers are not counted: they must be looked at together.
            if statistic.form.question == .median, statistic.isOverfull { return nil }
            statistics.append(statistic)
        }
        return statistics
    }

    private func learn() throws -> [ColumnStatistic] {
        if let kept = table.kept, let found = try learn(of: kept) { return found }
        var pass = RowPass(input: table.input, header: table.header, chain: try plan.chain())
        return try pass.statistics(plan.forms.map(\.holdingNumbers))
    }

    /// The same of a table in pieces; nil where there is a fault, which another reading tells with its line.
    private func learn(of kept: FeatureTable.Kept) throws -> [ColumnStatistic]? {
        let (pieces, header, plan) = (kept.pieces, kept.header, plan)
        let sums = PieceSums<[ColumnStatistic]>(
            load: { key in
                pieces.load(key).flatMap { try? ColumnStatistic.decode($0, plan.forms) }
            },
            save: { statistics, key in
                let bytes = ColumnStatistic.encode(statistics)
                if bytes.count <= RowLearning.mostKeptBytes { pieces.save(bytes, key) }
            },
            read: { [executor] ranges in
                try executor.tryMap(ranges.count) { index in
                    try RowLearning.read(ranges[index], of: pieces, header, plan)
                }
            },
            merge: { parts in
                var whole = parts[0]
                for part in parts.dropFirst() {
                    for index in whole.indices { whole[index].merge(part[index]) }
                }
                return whole
            })
        do {
            return try sums.value(
                of: PieceTree(
                    chunks: pieces.pieces.map { ($0.id, $0.sizeBytes) }, header: header,
                    purpose: "features \(plan.key(list).hex)"))
        } catch is TableError {
            return nil
        }
    }

    /// Of many long categories nothing is kept.
    private static let mostKeptBytes = 4 << 20

    private static func read(
        _ places: Range<Int>, of pieces: ContentPieces, _ header: TableHeader, _ plan: LearningPlan
    ) throws -> [ColumnStatistic] {
        var statistics = plan.forms.map { ColumnStatistic($0) }
        var chain = try plan.chain()
        chain.start()
        var reader = CSVFormat.of(header).makeReader()
        func learn(_ batch: RowBatch) throws {
            guard batch.columnCount == header.columnNames.count else {
                throw TableError(line: nil, "has other columns than before")
            }
            try chain.forEachRow(of: batch) { row in
                for index in statistics.indices { statistics[index].add(row) }
            }
        }
        func consume(_ bytes: [UInt8]) throws {
            // Unsafe: the bytes live for the call.
            unsafe try bytes.withUnsafeBytes { unsafe try reader.consume($0, learn) }
        }
        if places.lowerBound > 0 { try consume(header.rawRow + [0x0a]) }
        var last: UInt8?
        for place in places {
            let bytes = try pieces.read(place)
            last = bytes.last ?? last
            try consume(bytes)
        }
        guard places.upperBound == pieces.pieces.count || last == 0x0a else {
            throw TableError(line: nil, "is cut inside a row")
        }
        try reader.finish(learn)
        return statistics
    }
}

/// The table that a `features` step reads, and what is known of it.
struct FeatureTable {
    /// The table in pieces that end between rows.
    struct Kept {
        let pieces: ContentPieces
        let header: TableHeader
    }

    let input: TableInput
    let header: TableInput.Header
    let summary: TableSummary
    /// Nil where the table is read as a whole.
    let kept: Kept?

    /// One pass for rows and types, over what nothing is kept of where the table is in pieces.
    init(_ input: TableInput, _ executor: ParallelExecutor) throws {
        self.input = input
        if input.isText, input.source.pieces != nil,
            case let header = try input.naming({ try input.table.header() }),
            let (pieces, layout) = try BlockTable.pieces(of: input, header, executor)
        {
            summary = layout.summary
            kept = Kept(pieces: pieces, header: header)
        } else {
            summary = try input.summary()
            kept = nil
        }
        header = try input.header()
    }
}

import Bytes
package import Tables
package import Vocabulary

/// Judges a table by a schema: one reading of it, and more where keys of very many rows are looked for.
/// On so many threads at most; the verdict is the same for any number.
///
/// `now` is what freshness is measured against, `history` what rules about former versions are; `table`
/// gives the tables that rules refer to. Memory: at most some 300 MB, whatever the size.
package func checkTable(
    _ source: TableSource, by schema: TableSchema, now: Timestamp, history: TableHistory? = nil,
    threads: Int = 1, table: (RepoPath) throws -> TableSource
) throws -> TableVerdict {
    let header = try source.header()
    var check = TableCheck(source, schema, header)
    try check.prepare(table)
    try check.read(threads: threads)
    try check.finishSearches()
    try check.compare(with: history ?? TableHistory([]) { try TableProfile(of: source) })
    return check.finish(now: now)
}

/// One check, or a part of one.
struct TableCheck: Sendable {
    /// How many hashes all searches for repetitions hold at once.
    private static let hashLimit = 4 << 20
    /// How many values a rule may refer to.
    private static let referenceLimit = 4 << 20

    let source: TableSource
    let schema: TableSchema
    let header: TableHeader
    var verdict: TableVerdict
    var judges: [ColumnJudge] = []
    var searches: [RepetitionSearch] = []
    /// Rows of the table before those that are read.
    var rowsBefore = 0
    private var failing: [Int: [Int]] = [:]

    init(_ source: TableSource, _ schema: TableSchema, _ header: TableHeader) {
        self.source = source
        self.schema = schema
        self.header = header
        verdict = TableVerdict(name: source.name, schema)
        verdict.header = (header.rawRow, header.delimiter)
    }

    // MARK: - Before the rows

    mutating func prepare(_ table: (RepoPath) throws -> TableSource) throws {
        let places = Dictionary(
            zip(header.columnNames, header.columnNames.indices), uniquingKeysWith: { one, _ in one }
        )
        var byColumn: [Int: [Int]] = [:]
        let searchCount = schema.rules.count { rule in
            switch rule.demand {
            case .key, .unique: true
            default: false
            }
        }
        let limit = TableCheck.hashLimit / max(1, searchCount)
        for (index, rule) in schema.rules.enumerated() {
            guard let columns = found(rule, in: places, index) else { continue }
            switch rule.demand {
            case .rows, .rowChange, .drift: break
            case .key, .unique:
                searches.append(
                    RepetitionSearch(
                        place: index, columns: columns, needsValues: rule.column == nil,
                        limit: limit))
            default: byColumn[columns[0], default: []].append(index)
            }
        }
        for (column, rules) in byColumn.sorted(by: { $0.key < $1.key }) {
            judges.append(try judge(column, rules, among: byColumn.count, table))
        }
    }

    /// The positions of a rule's columns; nil where one is missing, which is noted.
    private mutating func found(
        _ rule: TableRule, in places: [String: Int], _ index: Int
    ) -> [Int]? {
        var names = rule.column.map { [$0] } ?? []
        if case .key(let columns) = rule.demand { names = columns }
        let columns = names.compactMap { places[$0] }
        guard columns.count == names.count else {
            let missing = names.first { places[$0] == nil } ?? ""
            verdict.verdicts[index].note =
                "the table has no column '\(printable(Array(missing.utf8)))'"
            verdict.verdicts[index].isBroken = true
            return nil
        }
        return columns
    }

    private func judge(
        _ column: Int, _ rules: [Int], among count: Int,
        _ table: (RepoPath) throws -> TableSource
    ) throws -> ColumnJudge {
        var tests: [ColumnJudge.PlacedTest] = []
        var requiredPlace: Int?
        var asksForNewest = false
        for place in rules {
            let demand = schema.rules[place].demand
            var known: Set<Hash128>?
            switch demand {
            case .required: requiredPlace = place
            case .newest, .advances: asksForNewest = true
            case .references(let path, let name):
                known = try values(of: name, in: try table(path))
            default: break
            }
            if let test = unsafe demand.test(known: known) {
                unsafe tests.append(ColumnJudge.PlacedTest(place: place, test: test))
            }
        }
        return ColumnJudge(
            column: column, tests: tests, requiredPlace: requiredPlace,
            asksForNewest: asksForNewest, among: count)
    }

    private func values(of name: String, in table: TableSource) throws -> Set<Hash128> {
        guard let column = try table.header().columnNames.firstIndex(of: name) else {
            throw StoreError(
                .notFound,
                "'\(table.name)' has no column '\(printable(Array(name.utf8)))', which a rule of "
                    + "'\(source.name)' refers to", subject: table.name,
                advice: "correct the rule 'references'", safety: "nothing was checked")
        }
        var known: Set<Hash128> = []
        try table.forEachBatch { batch in
            for row in 0..<batch.rowCount where !batch.isNull(row: row, column: column) {
                unsafe batch.withValue(row: row, column: column) {
                    _ = unsafe known.insert(xxh3Wide(buffer: UnsafeRawBufferPointer($0)))
                }
            }
            guard known.count <= TableCheck.referenceLimit else {
                throw StoreError(
                    .badUsage, "'\(table.name)' has too many values for a rule to refer to",
                    subject: table.name,
                    advice: "at most \(groupedDigits(TableCheck.referenceLimit)) fit",
                    safety: "nothing was checked")
            }
        }
        return known
    }

    // MARK: - Rows

    mutating func observe(_ batch: RowBatch) {
        // Taken out meanwhile: they are changed beside the verdict.
        var (judges, searches) = (self.judges, self.searches)
        (self.judges, self.searches) = ([], [])
        for index in judges.indices { observe(batch, &judges[index]) }
        for index in searches.indices { observe(batch, &searches[index]) }
        (self.judges, self.searches) = (judges, searches)
        for (row, rules) in failing.sorted(by: { $0.key < $1.key }) {
            guard verdict.failingRows.count < TableVerdict.rowLimit else { break }
            verdict.failingRows.append(
                TableVerdict.FailingRow(
                    row: rowsBefore + batch.firstRow + row + 1, rules: rules.sorted(),
                    bytes: unsafe Array(batch.rawRow(row))))
        }
        failing = [:]
        verdict.rowCount += batch.rowCount
    }

    private mutating func observe(_ batch: RowBatch, _ judge: inout ColumnJudge) {
        var values = 0
        for row in 0..<batch.rowCount {
            if batch.isNull(row: row, column: judge.column) {
                if let place = judge.requiredPlace { fail(place, batch, row, column: nil) }
                continue
            }
            values += 1
            var mask = unsafe batch.withValue(row: row, column: judge.column) {
                unsafe judge.judge($0)
            }
            while mask != 0 {
                let bit = mask.trailingZeroBitCount
                mask &= mask - 1
                fail(judge.places[bit], batch, row, column: judge.column)
            }
        }
        for place in judge.places { verdict.verdicts[place].examined += values }
        if let place = judge.requiredPlace { verdict.verdicts[place].examined += batch.rowCount }
    }

    private mutating func observe(_ batch: RowBatch, _ search: inout RepetitionSearch) {
        for row in 0..<batch.rowCount {
            let finding = search.observe(batch, row)
            if finding == .repeated || finding == .missing {
                fail(
                    search.place, batch, row,
                    column: search.columns.count == 1 ? search.columns[0] : nil)
            }
            if finding != .other, finding != .skipped {
                verdict.verdicts[search.place].examined += 1
            }
        }
    }

    private mutating func fail(_ place: Int, _ batch: RowBatch, _ row: Int, column: Int?) {
        verdict.verdicts[place].failed += 1
        if verdict.verdicts[place].examples.count < RuleVerdict.exampleLimit {
            let value = column.map { batch.value(row: row, column: $0).prefix(100) } ?? []
            verdict.verdicts[place].examples.append(
                RuleVerdict.Example(
                    row: rowsBefore + batch.firstRow + row + 1,
                    value: String(decoding: value, as: UTF8.self)))
        }
        if verdict.failingRows.count < TableVerdict.rowLimit {
            failing[row, default: []].append(place)
        }
    }

    // MARK: - After the rows

    /// Searches that did not fit are done again: as many at a time as fit, or each in parts.
    mutating func finishSearches() throws {
        let overfull = searches.filter(\.isOverfull)
        let limit = TableCheck.hashLimit
        let atOnce = max(1, limit / max(1, verdict.rowCount))
        // Twice as many parts as must be: hashes are shared out by chance.
        let parts = verdict.rowCount <= limit ? 1 : 2 * verdict.rowCount / limit + 1
        for start in stride(from: 0, to: overfull.count, by: atOnce) {
            let some = overfull[start..<min(overfull.count, start + atOnce)]
            for search in some {
                verdict.verdicts[search.place].examined = 0
                verdict.verdicts[search.place].failed = 0
                verdict.verdicts[search.place].examples = []
            }
            for part in 0..<parts {
                var again = some.map { search in
                    RepetitionSearch(
                        place: search.place, columns: search.columns,
                        needsValues: search.needsValues, limit: limit, part: part, parts: parts)
                }
                try source.forEachBatch { batch in
                    for index in again.indices { observe(batch, &again[index]) }
                    // Rows that fail are known from the first reading.
                    failing = [:]
                }
            }
        }
    }

    /// Judges the rules about former versions.
    mutating func compare(with history: TableHistory) throws {
        var judge = HistoryJudge(history)
        for (index, rule) in schema.rules.enumerated()
        where rule.demand.formerVersions > 0 && verdict.verdicts[index].note == nil {
            try judge.judge(
                &verdict.verdicts[index], rowCount: verdict.rowCount, newest: newest(of: rule))
        }
    }

    /// The latest day or moment of the column, in seconds since 1970.
    private func newest(of rule: TableRule) -> Double? {
        let column = header.columnNames.firstIndex { $0 == rule.column }
        return judges.first { $0.column == column }?.newest
    }

    consuming func finish(now: Timestamp) -> TableVerdict {
        for (index, rule) in schema.rules.enumerated() where verdict.verdicts[index].note == nil {
            switch rule.demand {
            case .rows(let bounds):
                verdict.verdicts[index].examined = verdict.rowCount
                verdict.verdicts[index].isBroken = !bounds.holds(verdict.rowCount)
                let count = groupedDigits(verdict.rowCount)
                verdict.verdicts[index].note =
                    "it has \(count) \(verdict.rowCount == 1 ? "row" : "rows")"
            case .newest(let seconds):
                finishNewest(index, rule, seconds, now)
            default: break
            }
        }
        // Rows that break only rules that most others keep are no news.
        let verdicts = verdict.verdicts
        verdict.failingRows.removeAll { row in row.rules.allSatisfy { verdicts[$0].isKept } }
        return verdict
    }

    private mutating func finishNewest(
        _ index: Int, _ rule: TableRule, _ seconds: Int, _ now: Timestamp
    ) {
        verdict.verdicts[index].examined = verdict.rowCount
        guard let newest = newest(of: rule) else {
            verdict.verdicts[index].isBroken = true
            verdict.verdicts[index].note = "it holds no day or moment"
            return
        }
        let age = Double(now.milliseconds) / 1000 - newest
        verdict.verdicts[index].isBroken = age > Double(seconds)
        verdict.verdicts[index].note = "the latest is \(momentText(newest))"
    }
}

/// A moment in seconds since 1970.
func momentText(_ seconds: Double) -> String {
    Timestamp(milliseconds: Int64(seconds * 1000)).description
}

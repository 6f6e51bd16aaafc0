import Tables
import Testing
import Vocabulary

@Suite struct TableTests {
    private static let text = """
        id,late,delay,carrier,day,at
        1,true,2.5,UA,2013-01-01,2013-01-01T00:00:01Z
        2,NA,NA,AA,1970-01-02,NA
        -3,False,-1,"UA",NA,1970-01-01T00:00:00.5Z
        NA,true,inf,NA,2000-02-29,1970-01-01T00:00:00Z

        """

    private func source(_ text: String = TableTests.text) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    @Test func `a table has typed columns with nulls`() throws {
        let table = try Table(reading: source())
        #expect(table.rowCount == 4)
        #expect(
            table.columns.map(\.summary.typeText)
                == ["int?", "bool?", "float?", "string?", "date?", "timestamp?"])
        guard case .ints(let ids)? = table.column(named: "id")?.values,
            case .bools(let late)? = table.column(named: "late")?.values,
            case .strings(let codes, let dictionary)? = table.column(named: "carrier")?.values,
            case .dates(let days)? = table.column(named: "day")?.values,
            case .timestamps(let moments)? = table.column(named: "at")?.values
        else {
            Issue.record("a column is missing or of another type")
            return
        }
        #expect(ids == [1, 2, -3, 0])
        #expect(late == [true, false, false, true])
        #expect(codes == [0, 1, 0, -1])
        #expect(dictionary == ["UA", "AA"])
        #expect(days == [15706, 1, 0, 11016])
        #expect(moments == [1_356_998_401_000_000, 0, 500_000, 0])
        #expect(table.columns.map(\.nulls.nullCount) == [1, 1, 1, 1, 1, 1])
        #expect(table.columns[1].nulls.isNull(1) && !table.columns[1].nulls.isNull(0))
    }

    @Test func `numbers have NaN where there is no value`() throws {
        let table = try Table(reading: source(), columns: ["delay", "late", "at", "carrier"])
        #expect(table.columns.map(\.name) == ["late", "delay", "carrier", "at"])
        let delay = try #require(table.column(named: "delay")?.numbers())
        #expect(delay[0] == 2.5 && delay[1].isNaN && delay[2] == -1 && delay[3] == .infinity)
        let late = try #require(table.column(named: "late")?.numbers())
        #expect(late[0] == 1 && late[1].isNaN && late[2] == 0)
        #expect(table.column(named: "at")?.numbers()?[2] == 0.5)
        #expect(table.column(named: "carrier")?.numbers() == nil)
    }

    @Test func `a column that is not there is named, with a near one`() throws {
        let error = #expect(throws: StoreError.self) {
            try Table(reading: source(), columns: ["Delay"])
        }
        #expect(error?.kind == .notFound)
        #expect(error?.message == "'t.csv' has no column 'Delay'")
        #expect(error?.advice == "did you mean 'delay'?")
    }

    @Test func `a table is read by the types of another one, or refused`() throws {
        let whole = try source("a\n1\n2\n").summary()
        let table = try Table(
            reading: source("a\n1\n2\n"), summary: whole.retyping("a", as: .float))
        #expect(table.columns[0].type == .float)
        let error = #expect(throws: StoreError.self) {
            try Table(reading: source("a\n1\n2.5\n"), summary: whole)
        }
        #expect(error?.kind == .malformed)
        #expect(
            error?.message
                == "cannot read column 'a' of 't.csv' as int: the value in row 2 is something else")
    }

    @Test func `an error of reading names the table and never its values`() throws {
        let error = #expect(throws: StoreError.self) { try source("a,b\nsecret\n").summary() }
        #expect(
            error?.message
                == "cannot read 't.csv' as a table: line 2 has 1 field, expected 2")
    }

    @Test func `many distinct texts keep their codes`() throws {
        let words = (0..<5000).map { "word \($0 % 1777)" }
        let text = "w\n" + words.joined(separator: "\n")
        guard
            case .strings(let codes, let dictionary) = try Table(
                reading: source(text)
            ).columns[0].values
        else {
            Issue.record("not a text column")
            return
        }
        #expect(dictionary.count == 1777)
        #expect(codes.map { dictionary[Int($0)] } == words)
    }

    @Test func `the first rows are told without looking behind them`() throws {
        let head = try source("a,b\n1,NA\n2,\"x \"\"y\"\"\"\n3\n").head(rows: 2)
        #expect(head.columnNames == ["a", "b"])
        #expect(head.rows == [["1", nil], ["2", "x \"y\""]])
        let endless = TableSource(name: "t.csv", format: CSVFormat.csv) { body in
            let rows = Array(("a,b\n" + String(repeating: "7,8\n", count: 1 << 16)).utf8)
            for _ in 0..<3 { try rows.withUnsafeBytes { try body($0) } }
            throw TableError(line: nil, "was read on")
        }
        #expect(try endless.head(rows: 3).rows == Array(repeating: ["7", "8"], count: 3))
    }

    @Test func `a table without rows has a head without rows, and a broken one none`() throws {
        #expect(try source("a,b\n").head(rows: 5) == source("a,b\n\n").head(rows: 1))
        #expect(try source("a,b\n").head(rows: 5).rows.isEmpty)
        #expect(throws: StoreError.self) { try source("a,b\n1\n").head(rows: 5) }
        #expect(throws: StoreError.self) { try source("").head(rows: 5) }
    }
}

@Suite struct CSVWriterTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `what is written is read back`(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let pool = ["", "a", "a,b", "\"", "x\ny", "\r", "ü", "NA", " ", "a\"b", "\r\n"]
        let width = Int.random(in: 1...4, using: &numbers)
        let rows = (0..<20).map { _ in
            (0..<width).map { _ in pool[Int.random(in: 0..<pool.count, using: &numbers)] }
        }
        var writer = CSVWriter()
        writer.append(row: (0..<width).map { "c\($0)" })
        for row in rows { writer.append(row: row) }
        #expect(try read(writer.take()).rows == rows)
        #expect(writer.bytes.isEmpty)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `raw rows are copied byte for byte`(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let bytes = RandomCSV.valid(&numbers)
        let source = TableSource(name: "t.csv", format: CSVFormat.csv, bytes: bytes)
        var writer = CSVWriter()
        var started = false
        let header = try source.forEachBatch { batch in
            if !started { writer.append(header: batch.header) }
            started = true
            for row in 0..<batch.rowCount { writer.append(rawRow: row, of: batch) }
        }
        guard started else { return }
        let before = try read(bytes)
        let after = try read(writer.bytes)
        #expect(after == before)
        #expect(writer.bytes.starts(with: header.rawRow))
    }
}

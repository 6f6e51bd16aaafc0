import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Tables

/// Tables of one JSON object a line.
@Suite struct JSONLinesTests {
    private func source(_ text: String, pieceBytes: Int = 1 << 20) -> TableSource {
        let bytes = Array(text.utf8)
        return TableSource(name: "t.jsonl", format: JSONLinesFormat()) { body in
            try push(bytes, [pieceBytes], body)
        }
    }

    private func columns(_ text: String) throws -> [String] {
        try source(text).summary().columns.map { "\($0.name): \($0.typeText)" }
    }

    private func message(_ text: String) throws -> String {
        let error = #expect(throws: StoreError.self) { try source(text).summary() }
        return (error?.cause as? TableError)?.description ?? "\(error as Any)"
    }

    @Test(arguments: ["t.jsonl", "t.NDJSON", "t.jsonl.gz", "t.ndjson.zst"])
    func `names promise lines of JSON`(_ name: String) {
        #expect(TableFormats.format(forName: Array(name.utf8))?.name == "jsonl")
    }

    @Test(arguments: [1, 5, 1 << 20])
    func `nested objects are dotted columns, arrays JSON text`(_ pieceBytes: Int) throws {
        let text = """
            {"id": 1, "user": {"name": "Ann", "tags": [ "a", {"b" : null} ]}, "ok": true}
            {"user": {"tags": [], "name": "x, \\"y\\"\\n"}, "id": 2, "extra": {}}\r

              {"id": 3, "user": null, "ok": null}
            """
        let table = source(text, pieceBytes: pieceBytes)
        let head = try table.head(rows: 9)
        #expect(head.columnNames == ["id", "user.name", "user.tags", "ok", "extra", "user"])
        #expect(
            head.rows == [
                ["1", "Ann", #"["a",{"b":null}]"#, "true", nil, nil],
                ["2", "x, \"y\"\n", "[]", nil, "{}", nil],
                ["3", nil, nil, nil, nil, nil],
            ])
        #expect(try table.summary().rowCount == 3)
        #expect(
            try columns(text) == [
                "id: int", "user.name: string?", "user.tags: string?", "ok: bool?",
                "extra: string?", "user: string?",
            ])
    }

    @Test func `types are those that JSON and all values say`() throws {
        #expect(
            try columns(
                """
                {"i":1,"f":1,"s":"1","d":"2020-02-29","t":"2020-01-01T10:00Z","m":1,"b":true,"n":null}
                {"i":-9223372036854775808,"f":2.5e3,"s":"2","d":"2021-01-01","t":"2020-01-01 10:00:00.5",\
                "m":"x","b":false,"n":NaN}
                """) == [
                    "i: int", "f: float", "s: string", "d: date", "t: timestamp", "m: string",
                    "b: bool", "n: string?",
                ])
        #expect(
            try columns(
                #"{"d":"2020-01-01","x":1}"# + "\n" + #"{"d":"2020-01-01T00:00Z","x":true}"#)
                == ["d: string", "x: string"])
        #expect(
            try columns(#"{"f":Infinity,"g":12345678901234567890}"#) == ["f: float", "g: float"])
    }

    @Test func `a text that looks like no value is a text, and an empty one too`() throws {
        let table = source("{\"a\":\"NA\",\"b\":\"\"}\n{\"a\":\"\",\"b\":null}\n{\"a\":\"null\"}")
        let head = try table.head(rows: 9)
        #expect(head.rows == [["NA", ""], ["", nil], ["null", nil]])
        let read = try Table(reading: table)
        #expect(read.columns.map(\.summary.typeText) == ["string", "string?"])
        guard case .strings(let codes, let dictionary) = read.columns[0].values else {
            Issue.record("not texts")
            return
        }
        #expect(codes.map { dictionary[Int($0)] } == ["NA", "", "null"])
        #expect((0..<3).map { read.columns[1].nulls.isNull($0) } == [false, true, true])
    }

    @Test func `texts keep what JSON escapes`() throws {
        let line = #"{"a\u002eb":"\u00e9\ud83d\ude00\/\\\b\f\r\t","z":"\u0000","r":"x\r"}"#
        let head = try source(line).head(rows: 1)
        #expect(head.columnNames == ["a.b", "z", "r"])
        #expect(head.rows == [["é😀/\\\u{8}\u{c}\r\t", "\0", "x\r"]])
        #expect(try source("\u{feff}" + #"{"a":1}"#).head(rows: 1).columnNames == ["a"])
    }

    @Test func `the first rows are told without looking behind them`() throws {
        let endless = TableSource(name: "t.jsonl", format: JSONLinesFormat()) { body in
            let rows = Array("{\"a\":1}\n{\"a\":2,\"b\":3}\n".utf8)
            for _ in 0..<3 { try rows.withUnsafeBytes { try body($0) } }
            throw TableError(line: nil, "was read on")
        }
        #expect(try endless.head(rows: 1).columnNames == ["a"])
        #expect(try endless.head(rows: 2).rows == [["1", nil], ["2", "3"]])
        #expect(throws: StoreError.self) { try endless.summary() }
    }

    @Test func `many rows come in many batches`() throws {
        let text = (0..<40_000).map { #"{"i":\#($0),"t":"row \#($0)"}"# }.joined(separator: "\n")
        var batches = 0
        var next = 0
        try source(text, pieceBytes: 10_007).forEachBatch { batch in
            batches += 1
            #expect(batch.firstRow == next)
            next += batch.rowCount
            #expect(batch.text(row: 0, column: 0) == "\(batch.firstRow)")
        }
        #expect(next == 40_000)
        #expect(batches > 2)
    }

    @Test(arguments: [
        ("{\"a\":1}\n{\"a\":}", "line 2 is not JSON: expected a value at byte 6"),
        ("{\"a\":1}\n\n[1]", "line 3 is not a JSON object"),
        ("{\"a\":1", "line 1 is not JSON: expected ',' or '}' at byte 7"),
        ("{\"a\" 1}", "line 1 is not JSON: expected ':' at byte 6"),
        ("{a:1}", "line 1 is not JSON: expected a key at byte 2"),
        ("{\"a\":1,}", "line 1 is not JSON: expected a key at byte 8"),
        ("{\"a\":01}", "line 1 is not JSON: expected a value at byte 6"),
        ("{\"a\":1.}", "line 1 is not JSON: expected a value at byte 6"),
        ("{\"a\":\"x}", "line 1 is not JSON: a text does not end at byte 9"),
        ("{\"a\":\"\\x\"}", "line 1 is not JSON: there is an unknown escape at byte 9"),
        ("{\"a\":\"\\ud800\"}", "line 1 is not JSON: there is half a character at byte 13"),
        ("{\"a\":[1,}", "line 1 is not JSON: expected a value at byte 9"),
        ("{\"a\":1} x", "line 1 is not JSON: there is text behind the object at byte 9"),
        ("{\"a\":1,\"a\":2}", "line 1 has 'a' twice"),
        ("{\"a\":{\"b\":1},\"a.b\":2}", "line 1 has 'a.b' twice"),
        ("", "it is empty: there is no row"), ("\n \n", "it is empty: there is no row"),
        ("{}\n{}", "no row has a key"),
    ])
    func `what is wrong is told with its line`(_ text: String, _ expected: String) throws {
        #expect(try message(text) == expected)
    }

    @Test func `bytes that are no text are refused`() {
        let bytes = Array("{\"a\":\"".utf8) + [0xff] + Array("\"}".utf8)
        let table = TableSource(name: "t.jsonl", format: JSONLinesFormat(), bytes: bytes)
        #expect(throws: StoreError.self) { try table.summary() }
    }

    @Test func `depth, columns and lines have bounds`() throws {
        let deep = String(repeating: "[", count: 200)
        #expect(try message("{\"a\":\(deep)").contains("nested too deeply"))
        let objects = String(repeating: "{\"a\":", count: 200)
        #expect(try message(objects).contains("nested too deeply"))
        let wide = (0...JSONRowParser.maximumColumns).map { "\"\($0)\":1" }.joined(separator: ",")
        #expect(try message("{\(wide)}") == "line 1 names more than 10000 columns")
        let long = String(repeating: "x", count: RowReader.maximumRowBytes)
        #expect(try message("{\"a\":1}\n{\"a\":\"\(long)\"}").contains("line 2 is longer than"))
    }
}

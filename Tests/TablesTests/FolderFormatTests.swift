import TestSupport
import Testing
import Vocabulary

@testable import Tables

/// Folders of files that are one table.
@Suite struct FolderFormatTests {
    private func folder(_ files: [String: String]) throws -> TableSource {
        let parts = files.keys.map { $0.split(separator: "/").map(String.init) }
        return try FolderFormat.source(name: "d", files: parts.filter(FolderFormat.isPart)) {
            path, format in
            let name = path.joined(separator: "/")
            return TableSource(name: name, format: format, bytes: Array((files[name] ?? "").utf8))
        }
    }

    private func columns(_ source: TableSource) throws -> [String] {
        try source.summary().columns.map { "\($0.name): \($0.typeText)" }
    }

    @Test func `rows come file by file, columns by their names`() throws {
        let table = try folder([
            "b.csv": "v;id\nx;3\n", "a.csv": "id,v\n1,NA\n2,\"a,b\"\n",
            "c.csv": "id,w\n4.5,2020-01-01\n",
            "_SUCCESS": "", "_old/a.csv": "q\n1\n", ".a.csv.crc": "?", "notes.txt": "",
        ])
        let head = try table.head(rows: 9)
        #expect(head.columnNames == ["id", "v", "w"])
        #expect(
            head.rows == [
                ["1", nil, nil], ["2", "a,b", nil], ["3", "x", nil], ["4.5", nil, "2020-01-01"],
            ])
        #expect(try columns(table) == ["id: float", "v: string?", "w: date?"])
        #expect(try table.summary().rowCount == 4)
        #expect(
            try table.head(rows: 1)
                == TableHead(columnNames: ["id", "v", "w"], rows: [["1", nil, nil]]))
        #expect(try table.head(rows: 3).rows.count == 3)
    }

    @Test func `a folder whose files count by a log is not read past the log`() throws {
        let error = #expect(throws: StoreError.self) {
            try folder(["a.csv": "id\n1\n", "_delta_log/00000000000000000000.json": "{}"])
        }
        #expect(error?.kind == .malformed && error?.message.contains("Delta Lake") == true)
        let inner = #expect(throws: StoreError.self) {
            try folder(["x/a.csv": "id\n1\n", "x/_delta_log/00000000000000000000.json": "{}"])
        }
        #expect(inner?.message.hasSuffix("'x' in it is a Delta Lake table of its own") == true)
    }

    @Test func `folders with keys are columns`() throws {
        let table = try folder([
            "year=2020/city=S%C3%A3o%20P/1.csv": "n\n1\n",
            "year=2021/city=__HIVE_DEFAULT_PARTITION__/1.csv": "n\n2\n3\n",
        ])
        #expect(try columns(table) == ["n: int", "year: int", "city: string?"])
        #expect(
            try table.head(rows: 9).rows == [
                ["1", "2020", "São P"], ["2", "2021", nil], ["3", "2021", nil],
            ])
        let lines = try folder([
            "day=2020-01-02/a.jsonl": "{\"i\":1}\n{\"i\":2.5,\"s\":\"NA\"}",
            "day=2020-01-03/b.jsonl": "{\"s\":\"\"}\n{\"i\":4}",
        ])
        #expect(try columns(lines) == ["i: float?", "s: string?", "day: date"])
        #expect(
            try lines.head(rows: 9).rows == [
                ["1", nil, "2020-01-02"], ["2.5", "NA", "2020-01-02"], [nil, "", "2020-01-03"],
                ["4", nil, "2020-01-03"],
            ])
    }

    @Test func `folders that are no table say why`() throws {
        func message(_ files: [String: String]) throws -> String {
            let error = #expect(throws: StoreError.self) { try folder(files).summary() }
            return error?.message ?? ""
        }
        #expect(try message(["a.txt": ""]).hasSuffix("no file in it is one"))
        #expect(
            try message(["a.csv": "a\n", "b.jsonl": "{}"]).hasSuffix(
                "it holds 'a.csv' and 'b.jsonl'"))
        #expect(
            try message(["k=1/a.csv": "a\n", "b.csv": "a\n"])
                .hasSuffix("'b.csv' and 'k=1/a.csv' are not in the same kind of folders"))
        #expect(
            try message(["a=1/a.csv": "a\n1\n"])
                == "cannot read 'd' as a table: a folder has the name of a column")
        #expect(
            try message(["a.csv": "a\n1,2\n"]).hasPrefix("cannot read 'a.csv' as a table: line 2"))
        #expect(try folder(["a.csv": "a\n", "b.csv": "a,b\n"]).summary().rowCount == 0)
    }
}

import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Tables

/// Parquet and Arrow files, as the plug-in reads them.
@Suite(
    .enabled(
        if: ArrowPlugin.isBuilt, "the plug-in for Parquet is not built: 'install.sh test' does"))
struct ArrowTests {
    private static let folder = Result { try ArrowPlugin.writeTables() }

    private func bytes(_ name: String) throws -> [UInt8] {
        try ArrowTests.folder.get().bytes(of: name)
    }

    private func source(_ bytes: [UInt8], _ name: String) throws -> TableSource {
        let format = try #require(TableFormats.format(forName: Array(name.utf8)))
        return TableSource(name: name, format: format, bytes: bytes)
    }

    private func message(_ bytes: [UInt8], _ name: String = "t.parquet") throws -> String {
        let table = try source(bytes, name)
        let error = #expect(throws: StoreError.self) { try table.summary() }
        #expect(throws: StoreError.self) { try table.head(rows: 1 << 20) }
        return error?.message ?? ""
    }

    @Test(arguments: ["t.parquet", "T.PARQUET", "t.feather", "t.arrow", "t.ipc"])
    func `names promise a table that is not counted`(_ name: String) {
        #expect(TableFormats.format(forName: Array(name.utf8))?.isCounted == false)
        #expect(TableFormats.format(forName: Array((name + ".gz").utf8)) == nil)
    }

    @Test func `what pyarrow wrote is read as Python reads it`() throws {
        let expected = try JSONValue(parsing: bytes("expected.json"))
        guard case .object(let files) = expected else {
            Issue.record("no expectations")
            return
        }
        #expect(files.count > 28)
        for (name, wanted) in files.sorted(by: { $0.key < $1.key }) {
            let table = try source(bytes(name), name)
            let head = try table.head(rows: 100_000)
            let summary = try table.summary()
            #expect(wanted["columns"] == .array(head.columnNames.map { .string($0) }))
            #expect(
                wanted["types"] == .array(summary.columns.map { .string($0.typeText) }), "\(name)")
            guard case .array(let rows)? = wanted["rows"] else { continue }
            #expect(rows.count == summary.rowCount)
            #expect(rows.count == head.rows.count)
            for (number, (row, own)) in zip(rows, head.rows).enumerated() {
                guard case .array(let values) = row else { continue }
                for (index, (value, text)) in zip(values, own).enumerated()
                where value != (text.map { .string($0) } ?? .null) {
                    Issue.record(
                        "\(name) row \(number) \(head.columnNames[index]): \(text ?? "-"), not \(value)"
                    )
                }
            }
        }
    }

    @Test func `values are read with the types of their columns`() throws {
        let table = try source(bytes("0.parquet"), "0.parquet")
        let read = try Table(
            reading: table, columns: ["bool", "i32", "double", "day", "micro", "word", "price"])
        #expect(read.rowCount == 500)
        #expect(
            read.columns.map(\.summary.typeText)
                == ["bool?", "string?", "date?", "timestamp?", "float?", "float?", "int?"])
    }

    @Test func `equal files differ in nothing, whatever their format`() throws {
        let heads = try ["0.parquet", "5.parquet", "file.arrow", "stream.arrow", "zstd.feather"].map
        {
            try source(bytes($0), $0).head(rows: 1000)
        }
        let shared = Set(heads[0].columnNames)
        for head in heads {
            let places = head.columnNames.indices.filter { shared.contains(head.columnNames[$0]) }
            let first = heads[0].rows.map { row in
                places.compactMap { place in
                    heads[0].columnNames.firstIndex(of: head.columnNames[place]).map { row[$0] }
                }
            }
            #expect(head.rows.map { row in places.map { row[$0] } } == first)
        }
    }

    @Test func `the first rows need only some of a file`() throws {
        let bytes = try bytes("file.arrow")
        let head = try source(bytes, "file.arrow").head(rows: 3)
        #expect(head.rows.count == 3)
        #expect(
            try head
                == TableHead(
                    columnNames: head.columnNames,
                    rows: Array(source(bytes, "file.arrow").head(rows: 100).rows[..<3])))
    }

    @Test func `files that end too early, at every part, are errors`() throws {
        for name in ["0.parquet", "3.parquet", "file.arrow", "zstd.feather"] {
            let whole = try bytes(name)
            for part in 0..<20 {
                let cut = Array(whole[..<(whole.count * part / 20)])
                #expect(
                    try message(cut, name)
                        .hasPrefix("cannot read '\(name)' as a table: Arrow refuses it ("))
            }
        }
        #expect(try message(Array("PAR1 no parquet PAR1".utf8)).contains("refuses"))
        #expect(try message(Array("a,b\n1,2\n".utf8), "t.feather").contains("refuses"))
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `damaged bytes end in an error or in rows, never in the process`(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        for name in [
            "2.parquet", "9.parquet", "empty.parquet", "file.arrow", "lz4.feather", "views.arrow",
        ] {
            let whole = try bytes(name)
            for _ in 0..<8 {
                var damaged = whole
                // The footer is where the lies would be: half of the damage is there.
                let isFooter = Bool.random(using: &numbers)
                for _ in 0..<Int.random(in: 1...6, using: &numbers) {
                    let low = isFooter ? max(0, whole.count - 3000) : 0
                    let place = Int.random(in: low..<whole.count, using: &numbers)
                    damaged[place] = UInt8.random(in: 0...255, using: &numbers)
                }
                let table = try source(damaged, name)
                do {
                    let summary = try table.summary()
                    #expect(summary.columns.count < 100_000)
                } catch let error as StoreError { #expect(error.kind == .malformed) }
                do {
                    #expect(try table.head(rows: 1000).rows.count <= 1000)
                } catch let error as StoreError { #expect(error.kind == .malformed) }
            }
        }
    }

    @Test func `a failure of the disk is told as such`() throws {
        let bytes = try bytes("0.parquet")
        let format = ArrowFormat.parquet
        let failing = TableSource(name: "t.parquet", format: format) {
            TableRanges(sizeBytes: bytes.count) { range in
                guard range.lowerBound > 1 << 40 else {
                    throw StoreError(.io, "cannot read the disk")
                }
                return Array(bytes[range])
            }
        } read: { _ in
        }
        #expect(throws: StoreError.self) { try failing.summary() }
        let error = #expect(throws: StoreError.self) { try failing.head(rows: 1) }
        #expect(error?.kind == .io)
        let shrunk = TableSource(name: "t.parquet", format: format) {
            TableRanges(sizeBytes: bytes.count) { _ in [] }
        } read: { _ in
        }
        #expect(throws: StoreError.self) { try shrunk.summary() }
        let streamed = TableSource(name: "t.parquet", format: format) { _ in }
        #expect(throws: StoreError.self) { try streamed.summary() }
    }
}

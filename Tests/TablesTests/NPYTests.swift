import Bytes
import Platform
import Testing
import Vocabulary

@testable import Tables

/// Arrays of NumPy as tables.
@Suite struct NPYTests {
    private struct Example {
        let name: String
        let bytes: [UInt8]
        let columns: [String]
        let rows: [[String?]]
    }

    private static func examples() throws -> [Example] {
        let file = DiskPath(#filePath).parent.parent.parent / "fixtures/npy/cases.json"
        let cases = try JSONValue(parsing: LocalDisk().readFile(file, maximumBytes: 1 << 20))
        return try (cases.arrayValue ?? []).map { value in
            Example(
                name: value["name"]?.stringValue ?? "",
                bytes: try #require(Hex.decode(value["bytes"]?.stringValue ?? "")),
                columns: value["columns"]?.arrayValue?.compactMap(\.stringValue) ?? [],
                rows: value["rows"]?.arrayValue?.map { row in
                    (row.arrayValue ?? []).map(\.stringValue)
                } ?? [])
        }
    }

    private func source(_ bytes: [UInt8]) -> TableSource {
        TableSource(name: "a.npy", format: NPYFormat.npy, bytes: bytes)
    }

    /// A file of version 1 with that header.
    private func file(_ header: String, _ values: [UInt8]) -> [UInt8] {
        let text = Array(header.utf8)
        return [0x93] + Array("NUMPY".utf8)
            + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text + values
    }

    @Test func `the rows are NumPy's`() throws {
        let examples = try NPYTests.examples()
        #expect(examples.count > 25)
        for example in examples {
            let source = source(example.bytes)
            let head = try source.head(rows: 100)
            #expect(head.columnNames == example.columns, "\(example.name)")
            #expect(head.rows == example.rows, "\(example.name)")
            let summary = try source.summary()
            #expect(summary.rowCount == example.rows.count, "\(example.name)")
            for (index, column) in summary.columns.enumerated() {
                let isNullable = example.rows.contains { $0[index] == nil }
                #expect(column.isNullable == isNullable, "\(example.name)")
            }
            #expect(try source.head(rows: 1).rows == Array(example.rows.prefix(1)))
        }
    }

    @Test func `types are those of the fields`() throws {
        let structure = try #require(try NPYTests.examples().first { $0.name == "structure" })
        #expect(
            try source(structure.bytes).summary().columns.map { "\($0.name): \($0.typeText)" } == [
                "id: int", "point.x: float?", "point.y: string", "name: string", "ok: bool",
            ])
        #expect(try NPYFormat.isStructured(source(structure.bytes)))
        let rows = try #require(try NPYTests.examples().first { $0.name == "rows" })
        #expect(try !NPYFormat.isStructured(source(rows.bytes)))
        #expect(try source(rows.bytes).parts().map(\.rowCount) == [5])
        #expect(try source(rows.bytes).selecting([]).summary().rowCount == 0)
    }

    @Test(
        arguments: [
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", 7, "tells of 8 bytes"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2, 2)}", 32, "3 dimensions"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': ()}", 4, "0 dimensions"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8, "Python objects"),
            ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8, "type '<c8'"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (-1,)}", 4, "damaged"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 0)}", 0, "no columns"),
            ("{'descr': [], 'fortran_order': False, 'shape': (9999999999,)}", 0, "no columns"),
            (
                "{'descr': '<i8', 'fortran_order': True, 'shape': (9223372036854775807, 3)}", 24,
                "more values than"
            ),
            (
                "{'descr': [('a', '<i4'), ('a', '<i4')], 'fortran_order': False, 'shape': (1,)}", 8,
                "same name"
            ),
            (
                "{'descr': [('a', '<i4', (16777216, 16777216))], 'fortran_order': False, 'shape': (1,)}",
                8, "longer than"
            ),
            ("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", 4, "not UTF-8"),
            ("{'descr': " + String(repeating: "[", count: 9000), 0, "damaged"),
        ])
    func `what is no table, or lies, is refused`(
        _ header: String, _ count: Int, _ reason: String
    ) throws {
        let bytes = file(header, Array(repeating: 0xff, count: count))
        let error = #expect(throws: StoreError.self) { try source(bytes).head(rows: 9) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `a file that ends early is refused wherever it does`() throws {
        let example = try #require(try NPYTests.examples().first { $0.name == "structure" })
        for end in 0..<example.bytes.count {
            #expect(throws: StoreError.self) {
                try source(Array(example.bytes[..<end])).head(rows: 9)
            }
        }
    }
}

import Bytes
import Platform
import Testing
import Vocabulary

@testable import Tables

/// Archives of NumPy's arrays as tables.
@Suite struct NPZTests {
    private static func cases() throws -> [JSONValue] {
        let file = DiskPath(#filePath).parent.parent.parent / "fixtures/npy/archives.json"
        let value = try JSONValue(parsing: LocalDisk().readFile(file, maximumBytes: 1 << 20))
        return try #require(value.arrayValue)
    }

    private func source(_ bytes: [UInt8]) -> TableSource {
        TableSource(name: "a.npz", format: NPZFormat.npz, bytes: bytes)
    }

    private static func bytes(_ example: JSONValue) throws -> [UInt8] {
        try #require(Hex.decode(example["bytes"]?.stringValue ?? ""))
    }

    @Test func `the rows are NumPy's, stored and packed`() throws {
        let cases = try NPZTests.cases()
        #expect(cases.count == 9)
        for example in cases {
            let name = example["name"]?.stringValue ?? ""
            let source = source(try NPZTests.bytes(example))
            let summary = try source.summary()
            #expect(
                .array(summary.columns.map { .string($0.name) }) == example["columns"], "\(name)")
            #expect(summary.rowCount == example["rowCount"]?.integerValue.map { Int($0) })
            let every = Int(example["every"]?.integerValue ?? 1)
            let rows = try source.head(rows: 1 << 20).rows
            #expect(rows.count == summary.rowCount)
            let some = stride(from: 0, to: rows.count, by: every).map { row in
                JSONValue.array(rows[row].map { $0.map { .string($0) } ?? .null })
            }
            #expect(.array(some) == example["rows"], "\(name)")
            for (index, column) in summary.columns.enumerated() {
                #expect(column.isNullable == rows.contains { $0[index] == nil }, "\(name)")
            }
            #expect(try source.head(rows: 1).rows == Array(rows.prefix(1)))
        }
    }

    /// A file with one column of bytes.
    private static func array(_ values: [UInt8], type: String = "|u1") -> [UInt8] {
        let text = Array(
            "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(values.count),), }\n".utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + values
    }

    /// An archive of members that are not packed.
    private struct Archive {
        var members: [(name: String, bytes: [UInt8])]
        var flags = 0
        var method = 0
        var isLarge = false
        /// What is added to where a directory says that members begin.
        var shift = 0
        var comment: [UInt8] = []

        private func number(_ value: Int, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }

        var bytes: [UInt8] {
            var file: [UInt8] = []
            var directory: [UInt8] = []
            for (name, bytes) in members {
                let start = max(0, file.count + shift)
                let sizes = number(0, 4) + number(bytes.count, 4) + number(bytes.count, 4)
                let about = number(flags, 2) + number(method, 2) + number(0, 4) + sizes
                file += [0x50, 0x4b, 3, 4] + number(20, 2) + about
                file += number(name.utf8.count, 2) + number(0, 2) + Array(name.utf8) + bytes
                directory += [0x50, 0x4b, 1, 2] + number(20, 2) + number(20, 2) + about
                directory += number(name.utf8.count, 2) + number(0, 2) + number(0, 2)
                directory += number(0, 8) + number(start, 4) + Array(name.utf8)
            }
            let start = file.count
            file += directory
            if isLarge {
                let record = file.count
                file += [0x50, 0x4b, 6, 6] + number(44, 8) + number(0, 12)
                file += number(members.count, 8) + number(members.count, 8)
                file += number(directory.count, 8) + number(start, 8)
                file += [0x50, 0x4b, 6, 7] + number(0, 4) + number(record, 8) + number(1, 4)
            }
            let count = isLarge ? 0xffff : members.count
            file += [0x50, 0x4b, 5, 6] + number(0, 4) + number(count, 2) + number(count, 2)
            file += number(isLarge ? 0xffff_ffff : directory.count, 4)
            file += number(isLarge ? 0xffff_ffff : start, 4)
            return file + number(comment.count, 2) + comment
        }
    }

    private func message(_ archive: Archive) -> String { message(archive.bytes) }

    private func message(_ bytes: [UInt8]) -> String {
        let error = #expect(throws: StoreError.self) { try source(bytes).summary() }
        #expect(throws: StoreError.self) { try source(bytes).head(rows: 1 << 20) }
        #expect(error?.kind == .malformed)
        let start = "cannot read 'a.npz' as a table: "
        return (error?.message ?? "").hasPrefix(start)
            ? String((error?.message ?? "").dropFirst(start.count)) : ""
    }

    @Test func `archives that are no table say why`() throws {
        let one = ("a.npy", NPZTests.array([1, 2]))
        let two = ("b.npy", NPZTests.array([7]))
        let plain = Archive(members: [one])
        #expect(try source(plain.bytes).head(rows: 9).rows == [["1"], ["2"]])
        let commented = Archive(members: [one], comment: Array("PK\u{5}\u{6} not here".utf8))
        #expect(try source(commented.bytes).head(rows: 9).rows == [["1"], ["2"]])
        let large = Archive(members: [one], isLarge: true)
        #expect(try source(large.bytes).head(rows: 9).rows == [["1"], ["2"]])
        #expect(
            message(Archive(members: [one, two]))
                == "its arrays have different numbers of rows: 'a' 2, 'b' 1")
        #expect(message(Archive(members: [one, one])) == "two members of it have the same name")
        #expect(message(Archive(members: [])) == "it has no arrays")
        #expect(
            message(Archive(members: [("x.txt", [1])])) == "'x.txt' in it is no NPY file")
        #expect(
            message(Archive(members: [("x.npy", [1])]))
                == "array 'x' in it gives no columns: it is no NPY file")
        #expect(
            message(Archive(members: [("x.npy", NPZTests.array([1], type: "|O"))]))
                .hasSuffix("it holds Python objects, which are not read"))
        #expect(message(Archive(members: [one], flags: 1)) == "'a.npy' in it is encrypted")
        #expect(
            message(Archive(members: [one], method: 12)) == "'a.npy' in it is packed by method 12")
        #expect(
            message(Archive(members: [one, ("b.npy", NPZTests.array([7, 8]))], shift: -10))
                .hasPrefix("its list of members is damaged"))
        #expect(message([]) == "it is no ZIP archive, or not all of it")
        #expect(message(Array(plain.bytes.dropLast())) == "it is no ZIP archive, or not all of it")
        // Two entries of the directory for the same bytes.
        var twice = Archive(members: [one, one]).bytes
        let entry = twice.count - 22 - 51
        let first = entry - 51
        twice[entry..<entry + 51] = twice[first..<first + 51]
        #expect(message(twice) == "two members of it lie over each other")
    }

    @Test func `packed bytes are checked against what the archive says`() throws {
        let packed = try #require(
            try NPZTests.cases().first { $0["name"]?.stringValue == "one packed" })
        let bytes = try NPZTests.bytes(packed)
        var unlike = 0
        for place in bytes.indices {
            for bit in [0, 3, 7] {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                guard let rows = try? source(changed).head(rows: 9) else {
                    unlike += 1
                    continue
                }
                // Only what says nothing of the values may change: times, versions, names.
                #expect(rows.rows == [["1"], ["2"], ["3"]], "byte \(place)")
            }
        }
        #expect(unlike > bytes.count)
    }
}

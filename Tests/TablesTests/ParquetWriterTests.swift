import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Tables

/// A value of a table, as it is written and expected to be read.
private enum Value: Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case text(String)

    /// As fixtures/arrow/read.py prints it, but for numbers.
    func isEqual(to json: JSONValue, _ type: ColumnType) -> Bool {
        switch self {
        case .null: return json == .null
        case .bool(let value): return json == .bool(value)
        case .text(let value): return json == .string(value)
        case .float(let value):
            guard let text = json.stringValue else { return false }
            if value.isInfinite { return text == (value < 0 ? "-inf" : "inf") }
            return Double(text)?.bitPattern == value.bitPattern
        case .int(let value):
            var text: [UInt8] = []
            switch type {
            case .date: text.append(day: value)
            case .timestamp:
                text.append(moment: value, units: 1_000_000)
                // Python prints six digits or none, and the zone.
                if let point = text.firstIndex(of: 0x2e) {
                    while text.count < point + 7 { text.append(0x30) }
                }
                text += Array("+00:00".utf8)
            default: text = Array(String(value).utf8)
            }
            return json.stringValue == String(decoding: text, as: UTF8.self)
        }
    }

    /// As the reader of tables prints it.
    func text(_ type: ColumnType) -> String? {
        switch (self, type) {
        case (.null, _): return nil
        case (.bool(let value), _): return value ? "true" : "false"
        case (.text(let value), _): return value
        case (.float(let value), _): return shortestText(value)
        case (.int(let value), .date), (.int(let value), .timestamp):
            var text: [UInt8] = []
            if type == .date {
                text.append(day: value)
            } else {
                text.append(moment: value, units: 1_000_000)
                text.append(0x5a)
            }
            return String(decoding: text, as: UTF8.self)
        case (.int(let value), _): return String(value)
        }
    }
}

extension ParquetWriter {
    fileprivate mutating func append(_ value: Value) {
        switch value {
        case .null: appendNull()
        case .bool(let value): append(bool: value)
        case .int(let value): append(int: value)
        case .float(let value): append(float: value)
        case .text(let value):
            let bytes = Array(value.utf8)
            unsafe bytes.withUnsafeBufferPointer { unsafe append(text: $0) }
        }
    }
}

private struct Sample {
    var columns: [(name: String, type: ColumnType)]
    var rows: [[Value]]

    /// The file, taken from the writer after every so many rows.
    func file(takingEvery step: Int = .max) -> [UInt8] {
        var writer = ParquetWriter(columns: columns)
        var bytes: [UInt8] = []
        for (number, row) in rows.enumerated() {
            for value in row { writer.append(value) }
            writer.endRow()
            if number % step == step - 1 { bytes += writer.take() }
        }
        writer.finish()
        return bytes + writer.take()
    }

    /// Columns of every type, all values drawn from what is easy to get wrong.
    static func random(_ seed: UInt64, rows: Int) -> Sample {
        var numbers = SeededNumbers(seed)
        let columns = ColumnType.allCases.map { ($0.rawValue, $0) } + [("none", .float)]
        return Sample(
            columns: columns,
            rows: (0..<rows).map { _ in
                columns.map { name, type in
                    if name == "none" || UInt8.random(in: 0..<5, using: &numbers) == 0 {
                        return .null
                    }
                    return value(type, &numbers)
                }
            })
    }

    private static func value(_ type: ColumnType, _ numbers: inout SeededNumbers) -> Value {
        switch type {
        case .bool: return .bool(Bool.random(using: &numbers))
        case .int:
            let some: [Int64] = [0, 1, -1, .max, .min, 1 << 53 + 1]
            return .int(some.randomElement(using: &numbers) ?? 0)
        case .float:
            let some = [0, -0.0, 0.1, -1e300, .leastNonzeroMagnitude, .infinity, -.infinity, 1e22]
            return .float(some.randomElement(using: &numbers) ?? 0)
        case .date: return .int(Int64.random(in: -700_000...2_900_000, using: &numbers))
        case .timestamp:
            let range: ClosedRange<Int64> = -60_000_000_000_000_000...250_000_000_000_000_000
            return .int(Int64.random(in: range, using: &numbers))
        case .string:
            let some = [
                "", "NA", "a", "\"x\",y\n", "größer", "日本語", String(repeating: "z", count: 300),
            ]
            return .text(some.randomElement(using: &numbers) ?? "")
        }
    }
}

/// Parquet as steps write it.
@Suite struct ParquetWriterTests {
    @Test func `a small table has the bytes of the page about the format`() throws {
        let page = try LocalDisk().readFile(
            BuiltProgram.root / "docs/format/parquet-snapshot.md", maximumBytes: 1 << 20)
        let lines = String(decoding: page, as: UTF8.self).split(separator: "\n")
        let start = try #require(lines.firstIndex(of: "```vector parquet-snapshot"))
        let hex = lines[(start + 1)...].prefix { !$0.hasPrefix("```") }
            .map { $0.split(separator: "=").last ?? "" }.joined().filter { $0 != " " }
        let sample = Sample(
            columns: [("id", .int), ("name", .string)],
            rows: [[.int(7), .text("ab")], [.null, .text("")], [.int(-1), .text("c")]])
        #expect(Hex.encode(sample.file()) == hex)
    }

    @Test(arguments: [1, 7, 1000])
    func `the bytes do not depend on when they are taken`(step: Int) {
        let sample = Sample.random(1, rows: 30_000)
        #expect(sample.file() == sample.file(takingEvery: step))
    }

    @Test func `what a text stands for is written, and nothing of what does not`() {
        for (type, text, isRight) in [
            (ColumnType.int, "12", true), (.int, "1.5", false),
            (.int, "18446744073709551615", false),
            (.float, "12", true), (.float, "x", false), (.bool, "TRUE", true), (.bool, "1", false),
            (.date, "2020-02-29", true), (.date, "2021-02-29", false),
            (.timestamp, "2020-02-29T10:00", true), (.timestamp, "2020-02-29", false),
            (.string, "", true),
        ] {
            var writer = ParquetWriter(columns: [("x", type)])
            let bytes = Array(text.utf8)
            let isWritten = unsafe bytes.withUnsafeBufferPointer { unsafe writer.append(field: $0) }
            #expect(isWritten == isRight, "\(type) \(text)")
            if !isWritten { writer.appendNull() }
            writer.endRow()
        }
    }

    // MARK: - Row groups

    /// The rows behind which groups end.
    private func ends(_ rows: [[UInt8]]) -> [Int] {
        var ending = GroupEnding()
        var ends: [Int] = []
        for (number, row) in rows.enumerated() where ending.isEnd(of: row) {
            ends.append(number + 1)
            ending = GroupEnding()
        }
        return ends
    }

    @Test func `a row put in moves no ends but those near it`() {
        var numbers = SeededNumbers(4)
        let rows = (0..<600_000).map { _ in
            (0..<8).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        }
        let before = ends(rows)
        #expect(before.count > 10)
        let sizes = zip(before, [0] + before).map { $0 - $1 }
        #expect(sizes.allSatisfy { (16_384...131_072).contains($0) })
        let changed = Array(rows[..<50_000]) + [[1, 2, 3]] + rows[50_000...]
        let after = Set(ends(changed).map { $0 > 50_000 ? $0 - 1 : $0 })
        let lost = before.filter { !after.contains($0) }
        #expect(lost.count <= 3)
        #expect(lost.allSatisfy { $0 < 300_000 })
    }

    @Test func `groups of long rows are bounded by their bytes`() {
        let row = [UInt8](repeating: 7, count: 1 << 20)
        let equal = ends((0..<70).map { _ in row })
        #expect(zip(equal, [0] + equal).allSatisfy { (4...32).contains($0 - $1) })
        #expect(!equal.isEmpty)
        var numbers = SeededNumbers(5)
        let many = ends(
            (0..<80).map { _ in row.dropLast() + [UInt8.random(in: 0...255, using: &numbers)] })
        #expect(many.count >= 2)
    }
}

/// What others read of it.
@Suite(
    .enabled(
        if: ArrowPlugin.isBuilt, "the plug-in for Parquet is not built: 'install.sh test' does"))
struct ParquetExchangeTests {
    private static let samples = [
        Sample.random(11, rows: 3000), Sample.random(12, rows: 1), Sample.random(13, rows: 0),
        Sample.random(14, rows: 50_000),
        Sample(columns: [("a.b", .string)], rows: [[.null], [.text("")], [.null]]),
    ]

    @Test func `Arrow reads the values with their types`() throws {
        let folder = try TemporaryFolder()
        for (number, sample) in ParquetExchangeTests.samples.enumerated() {
            try folder.write(sample.file(), to: "\(number).parquet")
        }
        let names = ParquetExchangeTests.samples.indices.map { "\($0).parquet" }
        let script = (BuiltProgram.root / "fixtures/arrow/read.py").description
        let output = try BuiltProgram.shell(
            "'\(ArrowPlugin.python)' '\(script)' " + names.joined(separator: " "), in: folder.path)
        #expect(output.status == 0, "\(output.errors)")
        let found = try JSONValue(parsing: Array(output.output.utf8))
        for (name, sample) in zip(names, ParquetExchangeTests.samples) {
            let file = try #require(found[name])
            #expect(file["by"] == "mlstore snapshot version 1.0.0")
            let types: [ColumnType: JSONValue] = [
                .bool: "bool", .int: "int64", .float: "double", .date: "date32[day]",
                .timestamp: "timestamp[us, tz=UTC]", .string: "string",
            ]
            #expect(file["types"]?.arrayValue == sample.columns.map { types[$0.type] ?? .null })
            let rows = file["rows"]?.arrayValue ?? []
            #expect(rows.count == sample.rows.count)
            for (number, (row, wanted)) in zip(rows, sample.rows).enumerated() {
                for (index, value) in (row.arrayValue ?? []).enumerated()
                where !wanted[index].isEqual(to: value, sample.columns[index].type) {
                    Issue.record("\(name) row \(number): \(value), not \(wanted[index])")
                }
            }
            #expect(
                file["nulls"]?.arrayValue?.map(\.integerValue)
                    == sample.columns.indices.map { column in
                        Int64(sample.rows.count { $0[column] == .null })
                    })
        }
        #expect(found["3.parquet"]?["groups"]?.arrayValue?.count ?? 0 > 1)
    }

    @Test func `the plug-in reads the same`() throws {
        for sample in ParquetExchangeTests.samples {
            let table = TableSource(
                name: "t.parquet", format: ArrowFormat.parquet, bytes: sample.file())
            let summary = try table.summary()
            #expect(summary.rowCount == sample.rows.count)
            #expect(summary.columns.map(\.type) == sample.columns.map(\.type))
            let head = try table.head(rows: .max)
            let wanted = sample.rows.map { row in
                row.indices.map { row[$0].text(sample.columns[$0].type) }
            }
            #expect(head.rows == wanted)
        }
    }
}

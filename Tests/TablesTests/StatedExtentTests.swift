import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Tables

/// What Parquet, Arrow and NumPy files say of their size: read without a plug-in, and never a reason to fail.
@Suite struct StatedExtentTests {
    private static let fuzz = DiskPath(#filePath).parent.parent.parent / "fixtures/fuzz"

    private static func corpus(_ name: String) throws -> [UInt8] {
        try LocalDisk().readFile(fuzz / name, maximumBytes: 1 << 20)
    }

    private func source(_ bytes: [UInt8], _ format: any TableFormat) -> TableSource {
        TableSource(name: "t", format: format, bytes: bytes)
    }

    private func parquet(_ bytes: [UInt8]) throws -> TableExtent? {
        try source(bytes, ArrowFormat.parquet).statedExtent()
    }

    private func arrow(_ bytes: [UInt8]) throws -> TableExtent? {
        try source(bytes, ArrowFormat.arrow).statedExtent()
    }

    /// What is wrong.
    private func fault(_ bytes: [UInt8], _ format: any TableFormat = ArrowFormat.parquet) -> String
    {
        let error = #expect(throws: TableError.self) {
            try format.statedExtent(of: source(bytes, format))
        }
        return error?.reason ?? ""
    }

    // MARK: - What is so

    @Test(arguments: [("nested", 3, 5), ("packed", 4, 4)])
    func `a footer tells rows and columns`(_ name: String, _ rows: Int, _ columns: Int) throws {
        let bytes = try Self.corpus("parquet/\(name)")
        #expect(try parquet(bytes) == TableExtent(rows: rows, columns: columns))
    }

    @Test(arguments: [("file", 4, 4), ("stream", 3, 5), ("views", 3, 1)])
    func `the heads of batches tell rows, and the schema columns`(
        _ name: String, _ rows: Int, _ columns: Int
    ) throws {
        let bytes = try Self.corpus("arrow/\(name)")
        #expect(try arrow(bytes) == TableExtent(rows: rows, columns: columns))
    }

    @Test(arguments: [0, 1, 3, 5000])
    func `what mlstore writes tells its rows`(_ rows: Int) throws {
        var writer = ParquetWriter(columns: [("a", .int), ("b.c", .bool)])
        for row in 0..<rows {
            writer.append(int: Int64(row))
            writer.appendNull()
            writer.endRow()
        }
        writer.finish()
        #expect(try parquet(writer.take()) == TableExtent(rows: rows, columns: 2))
    }

    @Test(
        .enabled(
            if: ArrowPlugin.isBuilt, "the plug-in for Parquet is not built: 'install.sh test' does")
    )
    func `it is what Arrow's library finds in all that pyarrow writes`() throws {
        let folder = try ArrowPlugin.writeTables()
        let expected = try JSONValue(parsing: folder.bytes(of: "expected.json"))
        guard case .object(let files) = expected else {
            Issue.record("no expectations")
            return
        }
        #expect(files.count > 28)
        for name in files.keys.sorted() {
            let format = try #require(TableFormats.format(forName: Array(name.utf8)))
            let table = source(try folder.bytes(of: name), format)
            let summary = try table.summary()
            #expect(
                try table.statedExtent()
                    == TableExtent(rows: summary.rowCount, columns: summary.columns.count),
                "\(name)")
        }
    }

    @Test func `an array tells its shape, where it is a table's`() throws {
        let file = Self.fuzz.parent / "npy/cases.json"
        let cases = try JSONValue(parsing: LocalDisk().readFile(file, maximumBytes: 1 << 20))
        var found = 0
        for value in cases.arrayValue ?? [] {
            let bytes = try #require(Hex.decode(value["bytes"]?.stringValue ?? ""))
            let summary = try source(bytes, NPYFormat.npy).summary()
            #expect(
                try source(bytes, NPYFormat.npy).statedExtent()
                    == TableExtent(rows: summary.rowCount, columns: summary.columns.count))
            found += 1
        }
        #expect(found > 25)
        let cube = Array("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1, 1)}".utf8)
        let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(cube.count), 0] + cube
        #expect(try source(bytes + [1, 0, 0, 0], NPYFormat.npy).statedExtent() == nil)
    }

    @Test func `only the footer is read`() throws {
        let bytes = try Self.corpus("parquet/packed")
        let footer = (0..<4).reduce(8) { $0 + Int(bytes[bytes.count - 8 + $1]) << (8 * $1) }
        var count = 0
        let extent = try ParquetFooter.extent(
            TableRanges(sizeBytes: bytes.count) {
                count += $0.count
                return Array(bytes[$0])
            })
        #expect(extent.rows == 4)
        #expect(count == footer + 4)
    }

    @Test func `formats that are read to be added state nothing`() throws {
        for format in TableFormats.all where format.isCounted {
            #expect(try source(Array("a\n1\n".utf8), format).statedExtent() == nil)
        }
        #expect(try source([], NPZFormat.npz).statedExtent() == nil)
    }

    // MARK: - What is not so

    @Test(arguments: [
        "parquet/nested", "parquet/packed", "arrow/file", "arrow/stream", "arrow/views",
    ])
    func `what ends early, or has a byte changed, is told or not, and never stops anything`(
        _ name: String
    ) throws {
        let bytes = try Self.corpus(name)
        let format = name.hasPrefix("parquet") ? ArrowFormat.parquet : ArrowFormat.arrow
        for end in 0..<bytes.count {
            let extent = try source(Array(bytes[..<end]), format).statedExtent()
            // A stream may end behind any of its messages.
            if name != "arrow/stream" { #expect(extent == nil, "\(end)") }
        }
        for place in bytes.indices {
            for change: UInt8 in [0x01, 0x80, 0xff] {
                var changed = bytes
                changed[place] ^= change
                _ = try source(changed, format).statedExtent()
            }
        }
    }

    @Test func `a footer that places a batch where none is tells nothing`() throws {
        let bytes = try Self.corpus("arrow/file")
        // The one batch of the file: its place, the length of its head, that of its body; then the footer.
        let (block, footer) = (944, 904)
        func faults(_ offset: Int, _ count: Int, _ values: [Int]) throws {
            for value in values {
                var changed = bytes
                for index in 0..<count {
                    changed[block + offset + index] = UInt8(
                        truncatingIfNeeded: value >> (8 * index))
                }
                #expect(fault(changed, ArrowFormat.arrow).contains("damaged"), "\(offset) \(value)")
            }
        }
        try faults(0, 8, [0, 7, 8, footer - 7, footer - 1, footer, footer + 1, -1, .min, .max])
        try faults(8, 4, [0, 4, 7, 8, footer, -1, Int(Int32.max), Int(Int32.min)])
        try faults(16, 8, [-1, 105, footer, .min, .max])
        #expect(try arrow(bytes)?.rows == 4)
    }

    @Test func `a file that becomes shorter meanwhile tells nothing`() throws {
        for (name, isParquet) in [("parquet/packed", true), ("arrow/file", false)] {
            let bytes = try Self.corpus(name)
            let ranges = TableRanges(sizeBytes: bytes.count) { range in
                Array(bytes[range.clamped(to: 0..<(bytes.count - 20))])
            }
            #expect(throws: TableError.self) {
                isParquet ? try ParquetFooter.extent(ranges) : try ArrowMessages.extent(ranges)
            }
        }
    }

    @Test func `what the disk says goes on`() {
        let ranges = TableRanges(sizeBytes: 1000) { _ in throw StoreError(.io, "no") }
        #expect(throws: StoreError.self) { try ParquetFooter.extent(ranges) }
        #expect(throws: StoreError.self) { try ArrowMessages.extent(ranges) }
    }

    /// A column or group of a schema.
    private struct Node {
        var repetition: Int?
        var children: Int?
        var converted: Int?
        var logical: Int?
    }

    /// A Parquet file of a footer only.
    private func file(
        _ nodes: [Node], rows: Int?, groups: [Int], tail: [UInt8] = [], length: Int? = nil
    ) -> [UInt8] {
        var thrift = ThriftWriter()
        thrift.int32(1, 1)
        thrift.structures(2, count: nodes.count)
        for node in nodes {
            thrift.beginElement()
            if let value = node.repetition { thrift.int32(3, value) }
            thrift.text(4, "n")
            if let value = node.children { thrift.int32(5, value) }
            if let value = node.converted { thrift.int32(6, value) }
            if let value = node.logical {
                thrift.begin(10)
                thrift.begin(value)
                thrift.end()
                thrift.end()
            }
            thrift.end()
        }
        if let rows { thrift.int64(3, rows) }
        thrift.structures(4, count: groups.count)
        for group in groups {
            thrift.beginElement()
            thrift.int64(3, group)
            thrift.end()
        }
        thrift.end()
        let footer = thrift.bytes + tail
        let count = length ?? footer.count
        let magic = Array("PAR1".utf8)
        return magic + footer + (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + magic
    }

    @Test func `rows that do not add up are not told`() throws {
        let nodes = [Node(children: 1), Node()]
        #expect(
            try parquet(file(nodes, rows: 7, groups: [3, 4])) == TableExtent(rows: 7, columns: 1))
        #expect(try parquet(file(nodes, rows: 0, groups: [])) == TableExtent(rows: 0, columns: 1))
        for (rows, groups) in [
            (8, [3, 4]), (7, []), (nil, []), (-1, [-1]), (2, [3, -1]),
            (Int.min, [Int.max, 1]), (0, [Int.max, Int.max, 2]),
        ] {
            #expect(fault(file(nodes, rows: rows, groups: groups)).contains("damaged"))
        }
        #expect(fault(file(nodes, rows: 1, groups: [1], tail: [0])).contains("add up"))
    }

    @Test func `structures are their fields, and lists and maps one column`() throws {
        // a, b.c.d, b.e, a list, a map, a field that repeats, a group that repeats, a group of nothing.
        let nodes = [
            Node(repetition: 2, children: 7), Node(repetition: 0),
            Node(children: 2), Node(children: 1), Node(), Node(),
            Node(children: 1, converted: 3), Node(repetition: 2, children: 1), Node(),
            Node(children: 1, logical: 2), Node(repetition: 2, children: 2), Node(), Node(),
            Node(repetition: 2), Node(repetition: 2, children: 2), Node(), Node(),
            Node(children: 0),
        ]
        #expect(
            try parquet(file(nodes, rows: 1, groups: [1])) == TableExtent(rows: 1, columns: 8))
    }

    @Test func `a schema that is no tree is not counted`() throws {
        let broken = [
            [], [Node(children: 0)], [Node(children: 2), Node()],
            [Node(children: 1), Node(), Node()], [Node(children: 1), Node(children: 1)],
            [Node(children: -1)], [Node(children: 1), Node(children: .max >> 1)],
            [Node(children: 1), Node(children: 1 << 30)],
        ]
        for nodes in broken {
            #expect(fault(file(nodes, rows: 1, groups: [1])).contains("damaged"))
        }
        // A way down of many groups needs no stack.
        let deep = (0..<200_000).map { _ in Node(children: 1) } + [Node()]
        #expect(try parquet(file(deep, rows: 1, groups: [1])) == TableExtent(rows: 1, columns: 1))
    }

    @Test func `a length that lies is not believed`() {
        let nodes = [Node(children: 1), Node()]
        for length in [0, 1, 1 << 20, Int(UInt32.max)] {
            let bytes = file(nodes, rows: 1, groups: [1], length: length)
            #expect(throws: TableError.self) {
                try ArrowFormat.parquet.statedExtent(of: source(bytes, ArrowFormat.parquet))
            }
        }
        let huge = TableRanges(sizeBytes: 1 << 40) { range in
            range.lowerBound == 0
                ? Array("PAR1".utf8) : [0, 0, 0, 0x80] + Array("PAR1".utf8)
        }
        let error = #expect(throws: TableError.self) { try ParquetFooter.extent(huge) }
        #expect(error?.reason == "its footer is too large")
    }

    // MARK: - Hostile messages of Arrow

    /// Writes tables of a FlatBuffer, each with fields of eight bytes, behind what refers to them.
    private struct Flat {
        /// The reference to the root comes first.
        private(set) var bytes: [UInt8] = [0, 0, 0, 0]

        private mutating func put(_ value: Int, _ count: Int) {
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
        }

        /// Lets what stands at `place` refer to `target`.
        private mutating func refer(_ place: Int, to target: Int) {
            for index in 0..<4 {
                bytes[place + index] = UInt8(truncatingIfNeeded: (target - place) >> (8 * index))
            }
        }

        /// Writes a table that is referred to from these places; returns where its fields stand. Those that
        /// are nil are not there.
        mutating func table(from places: [Int], _ values: [Int?]) -> [Int] {
            let directory = bytes.count
            put(4 + 2 * values.count, 2)
            put(4 + 8 * values.count, 2)
            for (index, value) in values.enumerated() {
                put(value == nil ? 0 : 4 + 8 * index, 2)
            }
            let start = bytes.count
            for place in places { refer(place, to: start) }
            put(start - directory, 4)
            for value in values { put(value ?? 0, 8) }
            return values.indices.map { start + 4 + 8 * $0 }
        }

        /// Writes a vector of two references; returns where they stand.
        mutating func pair(from place: Int) -> [Int] {
            refer(place, to: bytes.count)
            put(2, 4)
            put(0, 8)
            return [bytes.count - 8, bytes.count - 4]
        }
    }

    /// A stream of messages.
    private func stream(_ messages: [[UInt8]]) -> [UInt8] {
        messages.flatMap { message in
            [0xff, 0xff, 0xff, 0xff]
                + (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (8 * $0)) } + message
        }
    }

    /// A schema of structures in structures, each of two fields that are the same one: 2^depth ways down.
    private func tangle(depth: Int) -> [UInt8] {
        var flat = Flat()
        let message = flat.table(from: [0], [0, 1, 0, 0])
        var holder = flat.table(from: [message[2]], [nil, 0])[1]
        for level in 0...depth {
            let (structure, int) = (13, 2)
            let isLast = level == depth
            holder =
                flat.table(
                    from: flat.pair(from: holder),
                    [nil, nil, isLast ? int : structure, nil, nil, isLast ? nil : 0])[5]
        }
        return flat.bytes
    }

    /// A batch that claims so many rows.
    private func batch(_ rows: Int, body: Int = 0) -> [UInt8] {
        var flat = Flat()
        let message = flat.table(from: [0], [0, 3, 0, body])
        _ = flat.table(from: [message[2]], [rows])
        return flat.bytes
    }

    @Test func `batches are summed`() throws {
        let bytes = stream([tangle(depth: 1), batch(7), batch(5)])
        #expect(try arrow(bytes) == TableExtent(rows: 12, columns: 4))
        #expect(try arrow(bytes + [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 9, 9, 9])?.rows == 12)
    }

    @Test func `structures that hold each other over and over are not counted without end`() throws
    {
        #expect(try arrow(stream([tangle(depth: 10)]))?.columns == 2048)
        for depth in [20, 63, 70] {
            #expect(
                fault(stream([tangle(depth: depth)]), ArrowFormat.arrow).contains(
                    "too many columns"))
        }
    }

    @Test func `batches that lie are not summed`() throws {
        let schema = tangle(depth: 1)
        for messages in [
            [schema, batch(-1)], [schema, batch(.max), batch(1)], [schema, batch(1, body: 1)],
            [schema, batch(1, body: -1)], [schema, batch(1, body: .max)], [schema, schema],
            [batch(1)],
        ] {
            #expect(fault(stream(messages), ArrowFormat.arrow).contains("damaged"))
        }
        let many = Array(repeating: batch(1), count: 1 << 16)
        #expect(
            fault(stream([schema] + many), ArrowFormat.arrow).contains("too many messages"))
        #expect(try arrow(stream([schema] + many.dropLast()))?.rows == 65_535)
    }
}

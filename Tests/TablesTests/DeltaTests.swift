import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Tables

/// Delta Lake tables by their logs. The files are JSON lines here: what reads them is not the question.
@Suite struct DeltaTests {
    private static let start = """
        {"commitInfo":{"operation":"WRITE"}}
        {"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
        {"metaData":{"id":"1","format":{"provider":"parquet","options":{}},"schemaString":\
        "{\\"type\\":\\"struct\\",\\"fields\\":[{\\"name\\":\\"id\\",\\"type\\":\\"long\\",\\"nullable\\":true,\\"metadata\\":{}},\
        {\\"name\\":\\"k\\",\\"type\\":\\"string\\",\\"nullable\\":true,\\"metadata\\":{}}]}",\
        "partitionColumns":["k"],"configuration":{}}}

        """

    private static func log(_ version: Int) -> String {
        let digits = "\(version)"
        return "_delta_log/" + String(repeating: "0", count: 20 - digits.count) + digits + ".json"
    }

    private static func add(
        _ path: String, _ size: Int, k: String = "\"x\"", rows: Int? = nil, more: String = ""
    ) -> String {
        let stats = rows.map { ",\"stats\":\"{\\\"numRecords\\\":\($0)}\"" } ?? ""
        return "{\"add\":{\"path\":\"\(path)\",\"partitionValues\":{\"k\":\(k)},\"size\":\(size)"
            + "\(stats)\(more)}}\n"
    }

    /// Two versions: the second takes a file away and adds another.
    private static let files = [
        log(0): start + add("a.parquet", 9, rows: 1) + add("p/b%20c.parquet", 18, k: "null"),
        log(1): "{\"remove\":{\"path\":\"a.parquet\"}}\n" + add("c.parquet", 9, k: "\"\""),
        "a.parquet": "{\"id\":1}\n", "p/b c.parquet": "{\"id\":2}\n{\"id\":3}\n",
        "c.parquet": "{\"id\":4}\n", "stray.parquet": "{\"id\":9}\n",
    ]

    private func table(_ files: [String: String], version: Int? = nil) throws -> TableSource {
        let parts = files.keys.map { $0.split(separator: "/").map(String.init) }
        return try FolderFormat.source(
            name: "d", files: parts.filter(FolderFormat.isPart), version: version
        ) { path, _ in
            let name = path.joined(separator: "/")
            return TableSource(
                name: name, format: JSONLinesFormat(), bytes: Array((files[name] ?? "").utf8))
        }
    }

    private func message(
        _ change: [String: String?], version: Int? = nil, kind: StoreError.Kind = .malformed
    ) throws -> String {
        var files = DeltaTests.files
        for (name, text) in change { files[name] = text }
        let error = #expect(throws: StoreError.self) {
            try table(files, version: version).summary()
        }
        #expect(error?.kind == kind)
        return error?.message ?? ""
    }

    @Test func `the log says which files are rows, of any version`() throws {
        let newest = try table(DeltaTests.files)
        #expect(try newest.head(rows: 9).rows == [["4", nil], ["2", nil], ["3", nil]])
        let summary = try newest.summary()
        #expect(summary.rowCount == 3)
        #expect(summary.columns.map { "\($0.name): \($0.typeText)" } == ["id: int", "k: string?"])
        let first = try table(DeltaTests.files, version: 0)
        #expect(try first.head(rows: 9).rows == [["1", "x"], ["2", nil], ["3", nil]])
        #expect(try first.head(rows: 2).rows == [["1", "x"], ["2", nil]])
        #expect(try first.head(rows: 1).rows == [["1", "x"]])
        let name = "cannot read the folder 'd' as a Delta Lake table: "
        #expect(
            try message([:], version: 2, kind: .notFound)
                == name + "it has no version 2: its newest one is 1")
        #expect(
            try message(["a.parquet": nil], version: 0)
                == name + "version 0 has the file 'a.parquet', which is not in the folder")
        let plain = #expect(throws: StoreError.self) {
            try table(["a.csv": "id\n1\n"], version: 1)
        }
        #expect(plain?.kind == .badUsage)
    }

    @Test func `a table without files has its columns`() throws {
        let empty = try table([DeltaTests.log(0): DeltaTests.start])
        #expect(try empty.head(rows: 3) == TableHead(columnNames: ["id", "k"], rows: []))
        #expect(try empty.summary().rowCount == 0)
    }

    @Test func `a log that lies or is damaged is refused`() throws {
        func second(_ line: String) throws -> String {
            let text = try message([DeltaTests.log(1): line])
            let start = "cannot read the folder 'd' as a Delta Lake table: "
            return text.hasPrefix(start) ? String(text.dropFirst(start.count)) : text
        }
        let place = "'\(DeltaTests.log(1))' line 1 "
        #expect(try second("{").hasPrefix(place + "is not JSON: "))
        #expect(try second("[1]") == place + "is not a JSON object")
        #expect(try second("{\"add\":{\"path\":\"a\"}}") == place + "has a damaged 'add'")
        #expect(try second("{\"remove\":{}}") == place + "has a damaged 'remove'")
        #expect(try second("{\"metaData\":{}}") == place + "has a damaged 'metaData'")
        #expect(try second("{\"protocol\":{}}") == place + "has a damaged 'protocol'")
        for path in [
            "../a.parquet", "/a.parquet", "a/../../b", "s3://b/a.parquet", "file:/a", "x//a", ".",
            "", "a%2F..%2F..%2Fb", "%2Fa",
        ] {
            #expect(
                try second(DeltaTests.add(path, 1)).hasSuffix("which is not inside the folder"),
                "\(path)")
        }
        #expect(try second(DeltaTests.add("a%2", 1)).hasSuffix("a damaged path"))
        #expect(
            try second(DeltaTests.add("gone.parquet", 1))
                == "version 1 has the file 'gone.parquet', which is not in the folder")
        #expect(
            try second(DeltaTests.add("stray.parquet", 8))
                == "cannot read 'd' as a table: its log says that 'stray.parquet' has 8 bytes, but it has 9"
        )
        #expect(
            try second(DeltaTests.add("stray.parquet", 9, rows: 2))
                == "cannot read 'd' as a table: its log says that 'stray.parquet' has 2 rows, but it has 1"
        )
        #expect(
            try second("{\"add\":{\"path\":\"c.parquet\",\"partitionValues\":{},\"size\":9}}")
                == "its log does not say what 'k' is in one of its files")
        #expect(
            try message(["c.parquet": "{\"id\":12}\n"]).hasSuffix(
                "'c.parquet' has 9 bytes, but it has 10"))
        #expect(
            try message(["c.parquet": "{\"id\":\"\"}"]).hasSuffix(
                "'c.parquet' has string values in 'id', and its log says int"))
        #expect(try message([DeltaTests.log(0): "{}"]).hasSuffix("does not say what the table is"))
        #expect(
            try message([DeltaTests.log(0): nil]).hasSuffix(
                "version 1 cannot be made: its log has no commit 0"))
        #expect(
            try message([
                DeltaTests.log(0): nil, DeltaTests.log(1): nil,
                "_delta_log/other.json": "{}",
            ]).hasSuffix("its log has no version"))
    }

    @Test func `what is not known is named`() throws {
        func refused(_ line: String) throws -> String {
            let text = try message([DeltaTests.log(1): line])
            return String(text.split(separator: ": ").last ?? "")
        }
        func needs(_ reader: Int, _ features: String) -> String {
            "{\"protocol\":{\"minReaderVersion\":\(reader),\"minWriterVersion\":7,"
                + "\"readerFeatures\":[\(features)]}}"
        }
        #expect(try refused(needs(4, "")) == "it asks for reader version 4, which is not read here")
        #expect(
            try refused(needs(3, "\"timestampNtz\",\"typeWidening\""))
                == "it asks for the feature 'typeWidening', which is not read here")
        let known = needs(3, "\"timestampNtz\",\"deletionVectors\",\"columnMapping\"")
        #expect(
            try table(DeltaTests.files.merging([DeltaTests.log(1): known]) { $1 }).summary()
                .rowCount == 3)
        let vector =
            ",\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"ab\",\"offset\":1}"
        #expect(
            try refused(DeltaTests.add("c.parquet", 9, more: vector))
                == "it has deletion vectors, which are not read here")
        // The file itself stays when only its entry with a vector goes.
        let gone = "{\"remove\":{\"path\":\"a.parquet\"\(vector)}}"
        #expect(
            try table(DeltaTests.files.merging([DeltaTests.log(1): gone]) { $1 }).summary()
                .rowCount == 3)
        func schema(_ fields: String, _ rest: String = "\"partitionColumns\":[]") -> String {
            let text = "{\"type\":\"struct\",\"fields\":[\(fields)]}"
            let quoted = String(decoding: JSONValue.string(text).canonical, as: UTF8.self)
            return "{\"metaData\":{\"schemaString\":\(quoted),\(rest)}}"
        }
        let id = "{\"name\":\"id\",\"type\":\"long\"}"
        #expect(
            try refused(
                schema(id, "\"configuration\":{\"delta.columnMapping.mode\":\"name\"}"))
                == "it has column mapping ('name'), which is not read here")
        #expect(
            try refused(schema("{\"name\":\"v\",\"type\":\"variant\"}"))
                == "column 'v' has the type 'variant', which is not read")
        #expect(try refused(schema(id + "," + id)) == "its schema names a column twice")
        #expect(try refused(schema("")) == "it has no columns")
        #expect(
            try refused(schema(id, "\"partitionColumns\":[\"q\"]"))
                == "it is partitioned by 'q', which is no column")
        #expect(
            try refused(schema(id, "\"partitionColumns\":[],\"format\":{\"provider\":\"orc\"}"))
                == "its files are not Parquet")
        #expect(
            try refused(
                schema("{\"name\":\"k\",\"type\":\"date\"}", "\"partitionColumns\":[\"k\"]"))
                == "its log has a value of 'k' that is no date")
    }

    @Test func `a checkpoint stands for the commits before it, if all of it is there`() throws {
        let state = """
            {"protocol":{"minReaderVersion":1}}
            {"metaData":{"schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[{\\"name\\":\\"id\\",\\"type\\":\\"long\\"}]}","partitionColumns":[]}}
            {"remove":{"path":"a.parquet"}}

            """
        let add =
            "{\"add\":{\"path\":\"stray.parquet\",\"size\":9,\"stats\":\"{\\\"numRecords\\\":1}\","
            + "\"partitionValues\":[]}}\n"
        var files = DeltaTests.files
        let name = String(DeltaTests.log(1).dropLast(5)) + ".checkpoint"
        files[name + ".parquet"] = state + add
        #expect(try table(files).head(rows: 9).rows == [["9"]])
        #expect(try table(files, version: 0).head(rows: 9).rows.count == 3)
        files[DeltaTests.log(0)] = nil
        #expect(try table(files).head(rows: 9).rows == [["9"]])
        #expect(throws: StoreError.self) { try table(files, version: 0) }
        files[name + ".parquet"] = nil
        files[name + ".0000000001.0000000002.parquet"] = state
        #expect(throws: StoreError.self) { try table(files) }
        files[name + ".0000000002.0000000002.parquet"] = add
        #expect(try table(files).head(rows: 9).rows == [["9"]])
        files[name + ".0000000002.0000000002.parquet"] =
            "{\"checkpointMetadata\":{\"version\":1}}\n"
        #expect(
            #expect(throws: StoreError.self) { try table(files) }?.message.contains(
                "is a checkpoint of version 2") == true)
        files[name + ".0000000002.0000000002.parquet"] = nil
        files[name + ".80a083e8-7026-4e79-81be-64bd76c43a11.json"] = state
        #expect(
            #expect(throws: StoreError.self) { try table(files) }?.message.hasSuffix(
                "checkpoints of version 2 are not read") == true)
    }
}

/// Tables that the real library wrote, and what it reads of every version.
@Suite(
    .enabled(
        if: DeltaWriter.isInstalled, "'install.sh test' installs the library of Delta Lake tables"))
struct DeltaOracleTests {
    private static let folder = Result { try DeltaWriter.writeTables() }

    private func paths(below folder: DiskPath, _ place: [String] = []) throws -> [[String]] {
        try LocalDisk().entries(of: place.reduce(folder) { $0 / $1 }).flatMap { entry in
            let path = place + [String(decoding: entry.name, as: UTF8.self)]
            return entry.kind == .directory ? try paths(below: folder, path) : [path]
        }
    }

    private func table(_ name: String, _ version: Int) throws -> TableSource {
        let folder = try DeltaOracleTests.folder.get().path / name
        let files = try paths(below: folder).filter(FolderFormat.isPart)
        return try FolderFormat.source(name: name, files: files, version: version) {
            TableSource(
                name: $0.joined(separator: "/"), format: $1,
                bytes: try LocalDisk().readFile(
                    $0.reduce(folder) { $0 / $1 }, maximumBytes: 1 << 30))
        }
    }

    @Test func `every version is read as the library reads it`() throws {
        let folder = try DeltaOracleTests.folder.get()
        let expected = try JSONValue(parsing: folder.bytes(of: "expected.json"))
        let tables = try #require(expected.objectValue)
        #expect(tables.count == 7)
        for (name, versions) in tables.sorted(by: { $0.key < $1.key }) {
            for (version, wanted) in versions.objectValue ?? [:] {
                let number = try #require(Int(version))
                guard case .array(let rows)? = wanted["rows"] else {
                    #expect(throws: StoreError.self, "\(name) \(version)") {
                        try table(name, number)
                    }
                    continue
                }
                let source = try table(name, number)
                let summary = try source.summary()
                let types = summary.columns.map { JSONValue.string($0.typeText) }
                #expect(wanted["columns"] == .array(summary.columns.map { .string($0.name) }))
                #expect(wanted["types"] == .array(types), "\(name) \(version)")
                let own = try source.head(rows: 1 << 20).rows.map { row in
                    JSONValue.array(row.map { $0.map { .string($0) } ?? .null }).canonical
                }
                #expect(summary.rowCount == own.count)
                #expect(
                    own.sorted { $0.lexicographicallyPrecedes($1) }
                        == rows.map(\.canonical).sorted { $0.lexicographicallyPrecedes($1) },
                    "\(name) \(version)")
            }
        }
    }

    @Test func `a file that no log names is no part`() throws {
        let files = try DeltaTable(
            name: "plain", files: paths(below: DeltaOracleTests.folder.get().path / "plain")
        ) {
            TableSource(
                name: "log", format: $1,
                bytes: try LocalDisk().readFile(
                    $0.reduce(try DeltaOracleTests.folder.get().path / "plain") { $0 / $1 },
                    maximumBytes: 1 << 30))
        }.files
        #expect(files.count == 2 && !files.contains { $0.path == ["stray.parquet"] })
    }
}

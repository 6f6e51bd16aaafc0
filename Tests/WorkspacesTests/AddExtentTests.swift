import Bytes
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Pointers of files that say how large they are, and are not read.
@Suite struct AddExtentTests {
    /// A Parquet file of so many rows.
    private func parquet(_ rows: Int) -> [UInt8] {
        var writer = ParquetWriter(columns: [("a", .int), ("b", .float)])
        for row in 0..<rows {
            writer.append(int: Int64(row))
            writer.append(float: 0.5)
            writer.endRow()
        }
        writer.finish()
        return writer.take()
    }

    /// An array of that shape.
    private func array(_ shape: String, bytes: Int) -> [UInt8] {
        let header = Array("{'descr': '<i4', 'fortran_order': False, 'shape': (\(shape))}".utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header
            + [UInt8](repeating: 7, count: bytes)
    }

    private func seed(_ name: String) throws -> [UInt8] {
        let root = DiskPath(#filePath).parent.parent.parent / "fixtures/fuzz"
        return try LocalDisk().readFile(root / name, maximumBytes: 1 << 20)
    }

    @Test func `rows and the number of columns stand in a pointer of version 3`() throws {
        let fixture = try WorkspaceFixture()
        for (name, bytes, extent) in [
            ("t.parquet", parquet(1000), "rows: 1000\ncolumns: 2\n"),
            ("t.arrow", try seed("arrow/file"), "rows: 4\ncolumns: 4\n"),
            ("t.ipc", try seed("arrow/stream"), "rows: 3\ncolumns: 5\n"),
            ("t.npy", array("3, 2", bytes: 24), "rows: 3\ncolumns: 2\n"),
            ("line.npy", array("6,", bytes: 24), "rows: 6\ncolumns: 1\n"),
        ] {
            try fixture.folder.write(bytes, to: name)
            let added = try #require(try fixture.add(name).paths.first)
            #expect(added.tableProblem == nil)
            let pointer = try fixture.folder.read("\(name).mlstore")
            #expect(pointer.contains("\nversion: 3\n"), "\(name)")
            #expect(pointer.hasSuffix("\nsize: \(bytes.count)\n\(extent)"), "\(pointer)")
            #expect(try fixture.states()[name] == .clean)
            let again = try fixture.add(name)
            #expect(again.commit == nil)
            #expect(again.paths.first?.pointer == added.pointer)
        }
        // Another version of the content says another size.
        try fixture.folder.write(parquet(7), to: "t.parquet")
        #expect(try fixture.add("t.parquet").paths.first?.pointer.shape?.rows == 7)
        try fixture.folder.write("PAR1", to: "t.parquet")
        #expect(try fixture.add("t.parquet").paths.first?.pointer.shape == nil)
        #expect(try fixture.folder.read("t.parquet.mlstore").contains("\nversion: 1\n"))
    }

    @Test func `a file that lies, ends early or is something else is stored and tells nothing`()
        throws
    {
        let fixture = try WorkspaceFixture()
        let whole = parquet(10)
        var long = whole
        long.replaceSubrange((whole.count - 8)..<(whole.count - 4), with: [0xff, 0xff, 0xff, 0xff])
        for (name, bytes) in [
            ("none.parquet", []), ("cut.parquet", Array(whole.dropLast(3))), ("long.parquet", long),
            ("text.parquet", Array("a,b\n1,2\n".utf8)), ("none.arrow", []),
            ("cut.arrow", Array(try seed("arrow/file").dropLast(1))),
            ("text.feather", Array("FEA1 of old".utf8)), ("none.npy", []),
            ("lie.npy", array("9, 9", bytes: 24)), ("cube.npy", array("1, 2, 3", bytes: 24)),
            ("many.npz", Array("PK".utf8)),
        ] {
            try fixture.folder.write(bytes, to: name)
            let added = try #require(try fixture.add(name).paths.first)
            #expect(added.pointer.shape == nil, "\(name)")
            #expect(added.tableProblem == nil, "\(name)")
            #expect(
                try fixture.folder.read("\(name).mlstore").contains("\nversion: 1\n"), "\(name)")
            #expect(try fixture.states()[name] == .clean, "\(name)")
        }
    }

    @Test
    func `a pointer that an older program wrote stays readable, and gains rows when it is added`()
        throws
    {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write(parquet(10), to: "t.parquet")
        let now = try #require(try fixture.add("t.parquet").paths.first).pointer
        var old = now
        old.shape = nil
        try fixture.folder.write(old.text, to: "t.parquet.mlstore")
        #expect(old.text.contains("\nversion: 1\n"))
        #expect(try fixture.states() == ["t.parquet": .clean])
        let again = try #require(try fixture.add("t.parquet").paths.first)
        #expect(again.isUnchanged)
        #expect(again.pointer == now)
        #expect(try fixture.folder.read("t.parquet.mlstore") == now.text)
    }

    @Test func `what is told of other files stays in its version, byte for byte`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("a,b\n1,x\n", to: "t.csv")
        try fixture.folder.write("{\"a\": 1}\n", to: "t.jsonl")
        try fixture.folder.write("text", to: "t.txt")
        for (name, end) in [
            ("t.csv", "rows: 1\ncolumns: {a: int, b: string}\n"),
            ("t.jsonl", "rows: 1\ncolumns: {a: int}\n"), ("t.txt", "size: 4\n"),
        ] {
            try fixture.add(name)
            let pointer = try fixture.folder.read("\(name).mlstore")
            #expect(pointer.contains("\nversion: 1\n"))
            #expect(pointer.hasSuffix("\n" + end), "\(pointer)")
        }
    }
}

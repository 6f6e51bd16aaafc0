import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Pipelines

@Suite struct DivergentElementTests {
    private func words(_ bytes: [UInt8], _ name: String, at offset: Int) throws -> String? {
        let folder = try TemporaryFolder()
        try writeAtomically(bytes, to: folder.path / name, on: LocalDisk(), durable: false)
        return try DivergentElement(disk: LocalDisk(), place: folder.path / name, offset: offset)
            .words(for: try RepoPath(name))
    }

    @Test(
        arguments: [
            (0, "the header, column 1"), (3, "the header, column 2"),
            (14, "row 1, column 'id'"), (16, "row 1, column 'name, of'"),
            (24, "row 2, column 'id'"), (25, "row 2, column 'id'"),
        ])
    func `a byte of a table has a row and a column`(offset: Int, expected: String) throws {
        // Offsets: the header ends at 13, the first row, with a newline in quotes, at 23.
        let text = "id,\"name, of\"\n1,\"a\n,b\",\n2,c\n"
        let header = text.split(separator: "\n")[0].utf8.count + 1
        #expect(header == 14)
        #expect(try words(Array(text.utf8), "t.csv", at: offset) == expected)
    }

    private func array(_ header: String, _ data: Int) -> [UInt8] {
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    @Test func `a byte of an array has an index`() throws {
        let rows = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"
        let start = 10 + rows.utf8.count
        #expect(try words(array(rows, 24), "a.npy", at: start) == "element [0, 0]")
        #expect(try words(array(rows, 24), "a.npy", at: start + 21) == "element [1, 2]")
        #expect(try words(array(rows, 24), "a.npy", at: start + 24) == nil)
        #expect(try words(array(rows, 24), "a.npy", at: 5) == nil)
        let columns = rows.replacing("False", with: "True")
        #expect(try words(array(columns, 24), "a.npy", at: start - 1 + 4) == "element [1, 0]")
        #expect(try words(Array("no array at all".utf8), "a.npy", at: 14) == nil)
    }

    @Test func `a byte of a tensor file has a tensor and an index`() throws {
        let header =
            #"{"__metadata__":{},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
            + #""b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]}}"#
        let bytes =
            [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8)
            + [UInt8](repeating: 0, count: 16)
        let start = 8 + header.utf8.count
        #expect(try words(bytes, "m.safetensors", at: start + 4) == "tensor 'a' at [1]")
        #expect(try words(bytes, "m.safetensors", at: start + 13) == "tensor 'b' at [1, 0]")
        #expect(try words(bytes, "m.safetensors", at: start + 16) == nil)
        #expect(try words(bytes, "m.safetensors", at: 12) == nil)
        #expect(
            try words([255, 255, 255, 255, 255, 255, 255, 127, 1], "m.safetensors", at: 8) == nil)
    }

    @Test func `other files have no elements`() throws {
        #expect(try words(Array("hello".utf8), "a.bin", at: 2) == nil)
        #expect(try words(Array("hello".utf8), "noend", at: 2) == nil)
    }

    @Test func `facts of a machine are read as they are written`() {
        let processor = "processor\t: 0\nmodel name\t: AMD EPYC 7763 \nflags : x\n"
        #expect(MachineFacts.value(of: "model name", in: processor) == "AMD EPYC 7763")
        #expect(MachineFacts.value(of: "Model", in: processor) == nil)
        let driver =
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 2024\nGCC\n"
        #expect(MachineFacts.driverVersion(in: driver) == "535.183.01")
        #expect(MachineFacts.driverVersion(in: "other") == nil)
    }
}

import Bytes
import Diffs
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Profiles put together from pieces are those of one reading.
@Suite struct StoredProfileTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 2)).workspace
    }

    private func stored(_ text: String) throws -> TableProfile {
        try folder.write(text, to: "t.csv")
        let path = try RepoPath("t.csv")
        _ = try add([path], in: workspace)
        guard case .file(let blob) = try #require(try workspace.pointer(of: path)).content else {
            throw StoreError(.internalFault, "no file")
        }
        return try profileStoredTable(blob, named: "t.csv", format: CSVFormat.csv, in: workspace)
    }

    private func onDisk(_ text: String) throws -> TableProfile {
        try folder.write(text, to: "d.csv")
        return try profileTableFile(
            folder.path / "d.csv", named: "d.csv", format: CSVFormat.csv, on: LocalDisk(),
            threads: 2)
    }

    private func whole(_ text: String) throws -> TableProfile {
        try TableProfile(
            of: TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8)))
    }

    private func kept() throws -> [DiskPath] {
        let profiles = folder.path / ".mlstore/state/profiles"
        return try LocalDisk().entries(of: profiles).map { profiles.appending($0.name) }
    }

    private func rows(_ count: Int, edited: Range<Int> = 0..<0) -> String {
        var text = "id,name,v\n"
        for row in 0..<count {
            let name = edited.contains(row) ? "edited" : "name \(row % 97) of a table of many rows"
            text += "\(row),\(name),\(row * 7 % 1000)\n"
        }
        return text
    }

    @Test func `pieces that are kept are not read again`() throws {
        let text = rows(160_000)
        let expected = try whole(text).encoded()
        #expect(try stored(text).encoded() == expected)
        #expect(try onDisk(text).encoded() == expected)
        let first = try kept()
        #expect(first.count > 2, "\(first.count) pieces")
        let edited = rows(160_000, edited: 80_000..<80_100)
        #expect(try stored(edited).encoded() == whole(edited).encoded())
        // A piece or two, and what is above them.
        #expect(try kept().count <= first.count + 4)

        for file in try kept() {
            try writeAtomically([1, 2, 3], to: file, on: LocalDisk(), durable: false)
        }
        #expect(try stored(text).encoded() == expected)
        for file in try kept() { try LocalDisk().removeFile(file) }
        #expect(try stored(text).encoded() == expected)
    }

    @Test func `rows that only one reading can tell are told by one`() throws {
        // A quote that opens in one block of a file and closes in the next.
        let long = String(repeating: "line\n", count: 1_000_000)
        let text = "a,b\n1,2\n3,\"\(long)\"\n5,6\n"
        let expected = try whole(text).encoded()
        #expect(try onDisk(text).encoded() == expected)
        #expect(try stored(text).encoded() == expected)
        let ragged = "a,b\n1,2\n3\n"
        #expect(throws: StoreError.self) { try onDisk(ragged) }
        #expect(throws: StoreError.self) { try onDisk("") }
        #expect(try onDisk("a,b\n").rowCount == 0)
        #expect(try onDisk("a,b\n1,2").rowCount == 1)
    }
}

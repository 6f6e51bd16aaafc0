import Platform
import Testing
import Vocabulary

/// The real program, under every page of Transcripts.
@Suite struct TranscriptTests {
    private static let disk = LocalDisk()
    private static let folder = DiskPath("\(#filePath)").parent / "Transcripts"

    static func pages() throws -> [String] {
        try disk.entries(of: folder).map { String(decoding: $0.name, as: UTF8.self) }
            .filter { $0.hasSuffix(".md") }.sorted()
    }

    /// Where the build has put the program: beside the tests, or where the environment says.
    static func binary() throws -> DiskPath {
        if let path = Environment.variable("MLSTORE_BINARY") { return DiskPath(path) }
        var place = try Environment.executablePath().parent
        while place.bytes.count > 1 {
            let candidate = place / "mlstore"
            if try disk.status(of: candidate, followingLinks: true)?.kind == .file {
                return candidate
            }
            place = place.parent
        }
        // The tests may run inside the toolchain's own program.
        return folder.parent.parent.parent / ".build/debug/mlstore"
    }

    @Test(arguments: try pages())
    func `a transcript comes out as written`(page: String) throws {
        let bytes = try Self.disk.readFile(Self.folder / page, maximumBytes: 1 << 20)
        let transcript = Transcript(String(decoding: bytes, as: UTF8.self))
        try #require(!transcript.steps.isEmpty)
        let name = Entropy.system.bytes(8).map { String($0, radix: 16) }.joined()
        let workspace = DiskPath("/tmp") / "mlstore-transcript-\(name)"
        try Self.disk.makeDirectories(workspace)
        defer { try? Self.disk.removeTree(workspace) }
        let differences = try transcript.differences(in: workspace, binary: Self.binary())
        #expect(differences.isEmpty, "\(page)\n\(differences.joined(separator: "\n\n"))")
    }

    @Test func `a page is read as commands and what comes out`() {
        let transcript = Transcript(
            "# T\n\n```console\n$ a\n1\n2\n$ b\n```\n```sh\n$ no\n```\n")
        #expect(transcript.steps.map(\.command) == ["a", "b"])
        #expect(transcript.steps.map(\.expected) == [["1", "2"], []])
        #expect(transcript.steps.map(\.line) == [4, 7])
    }
}

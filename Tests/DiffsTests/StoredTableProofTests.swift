import Diffs
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Where chunks of a stored table begin is proved, not guessed: text inside quotes that looks like rows
/// is never taken for rows.
@Suite struct StoredTableProofTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace
    private let path: RepoPath

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 2)).workspace
        path = try RepoPath("t.csv")
    }

    private func track(_ text: String) throws -> TrackedVersion {
        try folder.write(text, to: "t.csv")
        _ = try add([path], in: workspace)
        let pointer = try #require(try workspace.pointer(of: path))
        #expect(pointer.shape != nil)
        return TrackedVersion(
            content: pointer.content, sizeBytes: pointer.sizeBytes, shape: pointer.shape)
    }

    private var options: DatasetDiffOptions {
        var options = DatasetDiffOptions()
        options.table.key = ["id"]
        return options
    }

    /// What the versions in the store differ in.
    private func diff(_ old: TrackedVersion, _ new: TrackedVersion) throws -> [String] {
        try diffVersions(from: [path: old], to: [path: new], in: workspace, options: options)
            .flatMap { $0.textLines() }
    }

    /// The same, by reading all of both: files on disk have no chunks.
    private func wholeDiff(_ old: String, _ new: String) throws -> [String] {
        _ = try track(old)
        try folder.write(new, to: "t.csv")
        return try diffDatasets(from: .pointers, to: .files, in: workspace, options: options)
            .flatMap { $0.textLines() }
    }

    private var lines: DiskPath { folder.path / ".mlstore/state/lines" }

    private func hasKeptLines() throws -> Bool {
        try workspace.disk.status(of: lines, followingLinks: false) != nil
    }

    private func forgetLines() throws {
        if try hasKeptLines() { try workspace.disk.removeTree(lines) }
    }

    /// Compares with what is kept of both versions, with nothing, and with what that left behind.
    private func check(_ old: String, _ new: String, _ comment: Comment) throws {
        let versions = (try track(old), try track(new))
        let whole = try wholeDiff(old, new)
        #expect(try diff(versions.0, versions.1) == whole, comment)
        try forgetLines()
        #expect(try diff(versions.0, versions.1) == whole, comment)
        #expect(try diff(versions.0, versions.1) == whole, comment)
    }

    private static func rows(_ range: Range<Int>, _ value: (Int) -> String? = { _ in nil })
        -> String
    {
        var text = ""
        for row in range {
            text += "\(row),name \(row % 97),\(value(row) ?? "\(row * 7 % 1000)")\n"
        }
        return text
    }

    @Test(arguments: ["", "\"\"", "\"\",\"\"\n1,\"\"", "5\"\" "], [0, 10])
    func `a change inside quotes that looks like a change of rows is one of the field`(
        _ inner: String, _ rowsBefore: Int
    ) throws {
        func text(_ change: Int?) -> String {
            let inside = StoredTableProofTests.rows(100_000..<200_000) {
                $0 == change ? "other" : $0 % 1000 == 0 ? inner : nil
            }
            return "id,name,v\n" + StoredTableProofTests.rows(0..<rowsBefore)
                + "-1,\"\(inside)\",2\n" + StoredTableProofTests.rows(rowsBefore..<20_000)
        }
        let (old, new) = (text(nil), text(150_001))
        let found = try diff(try track(old), try track(new))
        #expect(found[1].contains("20,001 -> 20,001   +0 added, 0 removed, 1 changed"), "\(found)")
        #expect(found.contains("  changed  name 1"), "\(found)")
        try check(old, new, "by everything")
    }

    @Test func `text inside quotes that moved to another row is no moved rows`() throws {
        let first = StoredTableProofTests.rows(100_000..<200_000)
        let second = StoredTableProofTests.rows(200_000..<300_000)
        func text(_ one: String, _ other: String) -> String {
            "id,name,v\n" + StoredTableProofTests.rows(0..<10)
                + "-1,\"\(one)\",2\n-2,\"\(other)\",2\n"
                + StoredTableProofTests.rows(10..<20_000)
        }
        try check(text(first, second), text(second, first), "moved")
        try check(text(first + second, "x"), text(second + first, "x"), "turned around")
    }

    @Test func `a header that the first chunk does not hold is read whole`() throws {
        let width = 20_000
        let names = (0..<width).map { "column number \($0)" }.joined(separator: ",")
        let row = String(repeating: ",1", count: width)
        func text(_ middle: String) -> String {
            "id,\(names)\n" + (0..<8).map { ($0 == 3 ? middle : "\($0)") + row + "\n" }.joined()
        }
        try check(text("3"), text("33"), "of many columns")
    }

    @Test func `what is kept of lines is found once, and only where no quotes tell`() throws {
        func text(_ change: Int?, _ quote: String) -> String {
            "id,name,v\n"
                + StoredTableProofTests.rows(0..<60_000) {
                    "\(quote)\($0 == change ? "other" : "v \($0)")\(quote)"
                }
        }
        let plain = (try track(text(nil, "")), try track(text(30_000, "")))
        #expect(try hasKeptLines())
        try forgetLines()
        #expect(try diff(plain.0, plain.1)[1].contains("1 changed"))
        #expect(try hasKeptLines())
        let quoted = (try track(text(nil, "\"")), try track(text(30_000, "\"")))
        try forgetLines()
        #expect(try diff(quoted.0, quoted.1)[1].contains("1 changed"))
        #expect(try !hasKeptLines())
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `random quotes, line ends and long fields give the answer of reading all`(
        _ seed: UInt64
    ) throws {
        var random = SmallRandom(seed: 40 + seed)
        let makers = FieldMaker(&random)
        var ids = 0
        var rows: [String] = []
        var size = 0
        while size < 1_300_000 {
            rows.append(makers.row(ids, &random))
            size += rows[ids].utf8.count
            ids += 1
        }
        let old = "id,a,b\n" + rows.joined(separator: "\n") + (random.once(in: 2) ? "\n" : "")
        var edited = rows
        for _ in 0..<random.integer(in: 1..<4) {
            let place = random.integer(in: 0..<edited.count)
            switch random.integer(in: 0..<5) {
            case 0 where edited.count > 2: edited.remove(at: place)
            case 1:
                ids += 1
                edited.insert(makers.row(1_000_000 + ids, &random), at: place)
            case 2: edited.swapAt(place, random.integer(in: 0..<edited.count))
            case 3: edited = Array(edited[place...] + edited[..<place])
            default: edited[place] = FieldMaker.edit(edited[place], &random)
            }
        }
        let new = "id,a,b\n" + edited.joined(separator: "\n") + "\n"
        try check(old, new, "seed \(40 + seed)")
    }
}

/// Makes fields of one habit: which texts are in quotes, and what stands in these.
private struct FieldMaker {
    private let quotes: Int
    private let lines: Int
    private let long: Int

    init(_ random: inout SmallRandom) {
        quotes = [1, 4, 1000][random.integer(in: 0..<3)]
        lines = [1, 3, 1_000_000][random.integer(in: 0..<3)]
        long = [2_000, 8_000, 1_000_000][random.integer(in: 0..<3)]
    }

    func row(_ id: Int, _ random: inout SmallRandom) -> String {
        "\(id),\(field(&random)),\(field(&random))"
    }

    private func field(_ random: inout SmallRandom) -> String {
        if random.once(in: long) { return longField(&random) }
        guard random.once(in: quotes) else {
            return random.once(in: 20) ? "5\" x\(random.integer(in: 0..<9))" : word(&random)
        }
        let parts = ["\"\"", ",", "x", ",\"\"", word(&random), random.once(in: lines) ? "\n" : "y"]
        return "\""
            + (0..<random.integer(in: 0..<5)).map { _ in parts[random.integer(in: 0..<6)] }.joined()
            + "\""
    }

    /// Hundreds of kilobytes that look like rows, or are one line.
    private func longField(_ random: inout SmallRandom) -> String {
        let count = random.integer(in: 2_000..<60_000)
        guard random.once(in: 2) else {
            return String(repeating: word(&random), count: count)
        }
        let hasQuotes = random.once(in: 2)
        return "\""
            + (0..<count).map { row in
                "\(row),\(hasQuotes && row % 50 == 0 ? "\"\"" : "a"),\(row % 7)\n"
            }.joined() + "\""
    }

    private func word(_ random: inout SmallRandom) -> String { "w\(random.integer(in: 0..<1000))" }

    /// The row with another digit somewhere, which is in its text or its id.
    static func edit(_ row: String, _ random: inout SmallRandom) -> String {
        var bytes = Array(row.utf8)
        let first = (bytes.firstIndex(of: 0x2c) ?? 0) + 1
        let digits = bytes.indices.dropFirst(first).filter { (0x30...0x39).contains(bytes[$0]) }
        guard !digits.isEmpty else { return row }
        let place = digits[random.integer(in: 0..<digits.count)]
        bytes[place] = bytes[place] == 0x37 ? 0x38 : 0x37
        return String(decoding: bytes, as: UTF8.self)
    }
}

import Platform
import TestSupport
import Testing
import Vocabulary

/// How much memory the real program takes, as `dev measure` sees it.
@Suite struct MemoryTests {
    /// The most private memory that the program held, in bytes.
    private func peak(_ arguments: [String], in folder: TemporaryFolder) throws -> Int {
        let binary = try BuiltProgram.path()
        let dev = binary.parent / "dev"
        let printed = try ChildProcess(
            arguments: ["\(dev)", "measure", "--", "\(binary)"] + arguments,
            directory: folder.path, standardOutput: .capture(limit: 4096)
        ).run()
        try #require(printed.succeeded)
        let words = String(decoding: printed.standardOutput, as: UTF8.self).split(separator: " ")
        return try #require(words.last.flatMap { Int($0.filter(\.isNumber)) })
    }

    private func peaks(count: Int) throws -> (add: Int, status: Int) {
        let folder = try TemporaryFolder()
        for index in 0..<count {
            // A third in one folder, the others a hundred in each.
            let place = index % 3 == 0 ? "d/one" : "d/many/\(index / 150)"
            try folder.write("sample \(index)\n", to: "\(place)/f\(index)")
        }
        _ = try peak(["init", "--quiet"], in: folder)
        return (
            try peak(["add", "--quiet", "d"], in: folder),
            try peak(["status", "--quiet"], in: folder)
        )
    }

    @Test func `a table of very many columns takes what its columns need`() throws {
        let folder = try TemporaryFolder()
        let columns = 6_000
        let rows = (0..<4).map { row in
            (0..<columns).map { row == 0 ? "c\($0)" : "\($0 + row)" }.joined(separator: ",")
        }
        try folder.write(rows.joined(separator: "\n") + "\n", to: "wide.csv")
        _ = try peak(["init", "--quiet"], in: folder)
        // Ten kilobytes a column besides what every command takes.
        let limit = (48 << 20) + columns * (10 << 10)
        for command in [["profile"], ["schema", "infer"], ["check"]] {
            let taken = try peak(command + ["wide.csv"], in: folder)
            #expect(taken < limit, "\(command): \(taken)")
        }
    }

    @Test func `columns that are counted some at a time are told and compared one by one`() throws {
        let folder = try TemporaryFolder()
        // More than are counted in one reading.
        let columns = 34_000
        for (name, start) in [("old.csv", 0), ("new.csv", 5)] {
            let rows = (0..<4).map { row in
                (0..<columns).map {
                    row == 0 ? "c\($0)" : "\($0 % 9 == 0 ? "x" : "")\($0 + start * row).25"
                }.joined(separator: ",")
            }
            try folder.write(rows.joined(separator: "\n") + "\n", to: name)
        }
        _ = try peak(["init", "--quiet"], in: folder)
        // Documents of all columns, and two profiles as they are counted, take three times that.
        let limit = (48 << 20) + columns * (4 << 10)
        for arguments in [
            ["profile", "new.csv"], ["profile", "new.csv", "--json"],
            ["drift", "new.csv", "old.csv"], ["drift", "new.csv", "old.csv", "--json"],
        ] {
            let taken = try peak(arguments, in: folder)
            #expect(taken < limit, "\(arguments): \(taken)")
        }
    }

    @Test func `many columns of many different numbers share the memory of few`() throws {
        let folder = try TemporaryFolder()
        let columns = 4_000
        var text = (0..<columns).map { "c\($0)" }.joined(separator: ",") + "\n"
        for row in 0..<600 {
            for column in 0..<columns {
                let number = (row &* 7919 &+ column &* 104_729) % 1_000_003
                text += column == 0 ? "\(number)" : ",\(number)"
            }
            text += "\n"
        }
        try folder.write(text, to: "wide.csv")
        _ = try peak(["init", "--quiet"], in: folder)
        let taken = try peak(["profile", "wide.csv"], in: folder)
        // Bins of narrower tables would take 32 kB of each column, 128 MB together.
        #expect(taken < 128 << 20, "\(taken)")
    }

    @Test func `ten times as many files take little more memory`() throws {
        let few = try peaks(count: 5_000)
        let many = try peaks(count: 50_000)
        // What grows are the objects of the pack that is being written, up to its limit.
        #expect(many.add - few.add < 48 << 20, "\(few.add) and \(many.add)")
        #expect(many.status - few.status < 4 << 20, "\(few.status) and \(many.status)")
    }
}

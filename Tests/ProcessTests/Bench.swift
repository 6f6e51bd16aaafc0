import Platform
import TestSupport
import Testing
import Vocabulary

/// A workspace on a real file system, worked on by the real program.
struct Bench {
    let root: DiskPath

    /// A table, a folder and a pipeline in `folder`, tracked, committed and reproduced; a remote
    /// beside it when one is asked for.
    init(in folder: DiskPath, files: Int = 12, hasRemote: Bool = false) throws {
        root = folder / "work"
        try LocalDisk().makeDirectory(root)
        try write(table(0), to: "t.csv")
        try LocalDisk().makeDirectory(root / "d")
        for number in 0..<files { try writeFile(number, version: 0) }
        try write(Bench.stages, to: "mlstore.yaml")
        try write("seed: 1\n", to: "params.yaml")
        try succeed("mlstore init -q && mlstore add -q d t.csv && mlstore repro -q")
        try succeed("mlstore commit -q -m zero")
        guard hasRemote else { return }
        try succeed("mlstore remote add -q origin 'file://\(folder)/remote' && mlstore push -q")
    }

    /// A workspace that is there already.
    init(at root: DiskPath) { self.root = root }

    private static let stages = """
        stages:
          split:
            split: {data: t.csv, test: 0.25, seed: ${seed}}
            outs: [work/train.csv, work/test.csv]
          copy:
            cmd: mkdir -p out && cp work/train.csv out/a && cp work/test.csv out/b
            deps: [work/train.csv, work/test.csv]
            outs: [out]

        """

    // MARK: - Data

    /// Changes the table and two files of the folder; equal versions have equal bytes.
    func change(_ version: Int) throws {
        try write(table(version), to: "t.csv")
        try writeFile(version % 5, version: version)
        try writeFile(6, version: version)
        try write("seed: \(version)\n", to: "params.yaml")
    }

    private func table(_ version: Int) -> String {
        var random = SmallRandom(seed: 5)
        var text = "a,b,y\n"
        for row in 0..<3000 {
            let extra = row == version ? "\(version)" : ""
            text += "\(random.integer(in: 0..<9_999)),\(random.integer(in: 0..<99)),\(row % 7)"
            text += "\(extra)\n"
        }
        return text
    }

    private func writeFile(_ number: Int, version: Int) throws {
        var random = SmallRandom(seed: UInt64(version * 1000 + number))
        try write(random.bytes(500 + number * 9000), to: "d/f\(number)")
    }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    func write(_ bytes: [UInt8], to name: String) throws {
        try writeAtomically(bytes, to: root / name, on: LocalDisk(), durable: false)
    }

    // MARK: - Commands

    /// What a line of the shell came to.
    func run(_ line: String) throws -> BuiltProgram.Result {
        try BuiltProgram.shell(line, in: root)
    }

    /// The output of a line that must succeed.
    @discardableResult
    func succeed(
        _ line: String, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try run(line)
        if result.status != 0 {
            let text =
                "'\(line)' ended with \(result.status): \(result.errors) \(result.output) "
                + (comment?.rawValue ?? "")
            Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
        }
        return result.output
    }

    /// The store is sound: all that snapshots and pointers name is there and hashes to its ids;
    /// and the next commands are not in the way of each other.
    func checkSound(
        _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try succeed("mlstore fsck -q", comment, sourceLocation: sourceLocation)
        let status = try run("mlstore status")
        #expect(
            [0, 3].contains(status.status) && !status.output.contains("broken"),
            "\(comment): \(status.errors)\(status.output)", sourceLocation: sourceLocation)
    }

    /// No temporary file of ours is left among the user's files.
    func checkTidy(
        _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let found = try succeed(
            "find . -path ./.mlstore -prune -o -name '\(temporaryNamePrefix)*' -print")
        #expect(found == "", comment, sourceLocation: sourceLocation)
    }
}

/// Each command with what has to be there before it, and how it shows that it was completed.
enum Deed: String, CaseIterable, Sendable {
    case add, commit, checkout, repro, push

    /// Makes sure that the command has something to do.
    func prepare(_ bench: Bench, version: Int) throws {
        switch self {
        case .add: try bench.change(version)
        case .commit:
            try bench.change(version)
            try bench.succeed("mlstore add -q d t.csv")
        case .checkout:
            try bench.change(version)
            try bench.succeed("mlstore add -q d t.csv")
            try bench.change(version + 1000)
            try bench.succeed("printf new > d/new && mlstore add -q d t.csv && mlstore undo -q")
            try bench.succeed("rm d/f7")
        case .repro:
            try bench.change(version)
            try bench.succeed("mlstore add -q d t.csv")
        case .push:
            try bench.change(version)
            try bench.succeed("mlstore add -q d t.csv && mlstore commit -q -m \(version)")
        }
    }

    /// The command.
    var line: String {
        switch self {
        case .add: "mlstore add -q d t.csv"
        case .commit: "mlstore commit -q -m version"
        case .checkout: "mlstore checkout -q d t.csv"
        case .repro: "mlstore repro -q"
        case .push: "mlstore push -q"
        }
    }

    /// Gives the command again, which must now complete, and leave nothing to do.
    func complete(_ bench: Bench, _ comment: Comment) throws {
        try bench.succeed(line, comment)
        switch self {
        case .add, .checkout: try bench.succeed("mlstore status -q d t.csv", comment)
        case .repro:
            try bench.succeed("mlstore status -q", comment)
            try bench.succeed("cmp out/a work/train.csv && cmp out/b work/test.csv", comment)
        case .commit, .push: break
        }
        try bench.checkTidy(comment)
    }
}

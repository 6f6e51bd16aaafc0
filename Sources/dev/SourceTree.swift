import Platform
import Vocabulary

/// The files that git keeps, or would keep.
struct SourceTree {
    let root: DiskPath
    /// Their paths from the root, sorted.
    let paths: [String]
    private let disk = LocalDisk()

    /// The tree of the repository around the current directory.
    static func current() throws -> SourceTree {
        let here = try Environment.currentDirectory()
        let root = try line(of: ["git", "rev-parse", "--show-toplevel"], in: here)
        return try SourceTree(root: DiskPath(root))
    }

    init(root: DiskPath) throws {
        self.root = root
        let listed = try output(
            of: ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], in: root)
        let disk = LocalDisk()
        paths = try Set(listed.split(separator: "\0").map(String.init)).sorted().filter {
            // What was removed but not yet committed is still listed.
            try disk.status(of: root / $0, followingLinks: false) != nil
        }
    }

    /// The text of a file; bytes that are no UTF-8 are replaced.
    func text(_ path: String) throws -> String {
        String(
            decoding: try disk.readFile(root / path, maximumBytes: 16 << 20), as: UTF8.self)
    }

    /// The size of a file in bytes.
    func size(_ path: String) throws -> Int {
        try disk.status(of: root / path, followingLinks: false)?.size ?? 0
    }

    /// The Swift files below `folder`, read.
    func swiftSources(below folder: String) throws -> [SwiftSource] {
        try paths.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(".swift") }.map {
            SwiftSource(path: $0, text: try text($0))
        }
    }

    /// The Markdown files, read.
    func markdownPages() throws -> [MarkdownPage] {
        try paths.filter { $0.hasSuffix(".md") }.map { MarkdownPage(path: $0, text: try text($0)) }
    }
}

/// What a program prints; throws when it fails.
func output(of arguments: [String], in directory: DiskPath) throws -> String {
    let outcome = try ChildProcess(
        arguments: arguments, directory: directory, standardOutput: .capture(limit: 64 << 20)
    ).run()
    guard outcome.succeeded else {
        throw StoreError(
            .stageFailed, "'\(arguments.joined(separator: " "))' failed: \(outcome.ending)")
    }
    return String(decoding: outcome.standardOutput, as: UTF8.self)
}

/// The first line of what a program prints.
func line(of arguments: [String], in directory: DiskPath) throws -> String {
    try output(of: arguments, in: directory).split(separator: "\n").first.map(String.init) ?? ""
}

import ArgumentParser
import Platform
import Vocabulary

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check format, imports, sizes, names, comments and pages.")

    @Option(help: "The built program, to compare the reference pages with.")
    var mlstore = ".build/debug/mlstore"

    @Flag(help: "Leave out the format lint.")
    var skipFormat = false

    func run() throws {
        let tree = try SourceTree.current()
        let tidy = try Tidy(tree)
        var findings = tidy.findings
        findings += try CommandReference(tree: tree, program: try program(in: tree)).findings()
        for finding in findings { print(finding) }
        for line in tidy.summary { print(line) }
        let isFormatted = try skipFormat || lint(tree)
        print("\(findings.count) findings")
        if !findings.isEmpty || !isFormatted { throw ExitCode.failure }
    }

    private func program(in tree: SourceTree) throws -> DiskPath {
        let path = mlstore.hasPrefix("/") ? DiskPath(mlstore) : tree.root / mlstore
        guard try LocalDisk().status(of: path, followingLinks: true) != nil else {
            throw StoreError(
                .notFound, "cannot check the reference: '\(path)' is not built",
                advice: "run 'swift build --product mlstore'")
        }
        return path
    }

    private func lint(_ tree: SourceTree) throws -> Bool {
        try formatTool(["lint", "--strict"], tree)
    }
}

struct FormatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "format", abstract: "Rewrite all sources in the one format.")

    func run() throws {
        guard try formatTool(["--in-place"], .current()) else { throw ExitCode.failure }
    }
}

struct DocsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs", abstract: "Write the command reference from the program.")

    @Option(help: "The built program.")
    var mlstore = ".build/debug/mlstore"

    func run() throws {
        let tree = try SourceTree.current()
        let path = mlstore.hasPrefix("/") ? DiskPath(mlstore) : tree.root / mlstore
        let count = try CommandReference(tree: tree, program: path).write()
        print("\(count) pages written to \(CommandReference.folder)")
    }
}

/// Runs the toolchain's formatter over everything; false when it found or failed something.
private func formatTool(_ arguments: [String], _ tree: SourceTree) throws -> Bool {
    let places = ["Package.swift", "Sources", "Tests"]
    let outcome = try ChildProcess(
        arguments: ["swift", "format"] + arguments + ["--parallel", "--recursive"] + places,
        directory: tree.root
    ).run()
    return outcome.succeeded
}

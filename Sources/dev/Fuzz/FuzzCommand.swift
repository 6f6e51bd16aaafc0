import ArgumentParser
import Platform
import Vocabulary

/// Feeds parsers with what libFuzzer makes of the inputs in fixtures/fuzz.
struct FuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Feed the parsers of bytes from outside with what libFuzzer makes up.",
        discussion: """
            The first run builds everything again with its sanitizers, below .build-fuzz. What it \
            finds stays there: new inputs in corpus/TARGET, and the input of a crash in \
            crashes/TARGET.
            """)

    @Argument(help: "Targets, as the folders of fixtures/fuzz are named; all where none is given.")
    var targets: [String] = []

    @Option(help: "How long to try each target.")
    var seconds = 60

    private static let inputs = "fixtures/fuzz"
    private static let scratch = ".build-fuzz"
    private static let disk = LocalDisk()

    func run() throws {
        let tree = try SourceTree.current()
        let known = try Self.names(in: tree.root / Self.inputs)
        for target in targets where !known.contains(target) {
            throw StoreError(
                .badUsage, "cannot fuzz '\(target)': there is no such target",
                advice: "targets are \(known.joined(separator: ", "))")
        }
        let program = try build(tree)
        var failed: [String] = []
        for target in targets.isEmpty ? known : targets
        where try !fuzz(target, with: program, tree) { failed.append(target) }
        guard failed.isEmpty else {
            print("failed: \(failed.joined(separator: " "))")
            throw ExitCode.failure
        }
    }

    private static func names(in folder: DiskPath) throws -> [String] {
        try disk.entries(of: folder).filter { $0.kind == .directory }
            .map { String(decoding: $0.name, as: UTF8.self) }.sorted()
    }

    /// Builds the program that libFuzzer drives; the sources of everything else are left alone.
    private func build(_ tree: SourceTree) throws -> DiskPath {
        let words = [
            "swift", "build", "--configuration", "release", "--product", "fuzz", "--traits", "Fuzz",
            "--sanitize", "fuzzer", "--sanitize", "address", "--scratch-path", Self.scratch,
        ]
        let outcome = try ChildProcess(arguments: words, directory: tree.root).run()
        guard outcome.succeeded else {
            throw StoreError(.stageFailed, "the fuzz program could not be built")
        }
        return tree.root / "\(Self.scratch)/release/fuzz"
    }

    /// Tries one target; false when it found something.
    private func fuzz(_ target: String, with program: DiskPath, _ tree: SourceTree) throws -> Bool {
        let corpus = "\(Self.scratch)/corpus/\(target)"
        let crashes = "\(Self.scratch)/crashes/\(target)"
        for folder in [corpus, crashes] { try Self.disk.makeDirectories(tree.root / folder) }
        var environment = Environment.variables
        environment["MLSTORE_FUZZ_TARGET"] = target
        // A trap is to end the program at once, for libFuzzer to see.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        // TOMLKit frees too little; the program itself reads one config and ends.
        environment["ASAN_OPTIONS"] = "detect_leaks=0"
        print("\(target): \(seconds) s", terminator: "")
        let outcome = try ChildProcess(
            arguments: [
                program.description, "-max_total_time=\(seconds)", "-timeout=10",
                "-detect_leaks=0", "-rss_limit_mb=2048", "-malloc_limit_mb=512",
                "-artifact_prefix=\(crashes)/",
                "-print_final_stats=1", corpus, "\(Self.inputs)/\(target)",
            ], directory: tree.root, environment: environment,
            standardError: .file(tree.root / "\(Self.scratch)/\(target).log")
        ).run()
        print(try summary(of: tree.root / "\(Self.scratch)/\(target).log"))
        if !outcome.succeeded { print("  see \(Self.scratch)/\(target).log and \(crashes)") }
        return outcome.succeeded
    }

    /// How many inputs were tried, out of libFuzzer's log.
    private func summary(of log: DiskPath) throws -> String {
        let text = String(
            decoding: try Self.disk.readFile(log, maximumBytes: 256 << 20), as: UTF8.self)
        let wanted = ["stat::number_of_executed_units:", "stat::peak_rss_mb:"]
        let found = text.split(separator: "\n").filter { line in
            wanted.contains { line.hasPrefix($0) } || line.hasPrefix("SUMMARY:")
        }
        return found.map {
            ", " + String($0.split(separator: " ").dropFirst().joined(separator: " "))
        }
        .joined()
    }
}

import ArgumentParser
import Bytes
import Kernels
import Learning
import Platform
import Vocabulary

struct DigestsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digests",
        abstract:
            "Train every kind of model, and try every kernel, on fixed data and compare the bytes with those published.",
        discussion: """
            With 1, 2, 3 and 7 threads, each with every set of vector instructions that this \
            processor has. 'fixtures/digests/trainers.json' says the options, and the SHA-256 of \
            each model file; 'fixtures/digests/kernels.json' has digests of what each kernel makes of \
            numbers that follow from a seed, and of its steps.
            """)

    @Flag(help: "Write the digests that were found. Those of others change only with a 'version'.")
    var write = false

    func run() throws {
        let tree = try SourceTree.current()
        let document = try JSONValue(parsing: Array(try tree.text(TrainerDigests.path).utf8))
        let digests = try TrainerDigests(document)
        let table = Array(try tree.text(digests.table).utf8)
        var found: [String] = []
        var differences = 0
        for (index, entry) in digests.entries.enumerated() {
            let all = try TrainerDigests.ways.map { threads, level in
                try TrainerDigests.digest(
                    entry.train, table, executor(threads: threads, level: level))
            }
            found.append(all[0])
            let isOne = all.allSatisfy { $0 == all[0] }
            if !isOne || (!write && all[0] != entry.digest) {
                differences += 1
                print(
                    "model \(index + 1), '\(entry.name)': \(isOne ? "other bytes than published" : "the ways differ")"
                )
            }
        }
        differences += try kernels(tree)
        if write {
            let text = digests.document(with: found).pretty + "\n"
            try writeAtomically(
                Array(text.utf8), to: tree.root / TrainerDigests.path, on: LocalDisk(),
                durable: false)
        }
        print(
            "\(found.count) models, each trained in \(TrainerDigests.ways.count) ways: "
                + "\(differences) differ")
        if differences > 0 { throw ExitCode.failure }
    }

    /// Compares the kernels in every way; returns how many differ.
    private func kernels(_ tree: SourceTree) throws -> Int {
        let all = TrainerDigests.ways.map { threads, level in
            KernelDigestList(executor(threads: threads, level: level))
        }
        if write {
            try writeAtomically(
                Array((all[0].document.pretty + "\n").utf8), to: tree.root / KernelDigestList.path,
                on: LocalDisk(), durable: false)
        }
        let published = try KernelDigestList(
            JSONValue(parsing: Array(tree.text(KernelDigestList.path).utf8)))
        let differing = Set(all.flatMap { published.differences($0) }).sorted()
        for name in differing { print("kernel '\(name)': other bits than published") }
        print(
            "\(published.digests.count) kernels, each tried in \(all.count) ways: "
                + "\(differing.count) differ")
        return differing.count
    }

    private func executor(threads: Int, level: InstructionLevel) -> ParallelExecutor {
        ParallelExecutor(level: level) { count, body in
            // The body cannot throw, so neither can this.
            try? parallelForEach(count: count, threads: threads) { body($0) }
        }
    }
}

/// The published digests of models.
struct TrainerDigests {
    static let path = "fixtures/digests/trainers.json"

    /// The table that all models learn from.
    let table: String
    let entries: [(name: String, train: JSONValue, digest: String)]

    init(_ document: JSONValue) throws {
        guard let table = document["table"]?.stringValue, let list = document["models"]?.arrayValue
        else { throw StoreError(.malformed, "'\(TrainerDigests.path)' is not a list of digests") }
        self.table = table
        entries = try list.map { entry in
            guard let train = entry["train"], let name = train["model"]?.stringValue,
                let digest = entry["digest"]?.stringValue
            else {
                throw StoreError(
                    .malformed, "'\(TrainerDigests.path)' has a model without a digest")
            }
            return (name, train, digest)
        }
    }

    /// Threads and instructions to train with.
    static var ways: [(threads: Int, level: InstructionLevel)] {
        [1, 2, 3, 7].flatMap { threads in InstructionLevel.available.map { (threads, $0) } }
    }

    /// The same with other digests.
    func document(with digests: [String]) -> JSONValue {
        [
            "table": .string(table),
            "models": .array(
                zip(entries, digests).map { ["digest": .string($1), "train": $0.train] }),
        ]
    }

    /// The digest of the model that a step makes of a table.
    static func digest(
        _ train: JSONValue, _ table: [UInt8], _ executor: ParallelExecutor
    ) throws -> String {
        var options = train.objectValue ?? [:]
        options["data"] = "table.csv"
        let step = try StepDescription.parse(["train": .object(options)], outputs: ["model"])
        var bytes: [UInt8] = []
        _ = try step.run(
            inputs: ["table.csv": ByteSource(name: "table.csv", bytes: table)],
            outputs: ["model": ByteSink { bytes += $0 }], context: StepContext(executor: executor))
        return sha256(bytes).hex
    }
}

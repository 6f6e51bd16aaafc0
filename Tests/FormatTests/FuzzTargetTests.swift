import Bytes
import FuzzTargets
import Platform
import Testing
import Vocabulary

/// Every parser of bytes from outside, on its corpus in fixtures/fuzz and on bytes that were changed
/// at random: it reads or it throws what it may, and never traps. The seeds are fixed, so a failure
/// repeats. `dev fuzz` looks further.
@Suite struct FuzzTargetTests {
    /// How many changed inputs a target gets: few where each stands for a file of megabytes.
    private static func mutations(of name: String) -> Int { name == "content" ? 40 : 1_000 }

    private static let disk = LocalDisk()

    @Test(arguments: FuzzTarget.all.filter { $0.canRun() }.map(\.name))
    func `a parser copes with its corpus and with changes of it`(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        var corpus = try Self.corpus(of: name)
        try #require(!corpus.isEmpty)
        if let sample = try target.sample?() { corpus.append(("its sample", sample)) }
        var readable = 0
        for input in corpus where try reads(target, input.bytes, "\(input.name)") { readable += 1 }
        // A corpus of which nothing is read does not reach far.
        #expect(readable > 0, "no seed of \(name) is readable")
        var mutation = Mutation(seed: xxh3(Array(name.utf8)))
        var stillReadable = 0
        let count = Self.mutations(of: name)
        for round in 0..<count {
            let sample = corpus[round % corpus.count].bytes
            let other = corpus[(round / corpus.count) % corpus.count].bytes
            let bytes = mutation.mutated(sample, other: other)
            if try reads(target, bytes, "round \(round)") { stillReadable += 1 }
        }
        print(
            "fuzz: \(name): \(corpus.count) inputs of the corpus, \(readable) readable;"
                + " \(count) changed ones, \(stillReadable) readable")
    }

    private func reads(_ target: FuzzTarget, _ bytes: [UInt8], _ which: String) throws -> Bool {
        do throws(WrongResult) {
            return try target.reads(bytes)
        } catch {
            Issue.record("\(target.name), \(which): \(error)")
            return false
        }
    }

    /// The inputs of a target in the order of their names.
    private static func corpus(of name: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = ProjectFolder.root / "fixtures/fuzz/\(name)"
        return try disk.entries(of: folder).sorted { $0.name.precedes($1.name) }.map { entry in
            let bytes = try disk.readFile(folder.appending(entry.name), maximumBytes: 1 << 20)
            return (String(decoding: entry.name, as: UTF8.self), bytes)
        }
    }

    @Test func `every folder of seeds is that of a target, and all are small`() throws {
        let root = ProjectFolder.root / "fixtures/fuzz"
        let folders = try Self.disk.entries(of: root).filter { $0.kind == .directory }
        let names = folders.map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names.sorted() == FuzzTarget.all.map(\.name).sorted())
        let bytes = try names.flatMap { try Self.corpus(of: $0) }.reduce(0) { $0 + $1.bytes.count }
        #expect(bytes < 1 << 20)
    }
}

import Bytes
import Kernels
import Learning
import Platform
import Testing
import Vocabulary

/// The published digests, in this build. `dev digests` has the release build train in more ways.
private let digests: [(options: [String: JSONValue], digest: String)] = {
    let fixtures = DiskPath(#filePath).parent.parent.parent / "fixtures"
    let bytes = try? LocalDisk().readFile(
        fixtures / "digests/trainers.json", maximumBytes: 1 << 20)
    let document = try? JSONValue(parsing: bytes ?? [])
    return (document?["models"]?.arrayValue ?? []).map {
        ($0["train"]?.objectValue ?? [:], $0["digest"]?.stringValue ?? "")
    }
}()

private let table: String = {
    let path = DiskPath(#filePath).parent.parent.parent / "fixtures/data/trainers.csv"
    let bytes = try? LocalDisk().readFile(path, maximumBytes: 1 << 20)
    return String(decoding: bytes ?? [], as: UTF8.self)
}()

@Suite struct TrainerDigestTests {
    @Test func `every kind of model has a published digest`() {
        let names = digests.compactMap { $0.options["model"]?.stringValue }
        #expect(Set(names) == Set(trainerNames))
    }

    @Test(arguments: digests.indices)
    func `a model has its published bytes`(index: Int) throws {
        let (options, digest) = digests[index]
        for (threads, level) in [(1, InstructionLevel.best), (3, .baseline)] {
            let model = try train(options, table, executor: executor(threads, level))
            #expect(sha256(model).hex == digest, "\(options["model"] ?? .null)")
        }
    }
}

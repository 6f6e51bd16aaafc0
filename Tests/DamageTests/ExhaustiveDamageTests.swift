import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// Every file of a small store with one of everything, cut at every length and with every byte
/// flipped (in the smallest files every bit).
///
/// Nothing crashes and nothing wrong is read. It shows, but for derived files whose loss is made good
/// in silence. What does not need the damaged file is read as before.
@Suite struct ExhaustiveDamageTests {
    /// Files up to this have every bit flipped.
    private static let smallBytes = 96

    private struct Case: Sendable {
        let file: Int
        let label: String
        let bytes: [UInt8]
    }

    private static func cases(of sample: SampleStore) -> [Case] {
        sample.files.enumerated().flatMap { index, file -> [Case] in
            var cases: [Case] = []
            for length in file.bytes.indices {
                cases.append(
                    Case(
                        file: index, label: "\(file.path) cut to \(length)",
                        bytes: Array(file.bytes[..<length])))
                let bits = file.bytes.count <= smallBytes ? Array(0..<8) : [length % 8]
                for bit in bits {
                    var bytes = file.bytes
                    bytes[length] ^= 1 << UInt8(bit)
                    cases.append(
                        Case(
                            file: index, label: "\(file.path) byte \(length) bit \(bit)",
                            bytes: bytes))
                }
            }
            return cases
        }
    }

    @Test func `the sample has one of everything`() throws {
        let sample = try SampleStore.compact()
        let seen = Observation(sample, on: try sample.disk())
        #expect(seen.wrong.isEmpty && seen.failures.isEmpty && !seen.isDetected)
        let packs = sample.files.filter { $0.path.sort == "pack" }.map { $0.bytes[8] }
        #expect(Set(packs) == [1, 2])
        let store = try SampleStore.open(sample.disk())
        #expect(try store.journal().contains { !$0.condemned.isEmpty })
        let chunks = sample.blobs.keys.map { ObjectKey(.chunk, $0.digest) }
            .filter { store.contains($0.kind, $0.digest) }
        #expect(try chunks.contains { try !store.bases(of: $0).isEmpty })
        #expect(sample.blobs.keys.contains { store.contains(.recipe, $0.digest) })
        let sorts = Set(sample.files.map(\.path.sort))
        #expect(sorts == ["format", "index", "journal", "journal.head", "pack", "scrub"])
    }

    @Test func `any file cut at any length or flipped at any byte is found or made good`() throws {
        let sample = try SampleStore.compact()
        let whole = try sample.disk()
        // What needs each pack: what cannot be read without it.
        let dependents = try sample.files.map { path, _ -> Set<BlobID> in
            guard path.sort == "pack" else { return [] }
            let disk = whole.copy()
            try disk.removeFile(path)
            return Observation(sample, on: disk).unreadable
        }
        #expect(dependents.allSatisfy { $0.count < sample.blobs.count })
        let cases = Self.cases(of: sample)
        try parallelForEach(count: cases.count) { index in
            let damage = cases[index]
            let path = sample.files[damage.file].path
            let disk = whole.copy()
            try writeAtomically(damage.bytes, to: path, on: disk, durable: true)
            let seen = Observation(sample, on: disk)
            #expect(seen.wrong == [], "\(damage.label)")
            #expect(seen.isDetected || path.sort == "scrub", "\(damage.label)")
            if path.isDerived || path.sort == "scrub" {
                #expect(seen.failures.isEmpty, "\(damage.label): \(seen.failures)")
            } else if path.sort == "pack" {
                #expect(seen.unreadable.isSubset(of: dependents[damage.file]), "\(damage.label)")
            }
        }
        let counts = Dictionary(grouping: cases) { sample.files[$0.file].path.sort }
            .sorted { $0.key < $1.key }.map { "\($0.value.count) \($0.key)" }
        let list = counts.joined(separator: ", ")
        print("damages tried, every length and every byte: \(cases.count) (\(list))")
    }
}

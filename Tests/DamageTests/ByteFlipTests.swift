import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// Single bytes changed, anywhere in the files of a store: nothing wrong is ever read, nothing
/// goes unnoticed, nothing crashes.
@Suite struct ByteFlipTests {
    @Test func `1,000 flipped bytes are all detected, and none is read as something else`() throws {
        let sample = try SampleStore()
        let lengths = sample.files.map(\.bytes.count)
        let total = lengths.reduce(0, +)
        var random = SmallRandom(seed: 2026)
        var tried: [String: Int] = [:]
        var detected = 0
        for round in 0..<1_000 {
            // Half of them anywhere; half in a file chosen first, so that small ones get their share.
            var index = round % sample.files.count
            var offset = Int(random.next() % UInt64(lengths[index]))
            if round % 2 == 0 {
                offset = Int(random.next() % UInt64(total))
                index = 0
                while offset >= lengths[index] {
                    offset -= lengths[index]
                    index += 1
                }
            }
            let mask = UInt8(truncatingIfNeeded: random.next() % 255 + 1)
            let file = sample.files[index]
            if try flip(sample, file.path, offset, mask) { detected += 1 }
            tried[file.path.sort, default: 0] += 1
        }
        let counts = tried.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print("byte flips tried: 1000 (\(counts.joined(separator: ", "))), \(detected) detected")
        #expect(tried.keys.sorted() == ["format", "index", "journal", "journal.head", "pack"])
    }

    private func flip(
        _ sample: SampleStore, _ path: DiskPath, _ offset: Int, _ mask: UInt8
    ) throws -> Bool {
        let disk = try sample.disk()
        let file = try disk.openFile(path, .readWrite)
        let before = try file.read(at: offset, count: 1)
        try file.write(before.map { $0 ^ mask }, at: offset)
        try file.close()
        let seen = Observation(sample, on: disk)
        let place = "\(path) byte \(offset) xor \(mask)"
        #expect(seen.wrong == [], "\(place)")
        #expect(seen.isDetected, "\(place)")
        if path.isDerived {
            // Only a convenience was lost: everything is still read.
            #expect(seen.failures.isEmpty, "\(place): \(seen.failures)")
        }
        return seen.isDetected
    }
}

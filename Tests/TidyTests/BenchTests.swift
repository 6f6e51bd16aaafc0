import Platform
import TestSupport
import Testing
import Vocabulary

@testable import dev

/// The parts of `dev bench` that decide what a number means.
@Suite struct BenchTests {
    @Test func `a target speaks of the ratio that people think of`() {
        #expect(Target.atMost(2).ratio(ours: 3, other: 2) == 1.5)
        #expect(Target.atLeast(10).ratio(ours: 1, other: 12) == 12)
        #expect(Target.atMost(2).isMet(by: 2) && !Target.below(2).isMet(by: 2))
        #expect(Target.atLeast(3).isMet(by: 3) && !Target.atLeast(3).isMet(by: 2.9))
        #expect(Target.atMost(0.003).text == "≤ 0.003" && Target.atLeast(10).text == "≥ 10")
    }

    @Test func `a missed target is said so, and a row without one says nothing`() {
        let missed = BenchRow(
            work: "w", measured: "3 s", other: "cp: 1 s", ours: 3, limit: 1, target: .atMost(2),
            peakBytes: 0)
        #expect(missed.isMet == false && missed.markdown.contains("| 3.00 | ≤ 2 | **missed** |"))
        let told = BenchRow(
            work: "w", measured: "3 s", other: "cp: 1 s", ours: 3, limit: 1, target: nil,
            peakBytes: 0)
        #expect(told.isMet == nil && !told.markdown.contains("met"))
        #expect(BenchRow(work: "w", skipped: "dvc: not installed").markdown.contains("**skipped**"))
    }

    @Test func `numbers print with about three digits`() {
        #expect(shortText(0.01234) == "0.0123" && shortText(1.006) == "1.01")
        #expect(shortText(456.4) == "456" && shortText(-0.5) == "-0.5000")
        #expect(median([3, 1, 2]) == 2 && median([4, 1, 2, 3]) == 2 && median([]) == 0)
    }

    @Test func `the same seed gives the same table, and a version changes a share`() throws {
        try withTemporaryFolder { folder in
            let table = FlightTable(seed: 7)
            for (name, version) in [("a", 0), ("b", 0), ("c", 1)] {
                try table.write(
                    to: folder / name, sizeBytes: 300_000, version: version, changed: 0.01)
            }
            let texts = try ["a", "b", "c"].map { name in
                String(
                    decoding: try LocalDisk().readFile(folder / name, maximumBytes: 1 << 20),
                    as: UTF8.self
                ).split(separator: "\n")
            }
            #expect(texts[0] == texts[1])
            let changed = zip(texts[0], texts[2]).count { $0 != $1 }
            let rows = texts[0].count - 1
            #expect(changed > rows / 200 && changed < rows / 50)
            #expect((110...150).contains(300_000 / rows))
        }
    }

    @Test func `a version that changes in place moves no row and changes runs of them`() throws {
        try withTemporaryFolder { folder in
            let table = FlightTable(seed: 7)
            for version in 0..<2 {
                try table.write(
                    to: folder / "\(version)", sizeBytes: 2_000_000, version: version,
                    changed: 0.05, run: 100, inPlace: true)
            }
            let versions = try (0..<2).map { version in
                try LocalDisk().readFile(folder / "\(version)", maximumBytes: 1 << 22)
            }
            #expect(versions[0].count == versions[1].count)
            let rows = versions.map { $0.split(separator: 0x0a).dropFirst() }
            let changed = zip(rows[0], rows[1]).map { $0 != $1 }
            #expect(changed.count { $0 } > 0)
            #expect(zip(rows[0], rows[1]).allSatisfy { $0.count == $1.count })
            // They begin and end together.
            let borders = zip(changed, changed.dropFirst()).count { $0 != $1 }
            #expect(borders <= changed.count / 100)
        }
    }

    @Test func `records have 440 bytes and a file each`() throws {
        try withTemporaryFolder { folder in
            try SmallFiles(seed: 1).writeRecords(below: folder / "r", count: 1_001)
            #expect(try LocalDisk().entries(of: folder / "r").count == 2)
            #expect(try (435...445).contains(fileSize(folder / "r/d1/f1000.json")))
        }
    }
}

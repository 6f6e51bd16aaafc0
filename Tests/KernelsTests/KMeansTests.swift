import Kernels
import Testing

@Suite struct KMeansTests {
    /// Three heaps in a plane, and rows enough for several blocks.
    private static let heaps: DesignMatrix = rows(9000) { row, source in
        let centre = [(0.0, 0.0), (8.0, 1.0), (-3.0, 9.0)][row % 3]
        return [
            centre.0 + source.normal(at: UInt64(2 * row)),
            centre.1 + source.normal(at: UInt64(2 * row + 1)),
        ]
    }

    private static func rows(
        _ count: Int, _ row: (Int, RandomSource) -> [Double]
    ) -> DesignMatrix {
        let source = RandomSource(seed: 5, purpose: "heaps")
        let values = (0..<count).map { row($0, source) }
        return DesignMatrix(
            rows: count, dense: Array(values.joined()), denseCount: values[0].count, codes: [],
            codeCount: 0, coefficientCount: values[0].count + 1)
    }

    private func clustered(
        _ design: DesignMatrix, _ count: Int, _ executor: ParallelExecutor = .serial
    ) throws -> Clustering {
        let seeds = try #require(kMeansSeeds(design, count: count, seed: 3, attempt: 0, executor))
        return kMeans(design, from: seeds, maximumIterations: 100, tolerance: 0, executor)
    }

    @Test func `heaps are found, and any executor gives the same bits`() throws {
        let heaps = KMeansTests.heaps
        let found = try clustered(heaps, 3)
        #expect(found.converged && found.sizes.allSatisfy { (2990...3010).contains($0) })
        // A plane has two variances of 1 a row.
        #expect((found.inertia / 18_000 - 1).magnitude < 0.05)
        let backwards = ParallelExecutor { count, body in
            for index in (0..<count).reversed() { body(index) }
        }
        #expect(try clustered(heaps, 3, backwards) == found)
        for level in InstructionLevel.available {
            #expect(try clustered(heaps, 3, serial(level)) == found)
        }
    }

    /// Every row of ten columns, compared with every centre one after the other.
    @Test(arguments: [1, 7, 10, 33]) func `a row belongs to the next centre`(columns: Int) {
        let design = KMeansTests.rows(131) { row, source in
            (0..<columns).map { source.normal(at: UInt64(row * columns + $0)) }
        }
        let source = RandomSource(seed: 6, purpose: "centres")
        let centres = (0..<(19 * columns)).map { source.normal(at: UInt64($0)) }
        func distance(_ row: Int, _ centre: Int) -> Double {
            (0..<columns).reduce(0) { sum, column in
                let way =
                    source2(row * columns + column) - centres[centre * columns + column]
                return sum + way * way
            }
        }
        let heap = RandomSource(seed: 5, purpose: "heaps")
        func source2(_ place: Int) -> Double { heap.normal(at: UInt64(place)) }
        for level in InstructionLevel.available {
            let found = nearestCentres(design, centres, serial(level))
            for row in 0..<131 {
                let all = (0..<19).map { distance(row, $0) }
                let least = all.min() ?? .nan
                #expect(all[Int(found.labels[row])] == least)
                #expect((found.distances[row] - least).magnitude < 1e-12 * max(1, least))
            }
        }
    }

    @Test func `a row between two centres goes to the first`() {
        let design = KMeansTests.rows(1) { _, _ in [0] }
        #expect(nearestCentres(design, [5, 1, -1, 1], .serial).labels == [1])
    }

    @Test func `a centre without rows takes the farthest row`() {
        let design = KMeansTests.rows(5) { row, _ in [[0, 1, 2, 3, 40][row]] }
        let found = kMeans(
            design, from: [1, 1000], maximumIterations: 10, tolerance: 0, .serial)
        #expect(found.centres == [1.5, 40] && found.sizes == [4, 1])
        #expect(found.inertia == 5 && found.converged)
    }

    @Test func `fewer different rows than centres give no seeds`() {
        let design = KMeansTests.rows(100) { row, _ in [Double(row % 3)] }
        #expect(kMeansSeeds(design, count: 4, seed: 1, attempt: 0, .serial) == nil)
        #expect(kMeansSeeds(design, count: 3, seed: 1, attempt: 0, .serial)?.sorted() == [0, 1, 2])
        #expect(kMeansSeeds(design, count: 101, seed: 1, attempt: 0, .serial) == nil)
    }

    /// The sample of a large table misses the one row that differs; then all rows are looked at.
    @Test func `seeds of a large table come from rows of it`() {
        let design = KMeansTests.rows(100_000) { row, _ in [row == 70_001 ? 9 : 4] }
        #expect(kMeansSeeds(design, count: 2, seed: 1, attempt: 0, .serial)?.sorted() == [4, 9])
    }

    @Test func `the limit of moves is kept`() throws {
        let design = KMeansTests.heaps
        let found = kMeans(
            design, from: [0, 0, 0, 1], maximumIterations: 1, tolerance: 0, .serial)
        #expect(found.iterations == 1 && !found.converged)
    }
}

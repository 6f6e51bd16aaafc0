internal import CKernels

/// Rows to start k-means from: k-means++ (D. Arthur, S. Vassilvitskii, 2007) with some trials a
/// centre, as its authors advise. The first is any row; each further one is, of 2 + ln(count) rows
/// drawn with the chance of their squared distance from the centres so far, the one that leaves the
/// least of these distances, the first of equal ones.
///
/// Each `attempt` draws other rows. Of a large table some rows are looked at: 65,536 on average, or 64 a centre. Nil where there are
/// fewer different rows than centres. Cost: those rows * columns * count * trials.
package func kMeansSeeds(
    _ design: DesignMatrix, count: Int, seed: UInt64, attempt: Int, _ executor: ParallelExecutor
) -> [Double]? {
    let attempt = UInt64(attempt)
    let random = RandomSource(seed: seed, purpose: "k-means rows", substream: attempt)
    let draws = RandomSource(seed: seed, purpose: "k-means seeds", substream: attempt).generator
    let share = Double(max(65_536, 64 * count)) / Double(max(1, design.rows))
    if share < 1 {
        let some = (0..<design.rows).filter { random.uniform(at: UInt64($0)) < share }
        let sample = design.selecting(some)
        if let seeds = Seeding(sample, draws, executor).centres(count) { return seeds }
    }
    return Seeding(design, draws, executor).centres(count)
}

extension DesignMatrix {
    /// Some rows, which have no codes.
    fileprivate func selecting(_ rows: [Int]) -> DesignMatrix {
        var values: [Double] = []
        values.reserveCapacity(rows.count * denseCount)
        for row in rows { values += dense[(row * denseCount)..<((row + 1) * denseCount)] }
        return DesignMatrix(
            rows: rows.count, dense: values, denseCount: denseCount, codes: [], codeCount: 0,
            coefficientCount: coefficientCount)
    }
}

private struct Seeding {
    let design: DesignMatrix
    let executor: ParallelExecutor
    private let zeros: SharedBuffer<Int32>
    private var random: SequentialRandom
    /// Of each row from the next centre so far.
    private var distances: SharedBuffer<Double>

    init(_ design: DesignMatrix, _ draws: SequentialRandom, _ executor: ParallelExecutor) {
        precondition(design.codeCount == 0 && design.denseCount > 0)
        self.design = design
        self.executor = executor
        zeros = SharedBuffer(repeating: 0, count: design.rows)
        random = draws
        distances = SharedBuffer(repeating: .infinity, count: design.rows)
    }

    func centres(_ count: Int) -> [Double]? {
        guard design.rows >= count else { return nil }
        var draws = self
        return draws.drawn(count)
    }

    private mutating func drawn(_ count: Int) -> [Double]? {
        let trials = 2 + Int(logarithm(Double(count)))
        let first = Int(random.integer(below: UInt64(design.rows)))
        var centres = row(first)
        var sums: [Double]
        (distances, sums) = moved(by: first)
        for _ in 1..<max(1, count) {
            var best: (row: Int, distances: SharedBuffer<Double>, sums: [Double], total: Double)?
            for _ in 0..<trials {
                guard let drawn = draw(sums) else { return nil }
                let (after, sums) = moved(by: drawn)
                let total = total(sums)
                if total < best?.total ?? .infinity { best = (drawn, after, sums, total) }
            }
            guard let best else { return nil }
            centres += row(best.row)
            distances = best.distances
            sums = best.sums
        }
        return centres
    }

    private func row(_ index: Int) -> [Double] {
        let columns = design.denseCount
        return Array(design.dense[(index * columns)..<((index + 1) * columns)])
    }

    private func total(_ sums: [Double]) -> Double { treeReduce(sums) { $0 + $1 } ?? 0 }

    /// The distances as they are with one more centre, and their sums, block by block.
    private func moved(by row: Int) -> (SharedBuffer<Double>, [Double]) {
        let centre = SharedBuffer(self.row(row))
        let blocks = design.blocks
        let after = unsafe SharedBuffer<Double>(unset: design.rows)
        let sums = executor.map(blocks.count) { block in
            let rows = blocks.range(block)
            // Unsafe: each block sets its rows' distances.
            unsafe design.withDense(rows) { dense in
                unsafe mlk_distances(
                    executor.level.rawValue, dense, design.denseCount, rows.count, centre.start,
                    zeros.start, after.start + rows.lowerBound)
            }
            var sum = 0.0
            for row in rows {
                after[row] = min(after[row], distances[row])
                sum += after[row]
            }
            return sum
        }
        return (after, sums)
    }

    /// A row, with the chance of its distance; nil where all are zero.
    private mutating func draw(_ sums: [Double]) -> Int? {
        guard let last = sums.lastIndex(where: { $0 > 0 }) else { return nil }
        var rest = random.uniform() * total(sums)
        var block = 0
        while block < last, rest >= sums[block] {
            rest -= sums[block]
            block += 1
        }
        // Rounding may leave a rest behind the last row: then it is that one.
        var found: Int?
        for row in design.blocks.range(block) where distances[row] > 0 {
            found = row
            if rest < distances[row] { break }
            rest -= distances[row]
        }
        return found
    }
}

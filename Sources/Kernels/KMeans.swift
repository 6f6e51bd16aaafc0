internal import CKernels

/// Rows in groups around centres: what k-means found.
package struct Clustering: Sendable, Equatable {
    /// The centres, one behind the other.
    package let centres: [Double]
    /// The rows of each.
    package let sizes: [Int]
    /// The sum of the squared distances of all rows from their centres.
    package let inertia: Double
    /// How often the centres were moved.
    package let iterations: Int
    /// Whether they came to rest.
    package let converged: Bool
}

/// Moves the centres to the means of the rows next to them, until no row changes its centre, until
/// the squared ways of all centres together are at most `tolerance`, or `maximumIterations` times
/// (S. Lloyd, 1982). A row between two centres goes to the first.
///
/// A centre without rows takes the row that is farthest from its own; of equal ones the first, and
/// none that is its centre's only row. Cost: rows * columns * centres multiplications a move.
package func kMeans(
    _ design: DesignMatrix, from start: [Double], maximumIterations: Int, tolerance: Double,
    _ executor: ParallelExecutor, observer: StepObserver = .none
) -> Clustering {
    var rows = ClusteredRows(design, centres: start, executor)
    var iterations = 0
    var converged = false
    observer(0, loss: nil, state: bits(start))
    while iterations < maximumIterations, !converged {
        let changed = rows.assign()
        let way = rows.moveCentres()
        iterations += 1
        converged = changed == 0 || way <= tolerance
        observer(iterations, loss: nil, state: bits(rows.centres))
    }
    _ = rows.assign()
    return Clustering(
        centres: rows.centres, sizes: rows.counts, inertia: rows.inertia(), iterations: iterations,
        converged: converged)
}

/// For each row the index of the next centre, and the squared distance from it.
package func nearestCentres(
    _ design: DesignMatrix, _ centres: [Double], _ executor: ParallelExecutor
) -> (labels: [Int32], distances: [Double]) {
    var rows = ClusteredRows(design, centres: centres, executor)
    _ = rows.assign()
    let distances = rows.distances()
    return (
        (0..<design.rows).map { rows.labels[$0] }, (0..<design.rows).map { distances[$0] }
    )
}

/// Rows and the centres that they belong to.
private struct ClusteredRows {
    let design: DesignMatrix
    let executor: ParallelExecutor
    let labels: SharedBuffer<Int32>
    /// One behind the other.
    var centres: [Double]
    var sums: [Double] = []
    var counts: [Int] = []

    private var columns: Int { design.denseCount }
    private var count: Int { centres.count / columns }

    init(_ design: DesignMatrix, centres: [Double], _ executor: ParallelExecutor) {
        precondition(design.codeCount == 0 && design.denseCount > 0)
        precondition(!centres.isEmpty && centres.count % design.denseCount == 0)
        self.design = design
        self.executor = executor
        self.centres = centres
        labels = SharedBuffer(repeating: -1, count: design.rows)
    }

    /// Gives each row to the next centre and adds the rows of each up. How many changed theirs.
    mutating func assign() -> Int {
        let blocks = design.blocks
        let table = CentreTable(centres, columns: columns)
        let rows = self
        let parts = executor.map(blocks.count) { block in
            rows.assign(blocks.range(block), table)
        }
        sums = treeSum(parts.map { $0.sums }, count: centres.count)
        counts = (0..<count).map { centre in parts.reduce(0) { $0 + $1.counts[centre] } }
        return parts.reduce(0) { $0 + $1.changed }
    }

    private struct Part {
        var sums: [Double]
        var counts: [Int]
        var changed = 0
    }

    private func assign(_ rows: Range<Int>, _ table: CentreTable) -> Part {
        var part = Part(
            sums: [Double](repeating: 0, count: centres.count),
            counts: [Int](repeating: 0, count: count))
        let tile = 64
        // Unsafe: a tile of products and of labels, set before they are read.
        let products = unsafe SharedBuffer<Double>(unset: tile * table.width)
        let found = unsafe SharedBuffer<Int32>(unset: tile)
        unsafe design.withDense(rows) { dense in
            for first in stride(from: 0, to: rows.count, by: tile) {
                let some = min(tile, rows.count - first)
                let start = unsafe dense + first * columns
                unsafe mlk_product(
                    executor.level.rawValue, some, table.width, columns, start, columns, 1,
                    table.turned.start, table.width, products.start, table.width, 0)
                unsafe mlk_nearest(
                    executor.level.rawValue, products.start, some, table.width,
                    table.halves.start, found.start)
                unsafe part.sums.withUnsafeMutableBufferPointer { sums in
                    guard let sums = sums.baseAddress else { return }
                    unsafe mlk_add_rows(start, columns, some, found.start, sums)
                }
                for index in 0..<some {
                    let label = found[index]
                    part.counts[Int(label)] += 1
                    let row = rows.lowerBound + first + index
                    if labels[row] != label {
                        labels[row] = label
                        part.changed += 1
                    }
                }
            }
        }
        return part
    }

    /// Moves each centre to the mean of its rows. The sum of the squared ways.
    mutating func moveCentres() -> Double {
        fillEmptyCentres()
        var moved = centres
        for centre in 0..<count where counts[centre] > 0 {
            let size = Double(counts[centre])
            for place in (centre * columns)..<((centre + 1) * columns) {
                moved[place] = sums[place] / size
            }
        }
        defer { centres = moved }
        return blockSum(count: moved.count) {
            (moved[$0] - centres[$0]) * (moved[$0] - centres[$0])
        }
    }

    /// Gives each centre without rows one that is far from its own.
    private mutating func fillEmptyCentres() {
        var empty = counts.indices.filter { counts[$0] == 0 }[...]
        guard !empty.isEmpty else { return }
        for (row, distance) in farthest(empty.count + count) {
            guard let centre = empty.first, distance > 0 else { return }
            let donor = Int(labels[row])
            guard counts[donor] > 1 else { continue }
            for column in 0..<columns {
                let value = design.dense[row * columns + column]
                sums[donor * columns + column] -= value
                sums[centre * columns + column] = value
            }
            counts[donor] -= 1
            counts[centre] = 1
            empty.removeFirst()
        }
    }

    /// The rows that are farthest from their centres, the farthest first.
    private func farthest(_ limit: Int) -> [(row: Int, distance: Double)] {
        let blocks = design.blocks
        let distances = distances()
        @Sendable func first(_ rows: [Int]) -> ArraySlice<Int> {
            rows.sorted {
                distances[$0] == distances[$1] ? $0 < $1 : distances[$0] > distances[$1]
            }.prefix(limit)
        }
        let parts = executor.map(blocks.count) { first(Array(blocks.range($0))) }
        return first(Array(parts.joined())).map { ($0, distances[$0]) }
    }

    /// The squared distances of all rows from their centres.
    func distances() -> SharedBuffer<Double> {
        let blocks = design.blocks
        let distances = unsafe SharedBuffer<Double>(unset: design.rows)
        let centres = SharedBuffer(centres)
        _ = executor.map(blocks.count) { block in
            let rows = blocks.range(block)
            // Unsafe: each block sets its rows' distances; labels are below the count of centres.
            unsafe design.withDense(rows) { dense in
                unsafe mlk_distances(
                    executor.level.rawValue, dense, columns, rows.count, centres.start,
                    labels.start + rows.lowerBound, distances.start + rows.lowerBound)
            }
        }
        return distances
    }

    func inertia() -> Double {
        let distances = distances()
        return blockSum(count: design.rows) { distances[$0] }
    }
}

/// Centres as products of matrices want them: a column each, padded to whole vectors, and half of
/// their squared lengths. The least half less the product with a row is the next centre's.
private struct CentreTable: Sendable {
    let width: Int
    let turned: SharedBuffer<Double>
    /// Infinite for the padding, which is never next.
    let halves: SharedBuffer<Double>

    init(_ centres: [Double], columns: Int) {
        let count = centres.count / columns
        width = (count + 15) / 16 * 16
        turned = SharedBuffer(repeating: 0, count: columns * width)
        halves = SharedBuffer(repeating: .infinity, count: width)
        for centre in 0..<count {
            for column in 0..<columns {
                turned[column * width + centre] = centres[centre * columns + column]
            }
            halves[centre] =
                0.5
                * blockSum(count: columns) {
                    centres[centre * columns + $0] * centres[centre * columns + $0]
                }
        }
    }
}

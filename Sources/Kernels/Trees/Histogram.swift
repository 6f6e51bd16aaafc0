internal import CKernels
internal import Synchronization

/// Exact sums over rows: of gradients, of second derivatives, and their number.
struct LeafSums: Sendable, Equatable {
    var gradient: Int64 = 0
    var hessian: Int64 = 0
    var rows: Int64 = 0

    static func + (left: LeafSums, right: LeafSums) -> LeafSums {
        LeafSums(
            gradient: left.gradient + right.gradient, hessian: left.hessian + right.hessian,
            rows: left.rows + right.rows)
    }

    static func - (left: LeafSums, right: LeafSums) -> LeafSums {
        LeafSums(
            gradient: left.gradient - right.gradient, hessian: left.hessian - right.hessian,
            rows: left.rows - right.rows)
    }
}

/// The sums of a leaf's rows for each bin of each feature: 256 bins a feature.
struct Histogram: Sendable {
    /// Bins of a feature.
    static let width = 256

    /// The sums, three planes one behind the other: gradients, rows, second derivatives. Where
    /// these are all 1 the rows stand for them, and the third plane is not there.
    private let planes: SharedBuffer<Int64>
    private let cells: Int

    init(features: Int, isUnit: Bool) {
        cells = features * Histogram.width
        planes = SharedBuffer(repeating: 0, count: cells * (isUnit ? 2 : 3))
    }

    func clear() { planes.fill(0) }

    /// The sums of the bins of a feature, as long as the histogram is there.
    @inline(__always)
    @unsafe func bins(of feature: Int) -> Bins {
        let start = feature * Histogram.width
        precondition(feature >= 0 && start < cells)
        let gradients = unsafe planes.start + start
        let rows = unsafe gradients + cells
        let hessians = unsafe planes.count == 3 * cells ? rows + cells : rows
        return unsafe Bins(gradients: gradients, hessians: hessians, rows: rows)
    }

    /// Pointers to the sums of a feature's 256 bins; the last two are one where second derivatives
    /// are all 1.
    @unsafe struct Bins {
        let gradients: UnsafeMutablePointer<Int64>
        let hessians: UnsafeMutablePointer<Int64>
        let rows: UnsafeMutablePointer<Int64>

        @inline(__always)
        subscript(bin: Int) -> LeafSums {
            unsafe LeafSums(gradient: gradients[bin], hessian: hessians[bin], rows: rows[bin])
        }
    }

    /// The sums over all bins of a feature: those of the leaf.
    func total(_ feature: Int) -> LeafSums {
        let bins = unsafe bins(of: feature)
        return (0..<Histogram.width).reduce(LeafSums()) { unsafe $0 + bins[$1] }
    }

    /// Adds the packed sums of all bins, as many as cells.
    func add(_ packed: UnsafePointer<Int64>, _ layout: PackedGradients.Layout) {
        let gradients = unsafe planes.start
        let rows = unsafe gradients + cells
        // Unsafe: each pointer has `cells` values behind it.
        switch layout {
        case .unit:
            for cell in 0..<cells {
                let parts = unsafe PackedGradients.parts(packed[cell], .unit)
                unsafe gradients[cell] &+= parts.gradient
                unsafe rows[cell] &+= parts.rows
            }
        case .varying:
            let hessians = unsafe rows + cells
            for cell in 0..<cells {
                let parts = unsafe PackedGradients.parts(packed[cell], .varying)
                unsafe gradients[cell] &+= parts.gradient
                unsafe rows[cell] &+= parts.rows
                unsafe hessians[cell] &+= parts.hessian
            }
        }
    }

    /// Adds, or takes away, another histogram in one feature.
    func combine(_ other: Histogram, feature: Int, isSubtracted: Bool = false) {
        precondition(planes.count == other.planes.count)
        precondition(feature >= 0 && feature * Histogram.width < cells)
        var start = feature * Histogram.width
        // Unsafe: inside the planes, which are equally long.
        while start < planes.count {
            let target = unsafe planes.start + start
            let source = unsafe other.planes.start + start
            if isSubtracted {
                for bin in 0..<Histogram.width { unsafe target[bin] &-= source[bin] }
            } else {
                for bin in 0..<Histogram.width { unsafe target[bin] &+= source[bin] }
            }
            start += cells
        }
    }
}

/// Makes the histograms of leaves, in memory that it keeps for the next.
final class HistogramBuilder: Sendable {
    private let table: BinnedTable
    private let layout: PackedGradients.Layout
    private let executor: ParallelExecutor
    private let store: Mutex<Store>

    private struct Store {
        var histograms: [Histogram] = []
        var packed: [SharedBuffer<Int64>] = []
    }

    init(
        _ table: BinnedTable, _ layout: PackedGradients.Layout, _ executor: ParallelExecutor
    ) {
        self.table = table
        self.layout = layout
        self.executor = executor
        store = Mutex(Store())
    }

    /// Sums that together are those of the rows in a range of places: one part at least, one a
    /// thread at most. How the rows fell to the parts cannot matter: their sum is exact.
    func parts(
        _ rows: SharedBuffer<UInt32>, _ range: Range<Int>, _ gradients: PackedGradients
    ) -> [Histogram] {
        precondition(gradients.layout == layout && gradients.words.count == table.rows)
        precondition(range.lowerBound >= 0 && range.upperBound <= rows.count)
        let count = range.count
        let pieceRows = min(layout.maximumRows, max(1024, 400_000 / table.features.count))
        let pieces = max(1, (count + pieceRows - 1) / pieceRows)
        guard pieces > 1 else {
            let histogram = takeEmpty()
            addRows(rows, range, gradients, to: histogram)
            return [histogram]
        }
        let partial = Mutex<[Histogram]>([])
        _ = executor.map(pieces) { piece in
            let histogram = partial.withLock { $0.popLast() } ?? takeEmpty()
            let first = range.lowerBound + piece * count / pieces
            let end = range.lowerBound + (piece + 1) * count / pieces
            addRows(rows, first..<end, gradients, to: histogram)
            partial.withLock { $0.append(histogram) }
        }
        return partial.withLock { $0 }
    }

    /// Keeps the memory of a histogram that is no longer wanted.
    func release(_ histogram: Histogram) { store.withLock { $0.histograms.append(histogram) } }

    private func takeEmpty() -> Histogram {
        guard let used = store.withLock({ $0.histograms.popLast() }) else {
            return Histogram(features: table.features.count, isUnit: layout == .unit)
        }
        used.clear()
        return used
    }

    /// At most `layout.maximumRows` rows.
    private func addRows(
        _ rows: SharedBuffer<UInt32>, _ range: Range<Int>, _ gradients: PackedGradients,
        to histogram: Histogram
    ) {
        let packed =
            store.withLock { $0.packed.popLast() }
            ?? SharedBuffer(repeating: 0, count: table.features.count * Histogram.width)
        packed.fill(0)
        unsafe sumRows(
            UnsafePointer(rows.start + range.lowerBound), range.count,
            UnsafePointer(gradients.words.start), into: packed.start)
        unsafe histogram.add(packed.start, layout)
        store.withLock { $0.packed.append(packed) }
    }

    /// The hot loop: one addition a row and feature. A row's word and bins, one cache line of these
    /// or more, are asked for sixteen rows ahead.
    private func sumRows(
        _ rows: UnsafePointer<UInt32>, _ count: Int, _ words: UnsafePointer<Int64>,
        into sums: UnsafeMutablePointer<Int64>
    ) {
        let (stride, width) = (table.stride, table.features.count)
        let bins = unsafe table.byRow
        for index in 0..<count {
            // Unsafe: rows are below the table's number, bins below 256.
            let ahead = unsafe Int(rows[min(index &+ 16, count &- 1)])
            unsafe mlk_prefetch(words + ahead)
            var line = 0
            while line < width {
                unsafe mlk_prefetch(bins + (ahead &* stride &+ line))
                line &+= 64
            }
            let row = unsafe Int(rows[index])
            let word = unsafe words[row]
            var bin = unsafe bins + row &* stride
            var cell = unsafe sums
            var rest = width
            while rest >= 8 {
                unsafe cell[Int(bin[0])] &+= word
                unsafe cell[256 &+ Int(bin[1])] &+= word
                unsafe cell[512 &+ Int(bin[2])] &+= word
                unsafe cell[768 &+ Int(bin[3])] &+= word
                unsafe cell[1024 &+ Int(bin[4])] &+= word
                unsafe cell[1280 &+ Int(bin[5])] &+= word
                unsafe cell[1536 &+ Int(bin[6])] &+= word
                unsafe cell[1792 &+ Int(bin[7])] &+= word
                unsafe bin += 8
                unsafe cell += 2048
                rest &-= 8
            }
            while rest > 0 {
                unsafe cell[Int(bin[0])] &+= word
                unsafe bin += 1
                unsafe cell += 256
                rest &-= 1
            }
        }
    }
}

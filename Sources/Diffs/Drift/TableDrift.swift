import Kernels
package import Tables

/// When a difference is a drift.
package struct DriftOptions: Sendable {
    /// What a measure must exceed; the measures named here decide, each for the columns that have it.
    package var limits: [DriftMeasure: Double]
    /// By how much the share of missing values must change.
    package var missingLimit = 0.05
    /// Of the columns that are called drifted, at most this share is not, on average.
    package var falseDiscoveryRate = 0.05

    /// Numbers by Wasserstein's distance, other values by Jensen and Shannon's, both above 0.1.
    package init() { limits = [.wasserstein: 0.1, .jensenShannon: 0.1] }
}

/// How a column differs from the reference.
package struct ColumnDrift: Sendable {
    /// The column.
    package let name: String
    /// The measures there are, by their names' order.
    package fileprivate(set) var measures: [(measure: DriftMeasure, value: Double)] = []
    /// The measure that decides, and what it must exceed; nil where the values are not compared.
    package fileprivate(set) var deciding: (measure: DriftMeasure, value: Double, limit: Double)?
    /// The most that blocks of the reference differ from the rest of it by that measure; nil where that
    /// was of no matter.
    package fileprivate(set) var noise: Double?
    /// The probability of such a difference where there is no drift; nil where values are not compared.
    package fileprivate(set) var probability: Double?
    /// The shares of missing values.
    package let missing: (old: Double, new: Double)
    /// The probability of that difference.
    package let missingProbability: Double
    /// Why values are not compared.
    package fileprivate(set) var note: String?
    /// Whether the values drifted.
    package fileprivate(set) var haveValuesDrifted = false
    /// Whether the share of missing values did.
    package fileprivate(set) var hasMissingDrifted = false

    /// Whether the column drifted.
    package var isDrifted: Bool { haveValuesDrifted || hasMissingDrifted }
}

/// How a table, or a slice of it, differs from the reference.
package struct TableDrift: Sendable {
    /// The value of the column that the table was sliced by; nil for all rows.
    package let slice: String?
    /// Rows of the reference.
    package let oldRows: Int
    /// Rows.
    package let newRows: Int
    /// The columns that both have, in the order of the reference.
    package internal(set) var columns: [ColumnDrift]
    /// Columns that only one has.
    package let unmatched: [String]

    /// The columns that drifted.
    package var drifted: [ColumnDrift] { columns.filter(\.isDrifted) }
}

/// A reference and what is compared with it: all columns of both, or the same ones.
package struct DriftPair: Sendable {
    /// The value that both are slices by; nil for whole tables.
    package let slice: String?
    /// The reference's profile.
    package let old: TableProfile
    /// The other one's.
    package let new: TableProfile

    /// A pair.
    package init(slice: String? = nil, old: TableProfile, new: TableProfile) {
        self.slice = slice
        self.old = old
        self.new = new
    }
}

/// Compares tables by their profiles, and slices of them.
///
/// A column drifted where its deciding measure exceeds its limit, and the difference is significant
/// among all columns told (Benjamini and Hochberg), and the measure exceeds what blocks of the reference
/// differ by. `blocks` gives the profiles of these, of some columns of the whole table, and is called
/// where it matters. The drift of the whole tables comes first.
package func drift(
    _ pair: DriftPair, slices: DriftSlices? = nil, _ options: DriftOptions = DriftOptions(),
    blocks: (_ columns: [String]) throws -> [TableProfile]
) throws -> [TableDrift] {
    var tables = [TableDrift(pair, options)]
    if let slices { tables += try slices.drifts(like: tables[0], options) }
    // All tests at once: values and missing values of every column.
    let probabilities = tables.flatMap { table in
        table.columns.flatMap { [$0.probability, $0.missingProbability].compactMap { $0 } }
    }
    let threshold = discoveryThreshold(probabilities, rate: options.falseDiscoveryRate)
    for table in tables.indices {
        for column in tables[table].columns.indices {
            tables[table].columns[column].decide(threshold, options)
        }
    }
    if tables[0].columns.contains(where: \.haveValuesDrifted) {
        try tables[0].applyNoise(of: blocks, options)
    }
    return tables
}

/// The largest probability that is a discovery (Benjamini and Hochberg, 1995); below 0 where none is.
func discoveryThreshold(_ probabilities: [Double], rate: Double) -> Double {
    let sorted = probabilities.sorted()
    let last = sorted.indices.last { index in
        sorted[index] <= Double(index + 1) / Double(sorted.count) * rate
    }
    return last.map { sorted[$0] } ?? -1
}

extension TableDrift {
    /// Takes back what is within the noise of the reference itself.
    fileprivate mutating func applyNoise(
        of blocks: (_ columns: [String]) throws -> [TableProfile], _ options: DriftOptions
    ) throws {
        let told = columns.indices.filter { columns[$0].deciding != nil }
        let atOnce = TableProfile.Limits.columnsAtOnce(
            of: columns.count + unmatched.count, counted: 1, packed: mostDriftBlocks)
        for start in stride(from: 0, to: told.count, by: atOnce) {
            let some = told[start..<min(told.count, start + atOnce)]
            let profiles = try blocks(some.map { columns[$0].name })
            guard profiles.count > 1 else { return }
            for (place, column) in some.enumerated() {
                columns[column].applyNoise(of: profiles, place, options)
            }
        }
    }
}

extension ColumnDrift {
    /// Each block against all others.
    fileprivate mutating func applyNoise(
        of blocks: [TableProfile], _ place: Int, _ options: DriftOptions
    ) {
        guard let deciding else { return }
        let rowCount = blocks.reduce(0) { $0 + $1.rowCount }
        for index in blocks.indices {
            let others = blocks.indices.filter { $0 != index }.map { blocks[$0] }
            guard
                let rest = TableProfile.column(place, merging: others, countingHashes: true)
            else { continue }
            let rows = (old: rowCount - blocks[index].rowCount, new: blocks[index].rowCount)
            let drift = ColumnDrift(
                rest, blocks[index].column(place, countingHashes: true), rows, options)
            guard let value = drift.measures.first(where: { $0.measure == deciding.measure })?.value
            else { continue }
            noise = max(noise ?? 0, value)
        }
        if let noise, deciding.value <= noise { haveValuesDrifted = false }
    }
}

extension TableDrift {
    /// Column by column: what is compared of one is let go before the next. `unmatched` where that is not
    /// what the profiles say.
    init(_ pair: DriftPair, _ options: DriftOptions, unmatched: [String]? = nil) {
        slice = pair.slice
        oldRows = pair.old.rowCount
        newRows = pair.new.rowCount
        let (before, after) = (pair.old.columnNames, pair.new.columnNames)
        let places = Dictionary(zip(after, after.indices), uniquingKeysWith: { one, _ in one })
        let rows = (old: oldRows, new: newRows)
        columns = before.indices.compactMap { column in
            places[before[column]].map { place in
                ColumnDrift(
                    pair.old.column(column, countingHashes: true),
                    pair.new.column(place, countingHashes: true), rows, options)
            }
        }
        if let unmatched {
            self.unmatched = unmatched
        } else {
            let known = Set(before)
            self.unmatched =
                before.filter { places[$0] == nil } + after.filter { !known.contains($0) }
        }
    }
}

extension ColumnDrift {
    /// The most categories that are told apart; the others count as one.
    private static let categoryLimit = 100

    fileprivate init(
        _ old: ColumnProfile, _ new: ColumnProfile, _ rows: (old: Int, new: Int),
        _ options: DriftOptions
    ) {
        name = old.name
        missing = (
            rows.old > 0 ? Double(old.missing) / Double(rows.old) : 0,
            rows.new > 0 ? Double(new.missing) / Double(rows.new) : 0
        )
        let table = BinnedPair(old: [old.missing, old.present], new: [new.missing, new.present])
        let isTested = rows.old > 0 && rows.new > 0
        let chi = isTested ? table.chiSquare : (0, 0)
        missingProbability = chiSquareTail(chi.0, degrees: chi.1)
        guard old.present > 0, new.present > 0 else {
            note = "there are no values to compare"
            return
        }
        compare(old, new)
        // Of the measures that have a limit and that the column has, the first decides.
        for (measure, value) in measures where deciding == nil {
            if let limit = options.limits[measure] { deciding = (measure, value, limit) }
        }
        if deciding == nil, note == nil { note = "no limit is set for it" }
    }

    private mutating func compare(_ old: ColumnProfile, _ new: ColumnProfile) {
        if old.numbers != nil, new.numbers != nil, !old.values.isEmpty, !new.values.isEmpty {
            return compareNumbers(NumberPair(old: old.values, new: new.values))
        }
        if !old.moments.isEmpty, !new.moments.isEmpty {
            return compareNumbers(NumberPair(old: old.moments, new: new.moments))
        }
        guard let known = old.frequencies else {
            return compareBins(BinnedPair(old: old.hashCounts, new: new.hashCounts))
        }
        guard let found = new.frequencies else {
            note = "it has far more different values than before"
            probability = 0
            measures = [(.jensenShannon, 1)]
            return
        }
        compareTexts(known, found)
    }

    private mutating func compareNumbers(_ numbers: NumberPair) {
        let binned = numbers.binned
        measures = [
            (.wasserstein, numbers.wasserstein), (.jensenShannon, binned.jensenShannon),
            (.psi, binned.psi), (.ks, numbers.ks), (.chiSquare, binned.chiSquare.statistic),
            (.hellinger, binned.hellinger),
        ]
        probability = numbers.ksTail
    }

    private mutating func compareTexts(
        _ old: [ColumnProfile.Frequency<String>], _ new: [ColumnProfile.Frequency<String>]
    ) {
        // The categories are those of the reference; what is new there is one more.
        let known = old.prefix(ColumnDrift.categoryLimit).map(\.value)
        let places = Dictionary(zip(known, known.indices), uniquingKeysWith: { one, _ in one })
        func counts(_ values: [ColumnProfile.Frequency<String>]) -> [Int] {
            var counts = Array(repeating: 0, count: known.count + 1)
            for entry in values { counts[places[entry.value] ?? known.count] += entry.count }
            return counts
        }
        compareBins(BinnedPair(old: counts(old), new: counts(new)))
    }

    private mutating func compareBins(_ binned: BinnedPair) {
        let (statistic, degrees) = binned.chiSquare
        measures = [
            (.jensenShannon, binned.jensenShannon), (.psi, binned.psi), (.chiSquare, statistic),
            (.hellinger, binned.hellinger),
        ]
        probability = chiSquareTail(statistic, degrees: degrees)
    }

    fileprivate mutating func decide(_ threshold: Double, _ options: DriftOptions) {
        if let deciding, let probability {
            haveValuesDrifted = probability <= threshold && deciding.value > deciding.limit
        }
        hasMissingDrifted =
            missingProbability <= threshold
            && (missing.new - missing.old).magnitude > options.missingLimit
    }
}

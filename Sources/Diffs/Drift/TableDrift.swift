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
    package fileprivate(set) var columns: [ColumnDrift]
    /// Columns that only one has.
    package let unmatched: [String]

    /// The columns that drifted.
    package var drifted: [ColumnDrift] { columns.filter(\.isDrifted) }
}

/// A reference and what is compared with it.
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

/// Compares tables by their profiles: the first pair is of whole tables, others may be of slices.
///
/// A column drifted where its deciding measure exceeds its limit, and the difference is significant
/// among all columns told (Benjamini and Hochberg), and the measure exceeds what blocks of the reference
/// differ by. `blocks` gives the profiles of these, of whole tables only, and is called where it matters.
package func drift(
    _ pairs: [DriftPair], _ options: DriftOptions = DriftOptions(),
    blocks: () throws -> [TableProfile]
) throws -> [TableDrift] {
    var tables = pairs.map { TableDrift($0, options) }
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
    let suspects = tables.first?.columns.contains { $0.haveValuesDrifted } ?? false
    if suspects {
        let profiles = try blocks()
        if profiles.count > 1 { try applyNoise(of: profiles, to: &tables[0], options) }
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

/// Takes back what is within the noise of the reference itself.
private func applyNoise(
    of blocks: [TableProfile], to table: inout TableDrift, _ options: DriftOptions
) throws {
    for index in blocks.indices {
        var rest = TableProfile(columnNames: blocks[index].columnNames)
        for (other, block) in blocks.enumerated() where other != index { try rest.merge(block) }
        let noise = TableDrift(DriftPair(old: rest, new: blocks[index]), options)
        for column in table.columns.indices {
            guard let deciding = table.columns[column].deciding,
                let same = noise.columns.first(where: { $0.name == table.columns[column].name }),
                let value = same.measures.first(where: { $0.measure == deciding.measure })?.value
            else { continue }
            let most = max(table.columns[column].noise ?? 0, value)
            table.columns[column].noise = most
            if deciding.value <= most { table.columns[column].haveValuesDrifted = false }
        }
    }
}

extension TableDrift {
    fileprivate init(_ pair: DriftPair, _ options: DriftOptions) {
        slice = pair.slice
        oldRows = pair.old.rowCount
        newRows = pair.new.rowCount
        let before = pair.old.columns(countingHashes: true)
        let after = pair.new.columns(countingHashes: true)
        let places = Dictionary(
            zip(after.map(\.name), after.indices), uniquingKeysWith: { one, _ in one })
        columns = before.compactMap { old in
            places[old.name].map { ColumnDrift(old, after[$0], pair, options) }
        }
        let known = Set(before.map(\.name))
        unmatched =
            before.map(\.name).filter { places[$0] == nil }
            + after.map(\.name).filter { !known.contains($0) }
    }
}

extension ColumnDrift {
    /// The most categories that are told apart; the others count as one.
    private static let categoryLimit = 100

    fileprivate init(
        _ old: ColumnProfile, _ new: ColumnProfile, _ pair: DriftPair, _ options: DriftOptions
    ) {
        name = old.name
        let (rows, newRows) = (pair.old.rowCount, pair.new.rowCount)
        missing = (
            rows > 0 ? Double(old.missing) / Double(rows) : 0,
            newRows > 0 ? Double(new.missing) / Double(newRows) : 0
        )
        let table = BinnedPair(old: [old.missing, old.present], new: [new.missing, new.present])
        let isTested = rows > 0 && newRows > 0
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

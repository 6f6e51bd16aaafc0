/// What a drift means for a model: how much of its importance the columns that drifted carry.
package struct WeightedDrift: Sendable {
    /// What is carried must exceed this to matter, where nothing else is said.
    package static let defaultLimit = 0.1

    /// Columns that the model reads and that both tables have, the most important first, each with its
    /// share; then those that it does not read, in their order.
    package let columns: [(column: ColumnDrift, share: Double)]
    /// Columns that the model reads and that were not compared, since one of the tables lacks them.
    package let absent: [(name: String, share: Double)]
    /// The share of the columns that drifted, and of those that are absent.
    package let driftedShare: Double
    /// What it must exceed.
    package let limit: Double

    /// Whether the model is to be looked at.
    package var isAffected: Bool { driftedShare > limit }

    /// Weighs a drift. `shares` are 1 together.
    package init(
        _ drift: TableDrift, by shares: [String: Double], limit: Double = defaultLimit
    ) {
        let weighed = drift.columns.enumerated().map { place, column in
            (place: place, column: column, share: shares[column.name] ?? 0)
        }.sorted { ($1.share, $0.place) < ($0.share, $1.place) }
        let known = Set(drift.columns.map(\.name))
        columns = weighed.map { ($0.column, $0.share) }
        absent = shares.filter { !known.contains($0.key) && $0.value > 0 }
            .map { (name: $0.key, share: $0.value) }
            .sorted { ($1.share, $0.name) < ($0.share, $1.name) }
        // Summed in an order that the numbers alone tell.
        driftedShare = min(
            1,
            columns.filter(\.column.isDrifted).reduce(0) { $0 + $1.share }
                + absent.reduce(0) { $0 + $1.share })
        self.limit = limit
    }
}

import Tables

/// Slices of a reference and of what is compared with it.
package struct DriftSlices {
    /// How many there are at most.
    package let count: Int
    /// Of some columns: a pair for each slice that both tables have, always the same ones in one order.
    package let pairs: (_ columns: [String]) throws -> [DriftPair]

    /// Slices.
    package init(count: Int, pairs: @escaping (_ columns: [String]) throws -> [DriftPair]) {
        self.count = count
        self.pairs = pairs
    }

    /// How they differ: `whole` is the drift of the whole tables. As many columns are read at a time as
    /// fit into memory.
    func drifts(like whole: TableDrift, _ options: DriftOptions) throws -> [TableDrift] {
        let names = whole.columns.map(\.name)
        let atOnce = TableProfile.Limits.columnsAtOnce(
            of: names.count + whole.unmatched.count, counted: count, packed: count)
        var drifts: [TableDrift] = []
        for start in stride(from: 0, to: max(1, names.count), by: max(1, atOnce)) {
            let some = try pairs(Array(names[start..<min(names.count, start + atOnce)]))
            for (place, pair) in some.enumerated() {
                let drift = TableDrift(pair, options, unmatched: whole.unmatched)
                if start == 0 {
                    drifts.append(drift)
                } else {
                    drifts[place].columns += drift.columns
                }
            }
        }
        return drifts
    }
}

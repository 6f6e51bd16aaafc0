package import Tables

/// Whether a column of a version of a table can have drifted from another one, going by that one's profile
/// and by the rows that only one of them has. Where this says no, `drift` of both profiles finds none.
///
/// What is compared are distributions, and of these all but the share of rows that differ is the same. By
/// that share the Jensen-Shannon divergence is bounded (Lin 1991: in bits it is at most the total
/// variation), and with how far numbers are apart at most, Wasserstein's distance.
package func canDrift(
    from old: TableProfile, by shift: TableShift, _ options: DriftOptions = DriftOptions()
) -> Bool {
    guard let columns = old.reach(shift) else { return true }
    return columns.contains { $0.canDrift(options) }
}

extension ColumnReach {
    /// Bounds are rounded, and so is what they are bounds of.
    private static let roundingSlack = 0.999

    fileprivate func canDrift(_ options: DriftOptions) -> Bool {
        haveMissingMoved(options.missingLimit) || canValuesDrift(options.limits)
    }

    /// Missing values are known.
    private func haveMissingMoved(_ limit: Double) -> Bool {
        func share(_ missing: Int, _ present: Int) -> Double {
            missing == 0 ? 0 : Double(missing) / Double(missing + present)
        }
        let difference = share(newMissing, newPresent) - share(column.missing, column.present)
        return difference.magnitude > limit * ColumnReach.roundingSlack
    }

    private func canValuesDrift(_ limits: [DriftMeasure: Double]) -> Bool {
        // Where one version has no value, none is compared.
        guard column.present > 0, newPresent > 0 else { return false }
        guard let moved else { return true }
        // The same values.
        guard moved > 0 else { return false }
        guard let range else {
            return exceeds(moved.squareRoot(), limits[.jensenShannon])
        }
        let values = column.numbers == nil ? column.moments : column.values
        guard !values.isEmpty else { return true }
        let deviation = NumberPair.deviation(values)
        // Values that are not shared can be anywhere; the others stay, but for their bins.
        let width = range.upperBound - range.lowerBound + 2 * error
        let area = moved * width + error
        return exceeds(deviation > 0 ? area / deviation : area, limits[.wasserstein])
    }

    /// Where a measure has no limit another one decides, of which nothing is known here.
    private func exceeds(_ bound: Double, _ limit: Double?) -> Bool {
        guard let limit else { return true }
        return !(bound <= limit * ColumnReach.roundingSlack)
    }
}

/// The values in one total order: from minus infinity up, -0 before +0, NaN last (all NaNs alike).
/// Sorted as integers, so that the result does not depend on the sorting algorithm.
package func sortedTotally(_ values: [Double]) -> [Double] {
    values.map(orderKey).sorted().map(number(ofOrderKey:))
}

/// The positions of `values` in their total order; equal values keep the order of positions.
package func orderTotally(_ values: [Double]) -> [Int] {
    let keys = values.map(orderKey)
    return values.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] < keys[$1] }
}

/// An integer that orders as the total order of doubles does.
package func orderKey(_ value: Double) -> UInt64 {
    if value.isNaN { return .max }
    let bits = value.bitPattern
    return bits >> 63 == 1 ? ~bits : bits | 1 << 63
}

/// The double with that `orderKey`.
func number(ofOrderKey key: UInt64) -> Double {
    if key == .max { return .nan }
    return Double(bitPattern: key >> 63 == 1 ? key & ~(1 << 63) : ~key)
}

/// The quantile of values sorted by `sortedTotally`, none of them NaN, for a fraction in [0, 1]:
/// linear between the two nearest ranks (Hyndman and Fan's type 7, the default of numpy and R).
/// Nil without values.
package func quantile(ofSorted values: [Double], at fraction: Double) -> Double? {
    guard let last = values.last else { return nil }
    let place = min(max(fraction, 0), 1) * Double(values.count - 1)
    let lower = Int(place.rounded(.down))
    guard lower + 1 < values.count else { return last }
    let share = place - Double(lower)
    if share == 0 { return values[lower] }
    return values[lower] + share * (values[lower + 1] - values[lower])
}

/// log(e^v0 + e^v1 + ...), shifted by the largest value so that nothing overflows; minus infinity
/// without values. The terms are added in order.
package func logSumExp(_ values: some Collection<Double>) -> Double {
    guard let largest = values.max() else { return -.infinity }
    guard largest.isFinite else { return largest }
    var sum = 0.0
    for value in values { sum += exponential(value - largest) }
    return largest + logarithm(sum)
}

/// Replaces each value by its share e^v / (e^v0 + e^v1 + ...) and returns the `logSumExp`.
@discardableResult
package func softmax(_ values: inout [Double]) -> Double {
    guard let largest = values.max() else { return -.infinity }
    var sum = 0.0
    for index in values.indices {
        values[index] = exponential(values[index] - largest)
        sum += values[index]
    }
    for index in values.indices { values[index] /= sum }
    return largest + logarithm(sum)
}

/// The natural logarithm of `x`, to less than one unit in the last place; minus infinity for zero,
/// NaN below.
package func logarithm(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return x }
    return logarithm(Split(x), correction: 0)
}

/// The natural logarithm of `1 + x`, without the cancellation near zero; to less than one and a
/// half units in the last place.
package func logarithmOnePlus(_ x: Double) -> Double {
    if x.isNaN || x < -1 { return .nan }
    if x == -1 { return -.infinity }
    if x == .infinity { return x }
    if x.magnitude < 0x1p-54 { return x }
    if x > -0.29 && x < 0.41 { return logarithm(Split(exponent: 0, fraction: x), correction: 0) }
    let sum = 1 + x
    // What rounding 1 + x lost, relative to the sum.
    let lost = x >= 1 ? 1 - (sum - x) : x - (sum - 1)
    return logarithm(Split(sum), correction: lost / sum)
}

/// k ln 2 + log(1 + f), where with s = f / (2 + f)
/// log(1 + f) = 2 artanh(s) = f - (f^2/2 - s (f^2/2 + R)), R = 2 (s^2/3 + s^4/5 + ...).
/// The large part f is added last, so that its bits are not disturbed. |s| < 0.172 and the series
/// goes to s^22: the remainder is below 2^-58 of the result.
private func logarithm(_ split: Split, correction: Double) -> Double {
    let f = split.fraction
    let s = f / (2 + f)
    let square = s * s
    var series = 2.0 / 23
    series = series * square + 2.0 / 21
    series = series * square + 2.0 / 19
    series = series * square + 2.0 / 17
    series = series * square + 2.0 / 15
    series = series * square + 2.0 / 13
    series = series * square + 2.0 / 11
    series = series * square + 2.0 / 9
    series = series * square + 2.0 / 7
    series = series * square + 2.0 / 5
    series = series * square + 2.0 / 3
    let half = 0.5 * f * f
    let k = Double(split.exponent)
    let small = s * (half + series * square) + (k * ln2Low + correction)
    return k * ln2High - ((half - small) - f)
}

/// x = 2^exponent (1 + fraction) with 1 + fraction in [sqrt(1/2), sqrt(2)).
private struct Split {
    let exponent: Int
    let fraction: Double

    init(exponent: Int, fraction: Double) {
        self.exponent = exponent
        self.fraction = fraction
    }

    init(_ x: Double) {
        var bits = x.bitPattern
        var shift = 0
        if bits < 0x0010_0000_0000_0000 {
            // Subnormal: made normal first.
            bits = (x * 0x1p54).bitPattern
            shift = -54
        }
        let mantissa = bits & 0x000f_ffff_ffff_ffff
        // The mantissa of sqrt(2), above which the half is nearer to 1.
        let upper = mantissa >= 0x0006_a09e_667f_3bcd
        exponent = Int(bits >> 52) - 1023 + (upper ? 1 : 0) + shift
        let biased: UInt64 = upper ? 1022 : 1023
        fraction = Double(bitPattern: mantissa | biased << 52) - 1
    }
}

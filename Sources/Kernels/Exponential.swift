// Own elementary functions: the C library's differ between systems and processors. Only +, -, *,
// / and square root are used, which IEEE 754 rounds exactly, so that every machine gives the same
// bits. Tests hold each function to the bound it states, against 80-bit arithmetic.

/// ln 2 in two parts; the high part ends in 21 zero bits, so that a multiple of it by an exponent
/// is exact.
let ln2High = 0x1.62e42feep-1
let ln2Low = 0x1.a39ef35793c76p-33

/// `e` to the power `x`, to less than one unit in the last place; 0 below about -745.13, infinity
/// above about 709.78, NaN for NaN.
///
/// x = k ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor series to r^13, whose remainder is below
/// 2^-57 of the result; the rounding error of r itself is carried into the last addition.
package func exponential(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 709.782712893384 { return .infinity }
    if x < -745.1332191019412 { return 0 }
    let reduced = Reduced(x)
    return scale(1 + (reduced.value + reduced.tail), byPowerOfTwo: reduced.exponent)
}

/// `e` to the power `x`, minus 1, without the cancellation near zero; to less than one and a half
/// units in the last place.
package func exponentialMinusOne(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 709.782712893384 { return .infinity }
    if x < -40 { return -1 }
    if x.magnitude < 0x1p-54 { return x }
    let reduced = Reduced(x)
    guard reduced.exponent != 0 else { return reduced.value + reduced.tail }
    guard reduced.exponent < 64 else { return exponential(x) - 1 }
    // 2^k (1 + v + t) - 1 = (2^k - 1) + 2^k v + 2^k t, the first sum with its rounding error.
    let power = scale(1, byPowerOfTwo: reduced.exponent)
    let base = power - 1
    let step = power * reduced.value
    let sum = base + step
    let kept = sum - base
    let lost = (base - (sum - kept)) + (step - kept) + ((power - base) - 1)
    return sum + (lost + power * reduced.tail)
}

/// 1 / (1 + e^-x), without overflow on either side; to less than three units in the last place.
package func sigmoid(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + exponential(-x)) }
    let power = exponential(x)
    return power / (1 + power)
}

/// log(1 + e^x), the loss of a logistic model; never overflows.
package func softplus(_ x: Double) -> Double {
    max(x, 0) + logarithmOnePlus(exponential(-x.magnitude))
}

/// x = exponent * ln 2 + r, and e^r - 1 = value + tail, |tail| far smaller than |value|.
private struct Reduced {
    let exponent: Int
    let value: Double
    let tail: Double

    init(_ x: Double) {
        // To the nearest whole number: behind 1.5 * 2^52 there are no fractions.
        let multiple = (x * 0x1.71547652b82fep0 + 0x1.8p52) - 0x1.8p52
        let high = x - multiple * ln2High
        let low = multiple * ln2Low
        let r = high - low
        let lost = (high - r) - low
        var series = 1.0 / 6_227_020_800
        series = series * r + 1.0 / 479_001_600
        series = series * r + 1.0 / 39_916_800
        series = series * r + 1.0 / 3_628_800
        series = series * r + 1.0 / 362_880
        series = series * r + 1.0 / 40_320
        series = series * r + 1.0 / 5040
        series = series * r + 1.0 / 720
        series = series * r + 1.0 / 120
        series = series * r + 1.0 / 24
        series = series * r + 1.0 / 6
        // e^r - 1 = r + r^2 (1/2 + r s); e^(r + lost) adds lost (1 + r).
        exponent = Int(multiple)
        value = r
        tail = r * r * (0.5 + r * series) + (lost + lost * r)
    }
}

/// `value * 2^exponent` for a value in [0.5, 2) and exponents from -1075 to 1024, rounded once.
private func scale(_ value: Double, byPowerOfTwo exponent: Int) -> Double {
    if exponent >= -1021 && exponent <= 1022 {
        return value * Double(bitPattern: UInt64(exponent + 1023) << 52)
    }
    // The last multiplication alone can round: the first stays a normal number.
    let half = exponent > 0 ? 1000 : -1000
    return value * Double(bitPattern: UInt64(exponent - half + 1023) << 52)
        * Double(bitPattern: UInt64(half + 1023) << 52)
}

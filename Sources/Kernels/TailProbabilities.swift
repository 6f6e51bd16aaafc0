/// The probability that a chi-square variable of so many degrees of freedom is at least `statistic`; to
/// about 12 digits. 1 for no degrees of freedom.
///
/// The regularised upper incomplete gamma function Q(k/2, x/2), by its series or its continued fraction
/// (Abramowitz and Stegun 6.5.29 and 6.5.31), whichever converges faster.
package func chiSquareTail(_ statistic: Double, degrees: Int) -> Double {
    guard degrees > 0, statistic > 0 else { return 1 }
    let (a, x) = (Double(degrees) / 2, statistic / 2)
    guard x.isFinite else { return 0 }
    let factor = exponential(a * logarithm(x) - x - logGamma(a))
    return x < a + 1
        ? min(1, max(0, 1 - factor * lowerSeries(a, x))) : factor * upperFraction(a, x)
}

/// sum x^n / (a (a+1) ... (a+n)).
private func lowerSeries(_ a: Double, _ x: Double) -> Double {
    var term = 1 / a
    var sum = term
    var n = a
    while term > sum * 0x1p-54 {
        n += 1
        term *= x / n
        sum += term
    }
    return sum
}

/// 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ...)), by Lentz's method.
private func upperFraction(_ a: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    var b = x + 1 - a
    var c = 1 / tiny
    var d = 1 / b
    var result = d
    for step in 1..<100_000 {
        let weight = -Double(step) * (Double(step) - a)
        b += 2
        d = weight * d + b
        if d.magnitude < tiny { d = tiny }
        c = b + weight / c
        if c.magnitude < tiny { c = tiny }
        d = 1 / d
        result *= d * c
        if (d * c - 1).magnitude < 0x1p-52 { break }
    }
    return result
}

/// The logarithm of the gamma function of `x` > 0: Stirling's series, where `x` is large enough for it.
private func logGamma(_ x: Double) -> Double {
    var (x, product) = (x, 1.0)
    while x < 15 {
        product *= x
        x += 1
    }
    let inverse = 1 / (x * x)
    let terms = [
        1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156,
    ]
    let series = terms.reversed().reduce(0) { $0 * inverse + $1 } / x
    let halfLogTwoPi = 0.918938533204672741780329736406
    return (x - 0.5) * logarithm(x) - x + halfLogTwoPi + series - logarithm(product)
}

/// The probability that Kolmogorov's variable, the largest distance of a large sample's distribution
/// from the true one times the root of the sample's size, is at least `value`; to about 12 digits.
///
/// 2 sum (-1)^(j-1) exp(-2 j^2 x^2), or for small values the same by Jacobi's theta function.
package func kolmogorovTail(_ value: Double) -> Double {
    guard value > 0 else { return 1 }
    guard value >= 1 else {
        let pi = 3.14159265358979323846264338328
        var sum = 0.0
        // Integers: a stride of floating-point numbers is computed with the C library's 'fma'.
        for number in 0..<8 {
            let j = Double(2 * number + 1)
            sum += exponential(-j * j * pi * pi / (8 * value * value))
        }
        return min(1, 1 - (2 * pi).squareRoot() / value * sum)
    }
    var sum = 0.0
    for j in 1...20 {
        let term = exponential(-2 * Double(j * j) * value * value)
        sum += j % 2 == 1 ? term : -term
    }
    return min(1, max(0, 2 * sum))
}

/// A sum of numbers without any rounding, so that neither the order of the numbers nor how they are
/// split into parts changes it.
///
/// Fixed point over the whole range of products of two doubles: digits of 32 bits, each in a word
/// of 64 that leaves room for carries. Only those are kept that the numbers reached, so that numbers
/// of like size take about a hundred bytes, and none more than 1.1 kB.
struct ExactSum: Sendable {
    /// The exponent of the lowest digit's lowest bit: below that of the smallest product.
    private static let lowestExponent = -2176
    /// Up to 2^2304: the sum of 2^63 of the largest products is below 2^2112.
    private static let digitCount = 140
    private static let base: Int64 = 1 << 32

    /// The digits from number `low` on; all others are zero. Empty stands for zero.
    private var digits: [Int64] = []
    private var low = 0
    /// Additions since carries were last passed on; each adds less than 2^32 to a digit.
    private var pending = 0

    /// Adds a number `times` times; infinities and NaN are the caller's to leave out.
    mutating func add(_ value: Double, times: Int = 1) {
        let parts = FloatParts(value)
        add(
            UInt128(parts.mantissa) &* UInt128(times), exponent: parts.exponent,
            isNegative: parts.isNegative)
    }

    /// Adds the product of two numbers `times` times.
    mutating func addProduct(_ left: Double, _ right: Double, times: Int = 1) {
        let (a, b) = (FloatParts(left), FloatParts(right))
        let product = UInt128(a.mantissa) &* UInt128(b.mantissa)
        let isNegative = a.isNegative != b.isNegative
        addMultiple(product, times: times, exponent: a.exponent + b.exponent, isNegative)
    }

    /// Adds an integer `times` times.
    mutating func add(_ value: Int64, times: Int) {
        add(UInt128(value.magnitude) &* UInt128(times), exponent: 0, isNegative: value < 0)
    }

    /// Adds an integer.
    mutating func add(_ value: Int128) {
        add(value.magnitude, exponent: 0, isNegative: value < 0)
    }

    /// Adds the square of an integer `times` times.
    mutating func addSquare(_ value: Int64, times: Int) {
        let square = UInt128(value.magnitude) &* UInt128(value.magnitude)
        addMultiple(square, times: times, exponent: 0, false)
    }

    /// Adds `times` times an integer of up to 126 bits, in two parts that do not overflow.
    private mutating func addMultiple(
        _ magnitude: UInt128, times: Int, exponent: Int, _ isNegative: Bool
    ) {
        guard times > 1 else { return add(magnitude, exponent: exponent, isNegative: isNegative) }
        let low = magnitude & ((1 << 64) - 1)
        add(low &* UInt128(times), exponent: exponent, isNegative: isNegative)
        add((magnitude >> 64) &* UInt128(times), exponent: exponent + 64, isNegative: isNegative)
    }

    /// Adds another sum.
    mutating func merge(_ other: ExactSum) {
        guard !other.digits.isEmpty else { return }
        var other = other
        other.carry()
        prepare(other.low..<(other.low + other.digits.count))
        carry()
        for index in other.digits.indices {
            digits[other.low - low + index] += other.digits[index]
        }
        carry()
    }

    /// The sum, correctly rounded; infinite beyond the range of doubles.
    var rounded: Double {
        let parts = scaled
        return Double(sign: .plus, exponent: parts.exponent, significand: parts.significand)
    }

    /// The sum, rounded, divided by a count: finite where no number was infinite, but for what is rounded
    /// beyond the largest double.
    func mean(of count: Int) -> Double {
        let parts = scaled
        return Double(
            sign: .plus, exponent: parts.exponent, significand: parts.significand / Double(count))
    }

    /// The sum as a number of 53 bits times a power of two, of any size.
    private var scaled: (significand: Double, exponent: Int) {
        let (isNegative, magnitude) = signed()
        guard let top = magnitude.lastIndex(where: { $0 != 0 }) else { return (0, 0) }
        // The four highest digits decide, and whether anything is below them.
        var window: UInt128 = 0
        for index in (top - 3)...top {
            let digit = index >= 0 ? UInt128(magnitude[index]) : 0
            window |= digit << UInt128(32 * (index - top + 3))
        }
        var isInexact = top > 3 && magnitude[..<(top - 3)].contains { $0 != 0 }
        let dropped = 64 - window.leadingZeroBitCount
        var word = UInt64(truncatingIfNeeded: window >> UInt128(dropped))
        if window & ((1 << UInt128(dropped)) - 1) != 0 { isInexact = true }
        if isInexact { word |= 1 }
        let significand = Double(word)
        return (
            isNegative ? -significand : significand,
            32 * (low + top - 3) + ExactSum.lowestExponent + dropped
        )
    }

    /// Makes room for the digits of these numbers.
    @inline(__always)
    private mutating func prepare(_ places: Range<Int>) {
        if places.lowerBound >= low, places.upperBound <= low &+ digits.count { return }
        extend(places)
    }

    private mutating func extend(_ places: Range<Int>) {
        precondition(places.lowerBound >= 0 && places.upperBound <= ExactSum.digitCount)
        if digits.isEmpty { low = places.lowerBound }
        if places.lowerBound < low {
            digits.insert(contentsOf: repeatElement(0, count: low - places.lowerBound), at: 0)
            low = places.lowerBound
        }
        let missing = places.upperBound - low - digits.count
        if missing > 0 { digits.append(contentsOf: repeatElement(0, count: missing)) }
    }

    /// Adds `magnitude * 2^exponent`.
    private mutating func add(_ magnitude: UInt128, exponent: Int, isNegative: Bool) {
        guard magnitude != 0 else { return }
        let place = exponent - ExactSum.lowestExponent
        let shift = UInt64(place & 31)
        // 128 bits and a shift touch five digits.
        prepare((place >> 5)..<((place >> 5) &+ 6))
        let first = (place >> 5) &- low
        // Unsafe: the digits are there, as was just seen to.
        unsafe digits.withUnsafeMutableBufferPointer { digits in
            var index = first
            var rest = magnitude
            var over: UInt64 = 0
            while rest != 0 || over != 0 {
                let part = (UInt64(truncatingIfNeeded: rest) & 0xffff_ffff) << shift | over
                let digit = Int64(truncatingIfNeeded: part & 0xffff_ffff)
                unsafe digits[index] &+= isNegative ? 0 &- digit : digit
                over = part >> 32
                rest >>= 32
                index &+= 1
            }
        }
        pending += 1
        if pending == 1 << 29 { carry() }
    }

    /// Passes carries on: then every digit but the highest is in 0 ..< 2^32, and that one, which has
    /// the sign, in -2^32 ..< 2^32.
    private mutating func carry() {
        pending = 0
        guard !digits.isEmpty else { return }
        for index in 0..<(digits.count - 1) { carry(to: index + 1) }
        while !(-1...0).contains(digits[digits.count - 1] >> 32),
            low + digits.count < ExactSum.digitCount
        {
            digits.append(0)
            carry(to: digits.count - 1)
        }
    }

    private mutating func carry(to index: Int) {
        let over = digits[index - 1] >> 32
        digits[index - 1] -= over << 32
        digits[index] += over
    }

    /// Sign and digits of the magnitude, from number `low` on.
    private func signed() -> (isNegative: Bool, digits: [UInt64]) {
        var sum = self
        sum.carry()
        let isNegative = (sum.digits.last ?? 0) < 0
        if isNegative {
            for index in sum.digits.indices { sum.digits[index] = -sum.digits[index] }
            sum.carry()
        }
        return (isNegative, sum.digits.map { UInt64($0) })
    }
}

extension ExactSum: Equatable {
    static func == (left: ExactSum, right: ExactSum) -> Bool {
        left.canonicalDigits() == right.canonicalDigits()
    }
}

extension ExactSum {
    /// The standard deviation of `count` numbers, of which these are the sum and the sum of squares: over
    /// `divisor`, which is at least 1. Nil beyond the range of doubles.
    ///
    /// Nothing cancels: the squares are moved exactly to where the mean is, which is known as two
    /// doubles, and rounded only there.
    static func standardDeviation(
        sum: ExactSum, squares: ExactSum, count: Int, divisor: Int
    ) -> Double? {
        var (offset, total) = (sum, squares)
        for _ in 0..<2 {
            let mean = offset.rounded / Double(count)
            guard mean.isFinite else { return nil }
            shift(&offset, &total, count: count, by: mean)
        }
        let (significand, exponent) = total.evenlyScaled
        guard significand > 0 else { return 0 }
        let root = (significand / Double(divisor)).squareRoot()
        let result = Double(sign: .plus, exponent: exponent / 2, significand: root)
        return result.isFinite ? result : nil
    }

    /// Makes the sums of `x` and `x^2` those of `x - center` and its square, exactly.
    static func shift(
        _ sum: inout ExactSum, _ squares: inout ExactSum, count: Int, by center: Double
    ) {
        shift(product: &squares, of: sum, sum, count: count, by: center, center)
        let parts = FloatParts(center)
        sum.add(
            UInt128(parts.mantissa) * UInt128(count), exponent: parts.exponent,
            isNegative: !parts.isNegative)
    }

    /// Makes the sum of `x y` that of `(x - a)(y - b)`, exactly; the sums of `x` and of `y` are as they
    /// were before.
    static func shift(
        product: inout ExactSum, of x: ExactSum, _ y: ExactSum, count: Int, by a: Double,
        _ b: Double
    ) {
        let (parts, others) = (FloatParts(a), FloatParts(b))
        product.subtract(y, times: parts)
        product.subtract(x, times: others)
        let square = UInt128(parts.mantissa) * UInt128(others.mantissa)
        let exponent = parts.exponent + others.exponent
        let isNegative = parts.isNegative != others.isNegative
        product.add(
            (square >> 53) * UInt128(count), exponent: exponent + 53, isNegative: isNegative)
        product.add(
            (square & ((1 << 53) - 1)) * UInt128(count), exponent: exponent, isNegative: isNegative)
    }

    /// Takes off a sum of numbers times one.
    private mutating func subtract(_ sum: ExactSum, times parts: FloatParts) {
        let (isNegative, digits) = sum.signed()
        for (index, digit) in digits.enumerated() where digit != 0 {
            add(
                UInt128(digit) * UInt128(parts.mantissa),
                exponent: 32 * (sum.low + index) + ExactSum.lowestExponent + parts.exponent,
                isNegative: isNegative == parts.isNegative)
        }
    }

    /// The sum as a number times a power of two whose exponent is even.
    var evenlyScaled: (significand: Double, exponent: Int) {
        let (significand, exponent) = scaled
        return exponent & 1 == 0 ? (significand, exponent) : (significand * 2, exponent - 1)
    }
}

/// A finite number as an integer times a power of two.
private struct FloatParts {
    let mantissa: UInt64
    let exponent: Int
    let isNegative: Bool

    init(_ value: Double) {
        let field = Int(value.exponentBitPattern)
        mantissa = value.significandBitPattern | (field == 0 ? 0 : 1 << 52)
        exponent = max(field, 1) - 1075
        isNegative = value.sign == .minus
    }
}

extension ExactSum {
    /// The sum in one way only: the number of its lowest digit that is not zero, and the digits from
    /// there up to the highest one, of which the last is signed.
    func canonicalDigits() -> (lowest: Int, digits: [Int64]) {
        var sum = self
        sum.carry()
        // A negative sum has ones all the way up: the sign of one more digit tells them.
        if let top = sum.digits.last, top < -1 {
            sum.digits.append(0)
            sum.carry(to: sum.digits.count - 1)
        }
        while let top = sum.digits.last, sum.digits.count > 1 {
            let next = sum.digits.count - 2
            if top == -1, sum.digits[next] == ExactSum.base - 1 {
                sum.digits[next] = -1
            } else if top != 0 {
                break
            }
            sum.digits.removeLast()
        }
        guard let first = sum.digits.firstIndex(where: { $0 != 0 }) else { return (0, []) }
        return (sum.low + first, Array(sum.digits[first...]))
    }

    /// The sum of those digits; nil where there cannot be so many.
    init?(lowest: Int, digits: [Int64]) {
        guard lowest >= 0, lowest + digits.count <= ExactSum.digitCount else { return nil }
        guard digits.allSatisfy({ $0.magnitude <= ExactSum.base.magnitude }) else { return nil }
        self.digits = digits
        low = lowest
    }
}

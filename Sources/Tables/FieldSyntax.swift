import Vocabulary

/// What the text of a field means: the one place that knows how values and nulls are written.
// Unsafe throughout: fields are views that the callers keep valid, read within 0..<count only.
package enum FieldSyntax {
    /// Whether the text stands for no value: empty, `NA`, `N/A`, `NaN`, `nan`, `null`, `NULL`.
    @inline(__always)
    package static func isNull(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
        if field.count > 4 { return false }
        return unsafe isShortNull(field)
    }

    private static func isShortNull(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
        var word: UInt32 = 0
        for index in 0..<field.count { word = unsafe word << 8 | UInt32(field[index]) }
        switch (field.count, word) {
        case (0, _), (2, 0x4e41), (3, 0x4e2f41), (3, 0x4e614e), (3, 0x6e616e): return true
        case (4, 0x6e75_6c6c), (4, 0x4e55_4c4c): return true
        default: return false
        }
    }

    /// The truth value, or nil: `true`, `True`, `TRUE` and the same of `false`.
    @inline(__always)
    package static func bool(_ field: UnsafeBufferPointer<UInt8>) -> Bool? {
        guard field.count == 4 || field.count == 5 else { return nil }
        return unsafe shortBool(field)
    }

    private static func shortBool(_ field: UnsafeBufferPointer<UInt8>) -> Bool? {
        var word: UInt64 = 0
        for index in 0..<field.count { word = unsafe word << 8 | UInt64(field[index]) }
        switch (field.count, word) {
        case (4, 0x7472_7565), (4, 0x5472_7565), (4, 0x5452_5545): return true
        case (5, 0x66_616c_7365), (5, 0x46_616c_7365), (5, 0x46_414c_5345): return false
        default: return nil
        }
    }

    /// The integer: `0`, or digits that do not start with 0, with `-` before them or not. So an
    /// integer's text is what printing it gives, and codes like `00501` are text.
    @inline(__always)
    package static func int(_ field: UnsafeBufferPointer<UInt8>) -> Int64? {
        var index = 0
        let count = field.count
        guard count > 0, count < 20 else { return unsafe count == 20 ? longInt(field) : nil }
        let isNegative = unsafe field[0] == 0x2d
        if isNegative { index = 1 }
        guard index < count else { return nil }
        let first = unsafe field[index] &- 0x30
        if first == 0 { return count == 1 ? 0 : nil }
        if count &- index == 19 { return unsafe longInt(field) }
        var value: Int64 = 0
        while index < count {
            let digit = unsafe field[index] &- 0x30
            if digit > 9 { return nil }
            value = value &* 10 &+ Int64(digit)
            index &+= 1
        }
        return isNegative ? 0 &- value : value
    }

    /// Integers of 19 digits, which may not fit.
    private static func longInt(_ field: UnsafeBufferPointer<UInt8>) -> Int64? {
        let isNegative = unsafe field[0] == 0x2d
        let digits = unsafe field[(isNegative ? 1 : 0)...]
        guard unsafe digits.count == 19, unsafe digits.first != 0x30 else { return nil }
        var value: Int64 = 0
        for index in unsafe digits.startIndex..<digits.endIndex {
            let digit = unsafe digits[index] &- 0x30
            if digit > 9 { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) =
                isNegative
                ? tenfold.subtractingReportingOverflow(Int64(digit))
                : tenfold.addingReportingOverflow(Int64(digit))
            if overflow || overflowToo { return nil }
            value = sum
        }
        return value
    }

    /// The number, correctly rounded, or nil. Integers are numbers too; `+5` and `007.5` are not.
    package static func float(_ field: UnsafeBufferPointer<UInt8>) -> Double? {
        guard let shape = unsafe FloatShape(field) else { return unsafe infinity(field) }
        if let value = shape.exactValue { return value }
        return unsafe Double(String(decoding: field, as: UTF8.self))
    }

    /// Whether `float` would find a number; cheaper.
    @inline(__always)
    package static func isFloat(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe FloatShape(field) != nil || infinity(field) != nil
    }

    @inline(__always)
    private static func infinity(_ field: UnsafeBufferPointer<UInt8>) -> Double? {
        guard field.count >= 3, field.count <= 9, unsafe field[field.count - 1] | 0x1f == 0x7f
        else { return nil }
        return unsafe spelledInfinity(field)
    }

    private static func spelledInfinity(_ field: UnsafeBufferPointer<UInt8>) -> Double? {
        let isNegative = unsafe field[0] == 0x2d
        let rest = unsafe field[(isNegative ? 1 : 0)...]
        guard unsafe rest.elementsEqual("inf".utf8) || rest.elementsEqual("Infinity".utf8) else {
            return nil
        }
        return isNegative ? -.infinity : .infinity
    }

    static func float(of bytes: [UInt8]) -> Double? {
        unsafe bytes.withUnsafeBufferPointer { unsafe float($0) }
    }
}

/// The parts of a decimal number.
struct FloatShape {
    private var mantissa: UInt64 = 0
    private var digits = 0
    private var exponent = 0
    private var isNegative = false

    /// Nil when the text is not a decimal number.
    // Unsafe: as in `FieldSyntax`.
    @inline(__always)
    init?(_ field: UnsafeBufferPointer<UInt8>) {
        let count = field.count
        guard count > 0 else { return nil }
        var index = 0
        if unsafe field[0] == 0x2d {
            isNegative = true
            index = 1
        }
        let start = index
        while index < count, case let digit = unsafe field[index] &- 0x30, digit <= 9 {
            mantissa = mantissa &* 10 &+ UInt64(digit)
            index &+= 1
        }
        digits = index &- start
        if digits > 1, unsafe field[start] == 0x30 { return nil }
        if index < count, unsafe field[index] == 0x2e {
            index &+= 1
            let fraction = index
            while index < count, case let digit = unsafe field[index] &- 0x30, digit <= 9 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                index &+= 1
            }
            exponent = fraction &- index
            digits &-= exponent
        }
        guard digits > 0 else { return nil }
        if index < count, unsafe !readExponent(field, from: index) { return nil }
    }

    private mutating func readExponent(
        _ field: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Bool {
        var index = start
        guard unsafe field[index] | 0x20 == 0x65 else { return false }
        index += 1
        var isBelow = false
        if index < field.count, unsafe field[index] == 0x2d || field[index] == 0x2b {
            isBelow = unsafe field[index] == 0x2d
            index += 1
        }
        guard index < field.count else { return false }
        var value = 0
        while index < field.count {
            let digit = unsafe field[index] &- 0x30
            if digit > 9 { return false }
            value = min(value * 10 + Int(digit), 100_000)
            index += 1
        }
        exponent += isBelow ? -value : value
        return true
    }

    /// The value where one multiplication or division of exact numbers gives it: then it is
    /// correctly rounded (Clinger's fast path). Powers of ten up to 22 are exact.
    @inline(__always)
    var exactValue: Double? {
        guard digits <= 19, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 else { return nil }
        let whole = Double(mantissa)
        let value =
            exponent < 0
            ? whole / FloatShape.power(-exponent) : whole * FloatShape.power(exponent)
        return isNegative ? -value : value
    }

    private static func power(_ exponent: Int) -> Double { powers[exponent] }

    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}

/// A number of bytes, printed for people in powers of 1000: `0 B`, `312 kB`, `31.1 MB`, `1.07 GB`.
package struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number.
    package let bytes: Int

    /// That many bytes.
    package init(_ bytes: Int) { self.bytes = bytes }

    /// Reads a whole number of bytes, with a unit or without: `500`, `64kB`, `10 MB`, `1GiB`. Units
    /// with an `i` are powers of 1024, others of 1000; case counts for nothing. Nil for anything else.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text[digits.endIndex...].drop { $0 == " " }
        var unit = Substring(rest.lowercased())
        if unit.hasSuffix("b") { unit.removeLast() }
        let step = unit.hasSuffix("i") ? 1024 : 1000
        if step == 1024 { unit.removeLast() }
        let powers: [Substring: Int] = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4]
        guard let number = Int(digits), let power = powers[unit], step == 1000 || power > 0 else {
            return nil
        }
        var value = number
        for _ in 0..<power {
            let (product, overflows) = value.multipliedReportingOverflow(by: step)
            guard !overflows else { return nil }
            value = product
        }
        bytes = value
    }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    /// Three significant digits and a unit.
    package var description: String {
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        guard bytes >= 1000 else { return "\(bytes) B" }
        var unit = 0
        var divisor = 1000
        while unit + 1 < units.count, bytes / divisor >= 1000 {
            divisor *= 1000
            unit += 1
        }
        if bytes / divisor >= 999, unit + 1 < units.count, rounded(1, divisor) >= 1000 {
            divisor *= 1000
            unit += 1
        }
        let whole = rounded(100, divisor)
        if whole >= 9_995 { return "\(rounded(1, divisor)) \(units[unit])" }
        if whole >= 1000 {
            let tenths = rounded(10, divisor)
            return "\(tenths / 10).\(tenths % 10) \(units[unit])"
        }
        return "\(whole / 100).\(whole / 10 % 10)\(whole % 10) \(units[unit])"
    }

    /// `bytes * scale / divisor`, rounded half up, in integers: no float formatting is involved.
    private func rounded(_ scale: Int, _ divisor: Int) -> Int {
        let product = bytes.multipliedFullWidth(by: scale)
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        return quotient + (remainder >= divisor - remainder ? 1 : 0)
    }
}

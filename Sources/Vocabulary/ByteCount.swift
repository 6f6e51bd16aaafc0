/// A number of bytes, printed for people in powers of 1000: `0 B`, `312 kB`, `31.1 MB`, `1.07 GB`.
package struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number.
    package let bytes: Int

    /// That many bytes.
    package init(_ bytes: Int) { self.bytes = bytes }

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

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
        let whole = bytes / divisor
        let digits = whole >= 100 ? 0 : whole >= 10 ? 1 : 2
        let scale = [1, 10, 100][digits]
        let (quotient, remainder) = bytes.quotientAndRemainder(dividingBy: divisor)
        // Rounded half up in integers, so that no float formatting is involved.
        let scaled = quotient * scale + (remainder / 1000 * scale + divisor / 2000) / (divisor / 1000)
        if digits == 0 { return "\(scaled) \(units[unit])" }
        let fraction = String(scaled % scale)
        let padded = String(repeating: "0", count: digits - fraction.count) + fraction
        return "\(scaled / scale).\(padded) \(units[unit])"
    }
}

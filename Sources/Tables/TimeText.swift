import Vocabulary

/// Numbers, days and times as the texts that stand for them in tables.
extension [UInt8] {
    /// Appends a number with so many digits at least.
    mutating func append(decimal value: UInt64, digits: Int) {
        // Unsafe: the room lives for the call, and is filled from its end.
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { room in
            var start = 20
            var rest = value
            while rest > 0 || start > 20 - digits {
                start -= 1
                unsafe room[start] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            unsafe append(contentsOf: UnsafeBufferPointer(rebasing: room[start...]))
        }
    }

    /// Appends a day since 1970.
    mutating func append(day: Int64) {
        // Beyond some million years there is no calendar; no program writes such days.
        let date = Timestamp.civil(
            daysSinceEpoch: Int(Swift.max(-400_000_000, Swift.min(400_000_000, day))))
        if date.year < 0 { append(0x2d) }
        append(decimal: UInt64(date.year.magnitude), digits: 4)
        append(0x2d)
        append(decimal: UInt64(date.month), digits: 2)
        append(0x2d)
        append(decimal: UInt64(date.day), digits: 2)
    }

    /// Appends a moment since 1970 in so many of a second.
    mutating func append(moment value: Int64, units: Int64) {
        let (day, rest) = dividedDown(value, by: 86_400 * units)
        append(day: day)
        append(UInt8(ascii: "T"))
        append(clock: rest, units: units)
    }

    /// Appends a time of day; a fraction only where there is one, without zeros at its end.
    mutating func append(clock value: Int64, units: Int64) {
        let (seconds, rest) = dividedDown(value, by: units)
        append(decimal: (seconds / 3600).magnitude, digits: 2)
        append(0x3a)
        append(decimal: (seconds / 60 % 60).magnitude, digits: 2)
        append(0x3a)
        append(decimal: (seconds % 60).magnitude, digits: 2)
        guard rest > 0 else { return }
        append(0x2e)
        append(decimal: UInt64(rest * (1_000_000_000 / units)), digits: 9)
        while last == 0x30 { removeLast() }
    }
}

/// Rounded down, and what is left.
func dividedDown(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

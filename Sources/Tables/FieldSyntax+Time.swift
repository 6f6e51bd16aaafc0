import Vocabulary

// Unsafe throughout: fields are views that the callers keep valid, read within 0..<count only.
extension FieldSyntax {
    /// The day, `2013-01-31`, as days since 1970-01-01, or nil.
    package static func date(_ field: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard field.count == 10 else { return nil }
        return unsafe day(field)
    }

    /// The moment in microseconds since 1970-01-01T00:00:00Z, or nil.
    ///
    /// A day, `T` or a space, hours and minutes; then seconds or not, a fraction of 1 to 9 digits
    /// or not (digits beyond the sixth are dropped), and `Z`, `+01:00`, `+0100` or nothing, which
    /// means UTC.
    package static func timestamp(_ field: UnsafeBufferPointer<UInt8>) -> Int64? {
        let count = field.count
        guard count >= 16, count <= 35, let days = unsafe day(field) else { return nil }
        guard unsafe field[10] == 0x54 || field[10] == 0x20, unsafe field[13] == 0x3a,
            let hour = unsafe twoDigits(field, 11, below: 24),
            let minute = unsafe twoDigits(field, 14, below: 60)
        else { return nil }
        var index = 16
        var micros = ((days * 24 + hour) * 60 + minute) * 60_000_000
        if count >= 19, unsafe field[16] == 0x3a {
            guard let second = unsafe twoDigits(field, 17, below: 60) else { return nil }
            micros += second * 1_000_000
            index = 19
            if count > 19, unsafe field[19] == 0x2e {
                guard let fraction = unsafe fraction(field, &index) else { return nil }
                micros += fraction
            }
        }
        guard let offset = unsafe zone(field, index) else { return nil }
        return micros - offset * 60_000_000
    }

    /// The day in the first ten bytes, which are there.
    @inline(__always)
    private static func day(_ field: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard unsafe field[4] == 0x2d, unsafe field[7] == 0x2d,
            let century = unsafe twoDigits(field, 0, below: 100),
            let yearOfCentury = unsafe twoDigits(field, 2, below: 100),
            let month = unsafe twoDigits(field, 5, below: 13), month > 0,
            let day = unsafe twoDigits(field, 8, below: 32), day > 0
        else { return nil }
        let year = Int(century * 100 + yearOfCentury)
        if day > 28, Int(day) > daysInMonth(Int(month), year: year) { return nil }
        return Int64(Timestamp.days(year: year, month: Int(month), day: Int(day)))
    }

    private static func daysInMonth(_ month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    @inline(__always)
    private static func twoDigits(
        _ field: UnsafeBufferPointer<UInt8>, _ index: Int, below limit: Int64
    ) -> Int64? {
        let tens = unsafe field[index] &- 0x30
        let ones = unsafe field[index &+ 1] &- 0x30
        guard tens <= 9, ones <= 9 else { return nil }
        let value = Int64(tens) &* 10 &+ Int64(ones)
        return value < limit ? value : nil
    }

    /// The microseconds behind the point at `index`, which moves behind the digits.
    private static func fraction(
        _ field: UnsafeBufferPointer<UInt8>, _ index: inout Int
    ) -> Int64? {
        var value: Int64 = 0
        var digits = 0
        index += 1
        while index < field.count, case let digit = unsafe field[index] &- 0x30, digit <= 9 {
            if digits < 6 { value = value * 10 + Int64(digit) }
            digits += 1
            index += 1
        }
        guard digits >= 1, digits <= 9 else { return nil }
        for _ in min(digits, 6)..<6 { value *= 10 }
        return value
    }

    /// The zone's distance from UTC in minutes; nil when the rest of the text is no zone.
    private static func zone(_ field: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int64? {
        let rest = field.count - index
        if rest == 0 { return 0 }
        if rest == 1 { return unsafe field[index] == 0x5a ? 0 : nil }
        let sign = unsafe field[index]
        guard sign == 0x2b || sign == 0x2d, rest == 6 || rest == 5,
            unsafe rest == 5 || field[index + 3] == 0x3a,
            let hours = unsafe twoDigits(field, index + 1, below: 24),
            let minutes = unsafe twoDigits(field, field.count - 2, below: 60)
        else { return nil }
        return (sign == 0x2d ? -1 : 1) * (hours * 60 + minutes)
    }
}

/// What a text looks like, judged by its letters alone.
package enum TextShape: String, Sendable, Hashable, CaseIterable {
    /// `ada@example.com`: may name a person.
    case email
    /// `+44 20 7946 0958`: may lead to a person.
    case phone
    /// `01/02/2026`, `1.2.26`: a day whose order of day and month nobody can tell.
    case dayOrMonthFirst
    /// `123e4567-e89b-12d3-a456-426614174000`.
    case uuid
    /// `https://…`.
    case url
    /// Only digits, with a zero in front or too many of them for a number.
    case digits

    /// Whether such a text may tell who somebody is.
    package var mayBePersonal: Bool { self == .email || self == .phone }

    /// Its place in the order of declaration.
    var place: Int { TextShape.allCases.firstIndex(of: self) ?? 0 }

    /// The shape of `text`, or nil for none of these.
    // Unsafe: reads within 0..<count of the view.
    package init?(_ text: UnsafeBufferPointer<UInt8>) {
        if unsafe TextShape.isDigits(text) {
            self = .digits
            return
        }
        guard (6...254).contains(text.count) else { return nil }
        if unsafe TextShape.isUUID(text) {
            self = .uuid
        } else if unsafe text[0] == 0x68,
            unsafe text.starts(with: "https://".utf8) || text.starts(with: "http://".utf8)
        {
            self = .url
        } else if unsafe TextShape.isEmail(text) {
            self = .email
        } else if unsafe TextShape.isDay(text) {
            self = .dayOrMonthFirst
        } else if unsafe TextShape.isPhone(text) {
            self = .phone
        } else {
            return nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isDigits(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe !text.isEmpty && isDigit(text[0]) && text.allSatisfy(isDigit)
    }

    private static func isUUID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == 36 else { return false }
        return text.indices.allSatisfy { index in
            let byte = unsafe text[index]
            if [8, 13, 18, 23].contains(index) { return byte == 0x2d }
            return isDigit(byte) || (0x61...0x66).contains(byte | 0x20)
        }
    }

    /// One `@` with something before it, a dot with something on both sides behind it, no space.
    private static func isEmail(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let sign = unsafe text.firstIndex(of: 0x40), sign > 0 else { return false }
        let domain = unsafe text[(sign + 1)...]
        guard unsafe !domain.contains(0x40), let dot = unsafe domain.lastIndex(of: 0x2e),
            dot > sign + 1, dot < text.count - 1
        else { return false }
        return unsafe !text.contains { $0 <= 0x20 || $0 == 0x2c || $0 == 0x3b }
    }

    /// Three runs of digits of 1 to 4, with the same `/` or `.` between them.
    private static func isDay(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count <= 10, unsafe isDigit(text[0]),
            let mark = unsafe text.first(where: { !isDigit($0) }),
            mark == 0x2f || mark == 0x2e
        else { return false }
        let parts = unsafe text.split(separator: mark, omittingEmptySubsequences: false)
        guard unsafe parts.count == 3 else { return false }
        let lengths = unsafe parts.map(\.count)
        let years = lengths[2]
        guard unsafe parts.allSatisfy({ unsafe $0.allSatisfy(isDigit) }) else { return false }
        return (1...2).contains(lengths[0]) && (1...2).contains(lengths[1])
            && (years == 2 || years == 4)
    }

    /// A `+`, then 8 to 15 digits with spaces, hyphens or brackets among them.
    private static func isPhone(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard unsafe text[0] == 0x2b else { return false }
        var digits = 0
        for index in 1..<text.count {
            let byte = unsafe text[index]
            if isDigit(byte) {
                digits += 1
            } else if ![0x20, 0x28, 0x29, 0x2d].contains(byte) {
                return false
            }
        }
        return (8...15).contains(digits)
    }
}

/// Looks for what the TOML parser would stop the process for instead of refusing it: a table header
/// (`[name]`) that starts with no character of a name, a date with a `T` behind it and no time,
/// what may be one with a blank and a single digit behind it, and a list that is closed as a table.
///
/// Follows strings and lists as far as it takes to tell these from the inside of a value. The parser
/// refuses everything behind the first mistake, so only what stands before one has to be followed.
struct TOMLPitfalls {
    /// What is wrong, and in which line, from 1.
    struct Pitfall: Equatable {
        let line: Int
        let reason: String
    }

    private let bytes: [UInt8]
    private var offset = 0
    /// The brackets that are open.
    private var open: [UInt8] = []
    /// Where the `=` of the pair is that this stands in; nil in its key.
    private var equals: Int?
    private var found: (offset: Int, reason: String)?

    /// The first pitfall in `bytes`; nil where there is none.
    static func first(in bytes: [UInt8]) -> Pitfall? {
        var pitfalls = TOMLPitfalls(bytes: bytes)
        return pitfalls.find().map { end, reason in
            Pitfall(line: 1 + bytes[..<end].count { $0 == 0x0a }, reason: reason)
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func find() -> (offset: Int, reason: String)? {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { offset = 3 }
        while offset < bytes.count {
            if open.isEmpty, let place = headerWithoutName() {
                return (place, "the header of a table names none")
            }
            passLine()
            if let found { return found }
        }
        return nil
    }

    /// At the start of a line: the place of a header's bad name, if this is one.
    private mutating func headerWithoutName() -> Int? {
        passBlanks()
        guard byte == UInt8(ascii: "[") else { return nil }
        var place = blanksPassed(from: offset + 1)
        if place < bytes.count, bytes[place] == UInt8(ascii: "[") {
            place = blanksPassed(from: place + 1)
        }
        guard place < bytes.count else { return nil }
        return TOMLPitfalls.isNameStart(bytes[place]) ? nil : place
    }

    private func blanksPassed(from start: Int) -> Int {
        var place = start
        while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x09 { place += 1 }
        return place
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func passBlanks() { offset = blanksPassed(from: offset) }

    /// Goes behind the next line end that is outside of strings.
    private mutating func passLine() {
        while let byte {
            switch byte {
            case 0x0a:
                if open.last != UInt8(ascii: "[") { equals = nil }
                offset += 1
                return
            case UInt8(ascii: "="):
                equals = equals ?? offset
                offset += 1
            case UInt8(ascii: ","):
                if open.last == UInt8(ascii: "{") { equals = nil }
                offset += 1
            case UInt8(ascii: "#"):
                while let byte = self.byte, byte != 0x0a { offset += 1 }
            case UInt8(ascii: "\""), UInt8(ascii: "'"): passString(byte)
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                open.append(byte)
                if byte == UInt8(ascii: "{") { equals = nil }
                offset += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                // Opening ones stand two before those that close.
                if let opening = open.popLast(), opening + 2 != byte {
                    note("what one sort of bracket opens, another closes")
                }
                equals = equals ?? offset
                offset += 1
            case UInt8(ascii: "T"), UInt8(ascii: "t"):
                if isBehindDate, !isTimeNext { note(TOMLPitfalls.untimed) }
                offset += 1
            case 0x20:
                if isTimeNext, !isDigit(at: offset + 2), isBehindHyphens {
                    note(TOMLPitfalls.untimed)
                }
                offset += 1
            default: offset += 1
            }
        }
    }

    private static let untimed = "there is no time behind a date"

    private mutating func note(_ reason: String) { found = found ?? (offset, reason) }

    /// Whether `0000-00-00` stands before this byte.
    private var isBehindDate: Bool {
        guard offset >= 10 else { return false }
        return bytes[(offset - 10)..<offset].enumerated().allSatisfy { index, byte in
            index == 4 || index == 7 ? byte == UInt8(ascii: "-") : TOMLPitfalls.isDigit(byte)
        }
    }

    /// Whether the word before this byte is a value with a `-`: for the parser that may be a date,
    /// whatever else is in it. No such word has a digit by itself behind it in what is right.
    private var isBehindHyphens: Bool {
        var start = offset
        while start > 0, !" \t\r\n,]}#".utf8.contains(bytes[start - 1]) { start -= 1 }
        if open.last != UInt8(ascii: "[") {
            guard let equals else { return false }
            start = max(start, equals + 1)
        }
        return start < offset && bytes[start..<offset].contains(UInt8(ascii: "-"))
    }

    private var isTimeNext: Bool { isDigit(at: offset + 1) }

    private func isDigit(at place: Int) -> Bool {
        place < bytes.count && TOMLPitfalls.isDigit(bytes[place])
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Goes behind the string that `quote` opens; of one line, or of several behind three quotes.
    private mutating func passString(_ quote: UInt8) {
        let isLong = bytes[offset...].starts(with: [quote, quote, quote])
        offset += isLong ? 3 : 1
        while let byte {
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                offset += 2
            } else if byte == quote, !isLong {
                offset += 1
                return
            } else if byte == quote, bytes[offset...].starts(with: [quote, quote, quote]) {
                // Up to two more quotes are the string's last characters.
                while self.byte == quote { offset += 1 }
                return
            } else if byte == 0x0a, !isLong {
                return
            } else {
                offset += 1
            }
        }
    }
}

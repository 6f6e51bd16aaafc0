import Vocabulary

/// `${a.b}` or `${a[0]}` in a stage file: the value of a parameter.
///
/// A brace ends an unquoted YAML text inside `{…}` and `[…]`, so placeholders are hidden from the
/// YAML parser: their braces become two characters of Unicode's private use area, one character
/// each, so that every line and column of an error stays right.
enum ParameterPlaceholder {
    /// A part of a text.
    enum Piece: Equatable {
        /// As it stands.
        case text(String)
        /// `${key}`.
        case parameter(String)
    }

    private static let opening: Unicode.Scalar = "\u{E000}"
    private static let closing: Unicode.Scalar = "\u{E001}"

    /// The same bytes with the braces of every placeholder hidden; refuses bytes that hold the
    /// two private characters already.
    static func hide(in bytes: [UInt8]) throws(DecodeError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if isPrivate(bytes, at: index) {
                throw DecodeError(at: index, "a character of the private use area")
            }
            if let end = placeholderEnd(in: bytes, from: index) {
                result.append(0x24)
                result += Array(String(opening).utf8)
                result += bytes[(index + 2)..<end]
                result += Array(String(closing).utf8)
                index = end + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    /// A placeholder as `hide` leaves it.
    static func hidden(_ key: String) -> String { "$\(opening)\(key)\(closing)" }

    /// The parts of a text that went through `hide`. `\${a}` is the plain text `${a}`, for the
    /// shell's own variables.
    static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var plain = ""
        var key: String?
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if scalar == opening {
                plain.unicodeScalars.removeLast()
                isEscaped = plain.hasSuffix("\\")
                if isEscaped { plain.unicodeScalars.removeLast() }
                key = ""
            } else if scalar == closing, let name = key {
                key = nil
                if isEscaped {
                    plain += "${\(name)}"
                } else {
                    if !plain.isEmpty { pieces.append(.text(plain)) }
                    plain = ""
                    pieces.append(.parameter(normal(name)))
                }
            } else if key != nil {
                key?.unicodeScalars.append(scalar)
            } else {
                plain.unicodeScalars.append(scalar)
            }
        }
        if !plain.isEmpty || pieces.isEmpty { pieces.append(.text(plain)) }
        return pieces
    }

    /// The offset of the brace that closes the placeholder at `start`, or nil if there is none.
    private static func placeholderEnd(in bytes: [UInt8], from start: Int) -> Int? {
        guard start + 3 < bytes.count, bytes[start] == 0x24, bytes[start + 1] == 0x7b,
            isNameStart(bytes[start + 2])
        else { return nil }
        var index = start + 3
        while index < bytes.count {
            if isNameByte(bytes[index]) {
                index += 1
            } else if let end = positionEnd(in: bytes, from: index) {
                index = end
            } else {
                break
            }
        }
        return index < bytes.count && bytes[index] == 0x7d ? index : nil
    }

    /// The offset behind `[12]`, or nil if there is no such thing at `start`.
    private static func positionEnd(in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes[start] == 0x5b else { return nil }
        var index = start + 1
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        guard index > start + 1, index < bytes.count, bytes[index] == 0x5d else { return nil }
        return index + 1
    }

    /// `a[0].b` as the dotted key `a.0.b`.
    private static func normal(_ key: String) -> String {
        key.contains("[") ? key.replacing("[", with: ".").replacing("]", with: "") : key
    }

    private static func isPrivate(_ bytes: [UInt8], at index: Int) -> Bool {
        index + 2 < bytes.count && bytes[index] == 0xee && bytes[index + 1] == 0x80
            && (bytes[index + 2] == 0x80 || bytes[index + 2] == 0x81)
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isNameStart(byte) || (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x2e
    }
}

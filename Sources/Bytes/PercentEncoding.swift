/// Bytes in the text of a URL (RFC 3986), and back.
package enum PercentEncoding {
    /// Letters, digits, `-`, `.`, `_`, `~` and the bytes of `kept` stand for themselves, all else
    /// is `%` and two upper-case digits.
    package static func encode(_ bytes: some Sequence<UInt8>, keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: result.append(byte)
            case _ where kept.utf8.contains(byte): result.append(byte)
            default: result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes that the text stands for; nil when a `%` is not followed by two digits.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let characters = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < characters.count {
            guard characters[index] == 0x25 else {
                result.append(characters[index])
                index += 1
                continue
            }
            guard index + 2 < characters.count,
                let byte = Hex.decode(
                    String(decoding: characters[(index + 1)...(index + 2)], as: UTF8.self))?.first
            else { return nil }
            result.append(byte)
            index += 3
        }
        return result
    }
}

/// Text of two or four bytes a character, as spreadsheets write it that are asked for "Unicode". It is
/// refused, by its name: else one would be told of a NUL byte.
enum WideText: String {
    // As iconv calls them; without an end the byte order mark tells which.
    case utf16 = "UTF-16"
    case utf16LittleEndian = "UTF-16LE"
    case utf16BigEndian = "UTF-16BE"
    case utf32 = "UTF-32"

    /// How many first bytes tell it.
    static let tellingBytes = 64

    /// What text begins with these bytes; nil for none of these. No UTF-8 text without a NUL is taken for
    /// one.
    init?(firstBytes: some Collection<UInt8>) {
        let bytes = Array(firstBytes.prefix(WideText.tellingBytes))
        if bytes.starts(with: [0xff, 0xfe, 0, 0]) || bytes.starts(with: [0, 0, 0xfe, 0xff]) {
            self = .utf32
        } else if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            self = .utf16
        } else if WideText.hasZeros(in: bytes, at: 1) {
            self = .utf16LittleEndian
        } else if WideText.hasZeros(in: bytes, at: 0) {
            self = .utf16BigEndian
        } else {
            return nil
        }
    }

    /// Whether in pairs of bytes only those at `place` are zero, and a quarter of these at least: delimiters,
    /// line ends and digits are, in any language.
    private static func hasZeros(in bytes: [UInt8], at place: Int) -> Bool {
        let zeros = bytes.indices.filter { bytes[$0] == 0 }
        return zeros.count >= 2 && zeros.allSatisfy { $0 % 2 == place }
            && 8 * zeros.count >= bytes.count
    }
}

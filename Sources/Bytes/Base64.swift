/// Bytes as text in the alphabet of RFC 4648, with padding.
package enum Base64 {
    /// Four characters for each three bytes begun.
    package static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let padded = group + [0, 0]
            let word = Int(padded[0]) << 16 | Int(padded[1]) << 8 | Int(padded[2])
            for index in 0..<4 {
                text.append(
                    index <= group.count ? alphabet[word >> (18 - 6 * index) & 63] : 0x3d)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The shortest text that reads back as `value`, laid out as ECMAScript's `Number::toString` does
/// (RFC 8785, section 3.2.2.3): the only way this program writes a float into data.
///
/// The digits are those of the standard library, which are the shortest that round-trip, nearest
/// to the value; only the layout differs. NaN and infinities have no JSON text and are written as
/// `NaN`, `Infinity`, `-Infinity`: callers that write JSON never hold them.
package func shortestText(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    if value == 0 { return "0" }
    return layOut(value.magnitude.description, isNegative: value < 0)
}

/// The same for a float of 32 bits: the shortest text that reads back as that.
package func shortestText(_ value: Float) -> String {
    guard value.isFinite, value != 0 else { return shortestText(Double(value)) }
    return layOut(value.magnitude.description, isNegative: value < 0)
}

/// Lays out the digits of a positive decimal text.
private func layOut(_ text: String, isNegative: Bool) -> String {
    // Most have no exponent: then only the standard library's '.0' is too much.
    if !text.utf8.contains(UInt8(ascii: "e")) {
        let plain = text.hasSuffix(".0") ? text.dropLast(2) : text[...]
        return isNegative ? "-" + plain : String(plain)
    }
    let (digits, exponent) = decimalParts(text)
    return (isNegative ? "-" : "") + layOut(digits: digits, pointAfter: exponent)
}

/// The significant digits of a positive decimal text without leading or trailing zeros, and how
/// many of them stand before the decimal point (which may be negative or beyond their count).
private func decimalParts(_ text: String) -> (digits: [UInt8], pointAfter: Int) {
    var digits: [UInt8] = []
    var pointAfter: Int?
    var exponent = 0
    let parts = text.split(separator: "e", maxSplits: 1)
    for byte in parts[0].utf8 {
        if byte == UInt8(ascii: ".") { pointAfter = digits.count } else { digits.append(byte) }
    }
    if parts.count == 2 { exponent = Int(parts[1]) ?? 0 }
    var point = (pointAfter ?? digits.count) + exponent
    while digits.first == UInt8(ascii: "0"), digits.count > 1 {
        digits.removeFirst()
        point -= 1
    }
    while digits.last == UInt8(ascii: "0"), digits.count > 1 { digits.removeLast() }
    return (digits, point)
}

private func layOut(digits: [UInt8], pointAfter: Int) -> String {
    let text = String(decoding: digits, as: UTF8.self)
    let count = digits.count
    if pointAfter >= count, pointAfter <= 21 {
        return text + String(repeating: "0", count: pointAfter - count)
    }
    if (1...21).contains(pointAfter) {
        return text.prefix(pointAfter) + "." + text.dropFirst(pointAfter)
    }
    if (-5...0).contains(pointAfter) {
        return "0." + String(repeating: "0", count: -pointAfter) + text
    }
    let exponent = pointAfter - 1
    let tail = count == 1 ? "" : "." + text.dropFirst()
    return text.prefix(1) + tail + "e" + (exponent < 0 ? "-" : "+") + String(abs(exponent))
}

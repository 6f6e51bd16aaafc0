package import Bytes
import TOMLKit
import Vocabulary

/// A TOML text that does not parse, with its place.
package struct TOMLError: Error, Sendable, Equatable {
    /// What is wrong.
    package let reason: String
    /// The line, from 1.
    package let line: Int
}

/// The values of a TOML document, an object. Dates and times are their text, as are infinities and
/// what is no number, which no JSON value stands for.
package func parseTOML(_ bytes: [UInt8]) throws(TOMLError) -> JSONValue {
    jsonValue(of: try tomlTable(bytes).tomlValue)
}

/// The document's table, for those who take values from it by themselves.
func tomlTable(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
    guard bytes.count <= Config.maximumBytes, !bytes.contains(0),
        let text = String(validating: bytes, as: UTF8.self)
    else {
        throw TOMLError(reason: "it is not text in UTF-8, or too long", line: 1)
    }
    if let pitfall = TOMLPitfalls.first(in: bytes) {
        throw TOMLError(reason: pitfall.reason, line: pitfall.line)
    }
    do {
        return try TOMLTable(string: text)
    } catch let error as TOMLParseError {
        throw TOMLError(reason: error.description, line: error.source.begin.line)
    } catch {
        throw TOMLError(reason: "it is no TOML", line: 1)
    }
}

/// The parser bounds how deep values nest.
private func jsonValue(of value: TOMLValue) -> JSONValue {
    if let table = value.table {
        return .object(
            Dictionary(
                table.keys.compactMap { key in
                    table[key].map { (key, jsonValue(of: $0.tomlValue)) }
                }
            ) { _, last in last })
    }
    if let array = value.array { return .array(array.map { jsonValue(of: $0.tomlValue) }) }
    if let flag = value.bool { return .bool(flag) }
    if let number = value.int { return json(number) }
    if let number = value.double {
        return number.isFinite ? .number(number) : .string(String(number))
    }
    if let text = value.string { return .string(text) }
    if let moment = value.dateTime {
        return .string(text(moment.date) + "T" + text(moment.time) + zone(moment.offset))
    }
    if let date = value.date { return .string(text(date)) }
    return value.time.map { .string(text($0)) } ?? .null
}

private func json(_ number: Int) -> JSONValue {
    number.magnitude <= UInt(JSONValue.maximumInteger)
        ? .integer(Int64(number)) : .number(Double(number))
}

private func text(_ date: TOMLDate) -> String {
    padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2)
}

private func text(_ time: TOMLTime) -> String {
    let whole = [time.hour, time.minute, time.second].map { padded($0, 2) }.joined(separator: ":")
    return time.nanoSecond == 0 ? whole : whole + "." + padded(time.nanoSecond, 9)
}

private func zone(_ offset: TOMLTimeOffset?) -> String {
    guard let minutes = offset?.offset else { return "" }
    if minutes == 0 { return "Z" }
    return (minutes < 0 ? "-" : "+") + padded(abs(minutes) / 60, 2) + ":"
        + padded(abs(minutes) % 60, 2)
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

import Bytes
import Vocabulary

/// Writes values of Arrow arrays as the texts that stand for them in tables.
struct ArrowText {
    /// What was written.
    private(set) var bytes: [UInt8] = []

    private static let hexDigits = Array("0123456789abcdef".utf8)

    /// Starts a new text.
    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Whether there is no value: no bit, a NaN, or a code for no value.
    // Unsafe, here and below: places within the view, as the caller has checked.
    static func isMissing(
        _ shape: ArrowShape, _ view: ArrowView, _ index: Int
    ) throws(TableError) -> Bool {
        if unsafe view.isNull(index) { return true }
        switch shape {
        case .null: return true
        case .float(let width): return unsafe try number(view, index, width).isNaN
        case .dictionary(let width, let isSigned, let values):
            let (inner, code) = unsafe try decoded(view, index, width, isSigned)
            return unsafe try isMissing(values, inner, code)
        default: return false
        }
    }

    /// Appends the value, which is not missing.
    mutating func append(
        _ shape: ArrowShape, _ view: ArrowView, _ index: Int
    ) throws(TableError) {
        switch shape {
        case .null: break
        case .bool:
            let place = unsafe view.place(index)
            let byte = unsafe try view.buffer(1).load(fromByteOffset: place >> 3, as: UInt8.self)
            put(byte & (1 << UInt8(place & 7)) != 0 ? "true" : "false")
        case .int(let width, let isSigned):
            let value = unsafe try view.integer(index, bytes: width, isSigned: isSigned)
            if width == 8, !isSigned {
                put(UInt64(bitPattern: value), digits: 1)
            } else {
                put(value)
            }
        case .duration: put(unsafe try view.integer(index, bytes: 8, isSigned: true))
        case .float(let width):
            if width == 8 {
                put(shortestText(unsafe try ArrowText.number(view, index, width)))
            } else {
                put(shortestText(Float(unsafe try ArrowText.number(view, index, width))))
            }
        case .decimal(let width, let scale):
            let start = unsafe view.place(index) * width
            let value = unsafe try view.buffer(1) + start
            put(decimal: unsafe Array(UnsafeRawBufferPointer(start: value, count: width)), scale)
        case .bytes, .view, .fixedBytes: unsafe try putBytes(shape, view, index)
        case .date, .time, .timestamp: unsafe try putTime(shape, view, index)
        case .list, .fixedList, .structure: unsafe try appendJSON(shape, view, index)
        case .dictionary(let width, let isSigned, let values):
            let (inner, code) = unsafe try ArrowText.decoded(view, index, width, isSigned)
            unsafe try append(values, inner, code)
        }
    }

    /// The value that a code of a dictionary stands for.
    private static func decoded(
        _ view: ArrowView, _ index: Int, _ width: Int, _ isSigned: Bool
    ) throws(TableError) -> (ArrowView, Int) {
        let code = unsafe try view.integer(index, bytes: width, isSigned: isSigned)
        let values = unsafe try view.dictionary()
        guard unsafe code >= 0 && code < values.count else {
            throw TableError(line: nil, "it is damaged (a code outside its dictionary)")
        }
        return unsafe (values, Int(code))
    }

    private static func number(
        _ view: ArrowView, _ index: Int, _ width: Int
    ) throws(TableError) -> Double {
        let buffer = unsafe try view.buffer(1)
        let offset = unsafe view.place(index) * width
        switch width {
        case 8: return unsafe buffer.loadUnaligned(fromByteOffset: offset, as: Double.self)
        case 4: return unsafe Double(buffer.loadUnaligned(fromByteOffset: offset, as: Float.self))
        default:
            return unsafe half(buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        }
    }

    /// The number that the bits of a half stand for.
    static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 1023)
        let sign: Double = bits >> 15 == 0 ? 1 : -1
        if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
        if exponent == 0 { return sign * fraction / 16_777_216 }
        return sign * Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
    }
}

// MARK: - Scalars

extension ArrowText {
    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func put(_ value: Int64) {
        if value < 0 { bytes.append(0x2d) }
        put(value.magnitude, digits: 1)
    }

    private mutating func put(_ value: UInt64, digits: Int) {
        bytes.append(decimal: value, digits: digits)
    }

    /// A scaled integer of two's complement, little end first, as Arrow's own text has it: all digits
    /// behind the point.
    private mutating func put(decimal value: [UInt8], _ scale: Int) {
        let isNegative = value.last.map { $0 >= 0x80 } ?? false
        var words = stride(from: 0, to: value.count, by: 4).map { start in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(value[start + $1]) << UInt32(8 * $1) }
        }
        if isNegative {
            var carry = true
            for index in words.indices {
                let (sum, overflow) = (~words[index]).addingReportingOverflow(carry ? 1 : 0)
                words[index] = sum
                carry = overflow
            }
        }
        var digits: [UInt8] = []
        while words.contains(where: { $0 != 0 }) {
            var rest: UInt64 = 0
            for index in words.indices.reversed() {
                let part = rest << 32 | UInt64(words[index])
                words[index] = UInt32(part / 1_000_000_000)
                rest = part % 1_000_000_000
            }
            for _ in 0..<9 {
                digits.append(0x30 + UInt8(rest % 10))
                rest /= 10
            }
        }
        while digits.last == 0x30 { digits.removeLast() }
        if digits.isEmpty { digits = [0x30] }
        // Lowest first, until here.
        if scale < 0, digits != [0x30] {
            digits.insert(contentsOf: repeatElement(0x30, count: -scale), at: 0)
        }
        while digits.count <= scale { digits.append(0x30) }
        if isNegative { bytes.append(0x2d) }
        bytes.append(contentsOf: digits[max(0, scale)...].reversed())
        guard scale > 0 else { return }
        bytes.append(0x2e)
        bytes.append(contentsOf: digits[..<scale].reversed())
    }

    private mutating func putBytes(
        _ shape: ArrowShape, _ view: ArrowView, _ index: Int
    ) throws(TableError) {
        let (value, isText) = unsafe try ArrowText.bytes(shape, view, index)
        if isText { return unsafe bytes.append(contentsOf: value) }
        for place in 0..<value.count {
            let byte = unsafe value[place]
            bytes.append(ArrowText.hexDigits[Int(byte >> 4)])
            bytes.append(ArrowText.hexDigits[Int(byte & 15)])
        }
    }

    /// The bytes of a text or of bytes.
    static func bytes(
        _ shape: ArrowShape, _ view: ArrowView, _ index: Int
    ) throws(TableError) -> (UnsafeBufferPointer<UInt8>, isText: Bool) {
        switch shape {
        case .bytes(let isText, let isLarge):
            return unsafe (try view.bytes(index, isLarge: isLarge), isText)
        case .view(let isText): return unsafe (try view.viewed(index), isText)
        case .fixedBytes(let count):
            guard count > 0 else { break }
            let start = unsafe try view.buffer(1) + view.place(index) * count
            return unsafe (
                UnsafeBufferPointer(
                    start: start.assumingMemoryBound(to: UInt8.self), count: count), false
            )
        default: break
        }
        return unsafe (UnsafeBufferPointer(start: nil, count: 0), false)
    }

    private mutating func putTime(
        _ shape: ArrowShape, _ view: ArrowView, _ index: Int
    ) throws(TableError) {
        switch shape {
        case .date(let isMilliseconds):
            let value = unsafe try view.integer(
                index, bytes: isMilliseconds ? 8 : 4, isSigned: true)
            bytes.append(day: isMilliseconds ? dividedDown(value, by: 86_400_000).quotient : value)
        case .time(let width, let units):
            bytes.append(
                clock: unsafe try view.integer(index, bytes: width, isSigned: true), units: units)
        case .timestamp(let units, let hasZone):
            let value = unsafe try view.integer(index, bytes: 8, isSigned: true)
            bytes.append(moment: value, units: units)
            if hasZone { bytes.append(UInt8(ascii: "Z")) }
        default: break
        }
    }
}

// MARK: - Nested values

extension ArrowText {
    /// Appends the value as JSON; `null` where there is none.
    private mutating func appendJSON(
        _ shape: ArrowShape, _ view: ArrowView, _ index: Int
    ) throws(TableError) {
        if unsafe try ArrowText.isMissing(shape, view, index) { return put("null") }
        switch shape {
        case .bool, .int, .duration, .decimal: unsafe try append(shape, view, index)
        case .float(let width):
            let value = unsafe try ArrowText.number(view, index, width)
            // JSON has no infinities.
            if value.isInfinite {
                put(value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
            } else {
                unsafe try append(shape, view, index)
            }
        case .list(let isLarge, let inner):
            let range = unsafe try view.range(index, isLarge: isLarge)
            let child = unsafe try view.child(0, atLeast: range.upperBound)
            unsafe try appendElements(inner, child, range)
        case .fixedList(let count, let inner):
            let start = unsafe view.place(index) * count
            let child = unsafe try view.child(0, atLeast: start + count)
            unsafe try appendElements(inner, child, start..<(start + count))
        case .structure(let fields):
            bytes.append(UInt8(ascii: "{"))
            for (number, field) in fields.enumerated() {
                if number > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: JSONValue.string(field.name).canonical)
                bytes.append(UInt8(ascii: ":"))
                let place = unsafe view.place(index)
                unsafe try appendJSON(
                    field.shape, view.child(number, atLeast: place + 1), place)
            }
            bytes.append(UInt8(ascii: "}"))
        case .dictionary(let width, let isSigned, let values):
            let (inner, code) = unsafe try ArrowText.decoded(view, index, width, isSigned)
            unsafe try appendJSON(values, inner, code)
        case .null: put("null")
        case .bytes, .view, .fixedBytes, .date, .time, .timestamp:
            let start = bytes.count
            unsafe try append(shape, view, index)
            let text = String(decoding: bytes[start...], as: UTF8.self)
            bytes.removeSubrange(start...)
            bytes.append(contentsOf: JSONValue.string(text).canonical)
        }
    }

    private mutating func appendElements(
        _ shape: ArrowShape, _ view: ArrowView, _ range: Range<Int>
    ) throws(TableError) {
        bytes.append(UInt8(ascii: "["))
        for place in range {
            if place > range.lowerBound { bytes.append(UInt8(ascii: ",")) }
            unsafe try appendJSON(shape, view, place)
            // Lists share their elements' bytes: a small file can hold a huge text.
            guard bytes.count <= RowReader.maximumRowBytes else {
                throw TableError(line: nil, "a value is longer than \(RowReader.maximumRowText)")
            }
        }
        bytes.append(UInt8(ascii: "]"))
    }
}

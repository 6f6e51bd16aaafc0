import Bytes
import Vocabulary

/// A type of numbers in a tensor, little-endian.
enum NumberType {
    case float64, float32, float16, bfloat16
    case signed(Int)
    case unsigned(Int)

    /// The type that safetensors or NumPy calls so; nil for those that are not known here.
    init?(_ name: String) {
        switch name {
        case "F64", "<f8": self = .float64
        case "F32", "<f4": self = .float32
        case "F16", "<f2": self = .float16
        case "BF16": self = .bfloat16
        case "I8", "|i1": self = .signed(1)
        case "I16", "<i2": self = .signed(2)
        case "I32", "<i4": self = .signed(4)
        case "I64", "<i8": self = .signed(8)
        case "U8", "|u1", "BOOL", "|b1": self = .unsigned(1)
        case "U16", "<u2": self = .unsigned(2)
        case "U32", "<u4": self = .unsigned(4)
        case "U64", "<u8": self = .unsigned(8)
        default: return nil
        }
    }

    /// Bytes of a number.
    var width: Int {
        switch self {
        case .float64: 8
        case .float32: 4
        case .float16, .bfloat16: 2
        case .signed(let width), .unsigned(let width): width
        }
    }

    /// The number whose bits these are.
    func value(_ bits: UInt64) -> Double {
        switch self {
        case .float64: Double(bitPattern: bits)
        case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .bfloat16: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))
        case .float16: NumberType.half(UInt16(truncatingIfNeeded: bits))
        case .signed(let width):
            Double(Int64(bitPattern: bits << UInt64(64 - 8 * width)) >> Int64(64 - 8 * width))
        case .unsigned: Double(bits)
        }
    }

    /// IEEE 754 binary16, which not every processor of ours has a type for.
    private static func half(_ bits: UInt16) -> Double {
        let sign = bits >> 15 == 0 ? 1.0 : -1.0
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff) / 1024
        if exponent == 0x1f { return fraction == 0 ? sign * .infinity : .nan }
        let magnitude = exponent == 0 ? fraction / 16384 : 1 + fraction
        return sign
            * (exponent == 0
                ? magnitude : Double(sign: .plus, exponent: exponent - 15, significand: magnitude))
    }
}

/// How much a tensor changed. Numbers that are not finite, before or after, are counted apart.
struct TensorChange {
    private let old: TensorFile.Tensor
    private let new: TensorFile.Tensor
    private let type: NumberType?
    private var changedCount = 0
    private var oddCount = 0
    private var oldSquares = 0.0
    private var changeSquares = 0.0
    private var largest = (change: 0.0, index: 0)
    /// Whether all of the tensor was read, so that the norm of the old values is known.
    private var isComplete = true

    private static let pieceBytes = 1 << 20

    init(_ old: TensorFile.Tensor, _ new: TensorFile.Tensor) {
        self.old = old
        self.new = new
        type = NumberType(old.type)
    }

    /// Reads what differs; false where nothing does.
    mutating func measure(_ before: ByteAccess, _ after: ByteAccess) throws -> Bool {
        var differs = false
        for start in stride(from: 0, to: old.range.count, by: TensorChange.pieceBytes) {
            let count = min(TensorChange.pieceBytes, old.range.count - start)
            let left = old.range.lowerBound + start..<old.range.lowerBound + start + count
            let right = new.range.lowerBound + start..<new.range.lowerBound + start + count
            if let parts = before.makeup(of: left), parts == after.makeup(of: right) {
                isComplete = false
                continue
            }
            let (one, other) = (try before.read(left), try after.read(right))
            if one != other { differs = true }
            compare(one, other, from: start)
        }
        return differs
    }

    private mutating func compare(_ one: [UInt8], _ other: [UInt8], from start: Int) {
        guard let type else { return }
        let width = type.width
        func bits(_ bytes: [UInt8], _ index: Int) -> UInt64 {
            var bits: UInt64 = 0
            for place in 0..<width {
                bits |= UInt64(bytes[index * width + place]) << UInt64(8 * place)
            }
            return bits
        }
        for index in 0..<(one.count / width) {
            let (left, right) = (bits(one, index), bits(other, index))
            let value = type.value(left)
            if value.isFinite { oldSquares += value * value }
            guard left != right else { continue }
            changedCount += 1
            let change = type.value(right) - value
            guard change.isFinite else {
                oddCount += 1
                continue
            }
            changeSquares += change * change
            if change.magnitude > largest.change.magnitude {
                largest = (change, start / width + index)
            }
        }
    }

    /// `1,024 numbers changed, norm of the change 0.5 (of 12.1), largest +0.25 at [3, 7]`.
    var sentence: String {
        guard type != nil else { return "its bytes differ" }
        let norm = shortestText(rounded(changeSquares.squareRoot()))
        let whole = isComplete ? " (of \(shortestText(rounded(oldSquares.squareRoot()))))" : ""
        let noun = changedCount == 1 ? "number" : "numbers"
        var text =
            "\(groupedDigits(changedCount)) \(noun) changed, norm of the change \(norm)\(whole)"
        if largest.change != 0 {
            let sign = largest.change < 0 ? "" : "+"
            text += ", largest \(sign)\(shortestText(rounded(largest.change))) at \(place)"
        }
        if oddCount > 0 {
            text += ", \(groupedDigits(oddCount)) to or from what is no finite number"
        }
        return text
    }

    private var place: String {
        var index = largest.index
        var indexes: [Int] = []
        for length in old.shape.reversed() where length > 0 {
            indexes.insert(index % length, at: 0)
            index /= length
        }
        return "[\(indexes.map { String($0) }.joined(separator: ", "))]"
    }
}

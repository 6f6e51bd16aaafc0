/// A type of numbers in a tensor, little-endian.
package enum NumberType: Sendable {
    /// IEEE 754's, and the upper half of a single.
    case float64, float32, float16, bfloat16
    /// Integers of so many bytes.
    case signed(Int)
    /// The same without a sign.
    case unsigned(Int)

    /// The type that safetensors or NumPy calls so; nil for those that are not known here.
    package init?(_ name: String) {
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
    package var width: Int {
        switch self {
        case .float64: 8
        case .float32: 4
        case .float16, .bfloat16: 2
        case .signed(let width), .unsigned(let width): width
        }
    }

    /// The number whose bits these are.
    package func value(_ bits: UInt64) -> Double {
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

    /// The bits of a number among some, which is not checked to be one of them.
    package func bits(_ bytes: [UInt8], _ index: Int) -> UInt64 {
        var bits: UInt64 = 0
        for place in 0..<width {
            bits |= UInt64(bytes[index * width + place]) << UInt64(8 * place)
        }
        return bits
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

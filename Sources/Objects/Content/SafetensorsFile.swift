import Bytes

/// Tensors behind a JSON header that says where each is: `u64 header length | header | data`.
enum SafetensorsFile {
    private static let maximumHeaderBytes = 4 << 20

    /// Bytes of a number, and the size of what is put into planes.
    private static let types: [String: (size: Int, width: Int)] = [
        "BOOL": (1, 0), "U8": (1, 0), "I8": (1, 0), "F8_E4M3": (1, 0), "F8_E5M2": (1, 0),
        "BF16": (2, 2), "F16": (2, 2), "I16": (2, 2), "U16": (2, 2),
        "F32": (4, 4), "I32": (4, 4), "U32": (4, 4),
        "F64": (8, 8), "I64": (8, 8), "U64": (8, 8), "C64": (8, 4),
    ]

    private struct Tensor {
        let range: Range<Int>
        let width: Int
    }

    static func begins(_ head: [UInt8]) -> Bool {
        let length = headerLength(head)
        return length >= 2 && length <= maximumHeaderBytes && head[8] == UInt8(ascii: "{")
    }

    private static func headerLength(_ head: [UInt8]) -> UInt64 {
        head.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    static func map(_ source: inout ContentSource) throws -> ContentMap? {
        guard let head = try source.bytes(at: 0, count: 9), begins(head) else { return nil }
        let length = Int(headerLength(head))
        guard let header = try source.bytes(at: 8, count: length),
            let json = try? JSONValue(parsing: header), let members = json.objectValue,
            let tensors = tensors(members, dataBytes: source.sizeBytes - 8 - length)
        else { return nil }
        var builder = ContentMapBuilder(sizeBytes: source.sizeBytes)
        guard builder.append(0, 8 + length) else { return nil }
        for tensor in tensors {
            let start = 8 + length + tensor.range.lowerBound
            guard builder.append(start, tensor.range.count, width: tensor.width) else { return nil }
        }
        return builder.finish()
    }

    /// The tensors in the order of their data, which they must fill without a gap.
    private static func tensors(_ members: [String: JSONValue], dataBytes: Int) -> [Tensor]? {
        var tensors: [Tensor] = []
        for (name, value) in members where name != "__metadata__" {
            guard let tensor = tensor(value, dataBytes) else { return nil }
            if !tensor.range.isEmpty { tensors.append(tensor) }
        }
        // Sorted, and checked not to overlap, so that the dictionary's order does not matter.
        tensors.sort { $0.range.lowerBound < $1.range.lowerBound }
        var end = 0
        for tensor in tensors {
            guard tensor.range.lowerBound == end else { return nil }
            end = tensor.range.upperBound
        }
        return end == dataBytes ? tensors : nil
    }

    private static func tensor(_ value: JSONValue, _ dataBytes: Int) -> Tensor? {
        guard let offsets = value["data_offsets"]?.arrayValue, offsets.count == 2,
            let start = offsets[0].integerValue.flatMap(Int.init(exactly:)),
            let end = offsets[1].integerValue.flatMap(Int.init(exactly:)),
            0 <= start, start <= end, end <= dataBytes,
            let name = value["dtype"]?.stringValue, let shape = value["shape"]?.arrayValue
        else { return nil }
        // A type that is not known here, such as those below a byte, is no lie.
        guard let type = types[name] else { return Tensor(range: start..<end, width: 0) }
        guard let count = elementCount(shape.map(\.integerValue)), count <= (end - start),
            count * type.size == end - start
        else { return nil }
        return Tensor(range: start..<end, width: type.width)
    }
}

/// The number of elements of an array with these dimensions; nil where one is none or negative, or
/// there are more than 2^48.
func elementCount(_ shape: [Int64?]) -> Int? {
    var count = 1
    for dimension in shape {
        guard let dimension, (0...(1 << 48)).contains(dimension) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: Int(dimension))
        guard !overflow, product <= 1 << 48 else { return nil }
        count = product
    }
    return count
}

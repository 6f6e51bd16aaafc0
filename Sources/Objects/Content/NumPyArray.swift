/// An array as `numpy.save` writes it: a magic number, a header with type and shape, the data.
enum NumPyArray {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let maximumHeaderBytes = 64 << 10

    static func begins(_ head: [UInt8]) -> Bool {
        head.starts(with: magic) && (1...3).contains(head[6]) && head[7] == 0
    }

    static func map(_ source: inout ContentSource) throws -> ContentMap? {
        var builder = ContentMapBuilder(sizeBytes: source.sizeBytes)
        guard try append(&source, at: 0, length: source.sizeBytes, to: &builder) else { return nil }
        return builder.finish()
    }

    /// Adds the array that fills `length` bytes from `offset` on; false, with nothing added, where
    /// that is no array.
    static func append(
        _ source: inout ContentSource, at offset: Int, length: Int,
        to builder: inout ContentMapBuilder
    ) throws -> Bool {
        guard length >= 128, let head = try source.bytes(at: offset, count: 12), begins(head) else {
            return false
        }
        let isLong = head[6] > 1
        let start = isLong ? 12 : 10
        let size = head[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard size <= maximumHeaderBytes, start + size <= length,
            let header = try source.bytes(at: offset + start, count: size),
            let (type, count) = parse(header)
        else { return false }
        let bytes = length - start - size
        guard bytes % type.size == 0, bytes / type.size == count else { return false }
        guard builder.append(offset, start + size) else { return false }
        return builder.append(offset + start + size, bytes, width: type.width)
    }

    /// Type and number of elements: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
    private static func parse(_ header: [UInt8]) -> ((size: Int, width: Int), count: Int)? {
        guard let text = String(validating: header, as: UTF8.self),
            let descr = text.between("'descr': '", "'"), let type = elementType(descr),
            let shape = text.between("'shape': (", ")")
        else { return nil }
        let dimensions = shape.split(separator: ",").map { part in
            Int64(part.drop { $0 == " " })
        }
        // `(3,)` has one dimension, `()` none.
        let trailing = dimensions.last.map { $0 == nil } ?? false
        let known = trailing ? Array(dimensions.dropLast()) : dimensions
        return elementCount(known).map { (type, $0) }
    }

    /// A type such as `<f4`, `|u1`, `<U12`: numbers of other byte order have no planes.
    private static func elementType(_ descr: Substring) -> (size: Int, width: Int)? {
        guard let order = descr.first, "<>|=".contains(order), let size = Int(descr.dropFirst(2)),
            (1...(1 << 20)).contains(size)
        else { return nil }
        let kind = descr[descr.index(after: descr.startIndex)]
        let isLittle = order == "<" || size == 1
        switch kind {
        case "f", "i", "u", "M", "m":
            return (size, isLittle && FloatPlanes.widths.contains(size) ? size : 0)
        case "c": return (size, isLittle && FloatPlanes.widths.contains(size / 2) ? size / 2 : 0)
        case "U": return (4 * size, 0)
        case "b", "S", "V": return (size, 0)
        default: return nil
        }
    }
}

extension StringProtocol {
    /// What stands between the first `start` and the next `end`.
    fileprivate func between(_ start: String, _ end: Character) -> Substring? {
        guard let from = Substring(self).firstRange(of: start)?.upperBound else { return nil }
        let rest = Substring(self)[from...]
        return rest.firstIndex(of: end).map { rest[..<$0] }
    }
}

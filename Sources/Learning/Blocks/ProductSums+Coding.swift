internal import Bytes
internal import Kernels
internal import Vocabulary

// Sums as bytes, for caches.
extension ProductSums {
    /// Counts the ways in which sums were ever written or computed.
    static let version = 1

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        for count in [rows, rowsWithoutTarget, numbers.count] { writer.append(length: count) }
        for number in numbers {
            writer.append(length: number.count)
            writer.append(length: number.missing)
            for value in [number.centre, number.least, number.most] {
                writer.append(uint64: value.bitPattern)
            }
        }
        writer.append(length: categories.count)
        for category in categories {
            writer.append(length: category.missing)
            writer.append(length: category.names.count)
            for name in category.names {
                writer.append(length: name.count)
                writer.append(name)
            }
        }
        writer.append(length: products.elements.count)
        for value in products.elements { writer.append(uint64: value.bitPattern) }
        return writer.bytes
    }

    init?(decoding bytes: [UInt8]) {
        guard let sums = try? ProductSums.decoded(bytes.span) else { return nil }
        self = sums
    }

    private static func decoded(_ span: Span<UInt8>) throws(DecodeError) -> ProductSums {
        var cursor = ByteCursor()
        func double() throws(DecodeError) -> Double {
            Double(bitPattern: try cursor.uint64(span))
        }
        let rows = try cursor.length(span, maximum: .max)
        let rowsWithoutTarget = try cursor.length(span, maximum: .max)
        var numbers: [Number] = []
        for _ in 0..<(try cursor.length(span, maximum: span.count)) {
            var number = Number()
            number.count = try cursor.length(span, maximum: .max)
            number.missing = try cursor.length(span, maximum: .max)
            number.centre = try double()
            number.least = try double()
            number.most = try double()
            numbers.append(number)
        }
        var categories: [Category] = []
        for _ in 0..<(try cursor.length(span, maximum: span.count)) {
            var category = Category(names: [], missing: try cursor.length(span, maximum: .max))
            for _ in 0..<(try cursor.length(span, maximum: span.count)) {
                let length = try cursor.length(span, maximum: span.count)
                category.names.append(try cursor.bytes(length, span))
            }
            categories.append(category)
        }
        let count = try cursor.length(span, maximum: span.count / 8)
        var products: [Double] = []
        products.reserveCapacity(count)
        for _ in 0..<count { products.append(try double()) }
        guard cursor.isAtEnd(of: span),
            let sums = ProductSums(
                rows: rows, rowsWithoutTarget: rowsWithoutTarget, numbers: numbers,
                categories: categories, products: products)
        else { throw DecodeError(at: cursor.offset, "no sums") }
        return sums
    }
}

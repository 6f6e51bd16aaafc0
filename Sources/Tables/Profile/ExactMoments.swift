package import Bytes
package import Vocabulary

/// The count, the extremes, the mean and the spread of finite numbers, of sums without rounding: neither
/// the order of the numbers nor how they are split into parts changes a bit.
package struct ExactMoments: Sendable, Equatable {
    /// How many numbers.
    package private(set) var count = 0
    /// The least one; infinite without numbers. No negative zero: which of two zeros came first must not show.
    package private(set) var least = Double.infinity
    /// The largest one; minus infinity without numbers.
    package private(set) var most = -Double.infinity
    private var sum = ExactSum()
    private var squares = ExactSum()

    /// No numbers.
    package init() {}

    /// Adds a finite number `times` times.
    package mutating func add(_ value: Double, times: Int = 1) {
        guard times > 0 else { return }
        count += times
        least = min(least, value + 0)
        most = max(most, value + 0)
        sum.add(value, times: times)
        squares.addProduct(value, value, times: times)
    }

    /// Adds the numbers of another one.
    package mutating func merge(_ other: ExactMoments) {
        count += other.count
        least = min(least, other.least)
        most = max(most, other.most)
        sum.merge(other.sum)
        squares.merge(other.squares)
    }

    /// The correctly rounded sum divided by the count; nil without numbers.
    package var mean: Double? {
        // The quotient of two rounded numbers may come to lie beyond the largest of all.
        count > 0 ? min(max(sum.mean(of: count), least), most) : nil
    }

    /// The root of the mean of the squared distances from the mean; nil without numbers, or where it is
    /// beyond the range of doubles.
    package var standardDeviation: Double? {
        guard count > 0 else { return nil }
        return ExactSum.standardDeviation(
            sum: sum, squares: squares, count: count, divisor: count)
    }
}

// MARK: - As bytes

extension ExactMoments {
    /// Writes them, in one way only.
    package func encode(to writer: inout ByteWriter) {
        writer.append(length: count)
        guard count > 0 else { return }
        for number in [least, most] { writer.append(uint64: number.bitPattern) }
        for sum in [sum, squares] { sum.encode(to: &writer) }
    }

    /// Reads what `encode` wrote, of at most `maximumCount` numbers.
    package init(
        decoding cursor: inout ByteCursor, _ span: Span<UInt8>, maximumCount: Int
    ) throws(DecodeError) {
        count = try cursor.length(span, maximum: maximumCount)
        guard count > 0 else { return }
        least = Double(bitPattern: try cursor.uint64(span))
        most = Double(bitPattern: try cursor.uint64(span))
        guard least <= most, least.isFinite, most.isFinite else {
            throw DecodeError(at: cursor.offset, "no extremes")
        }
        sum = try ExactSum(decoding: &cursor, span)
        squares = try ExactSum(decoding: &cursor, span)
    }
}

/// Finite numbers: sums without rounding, extremes, and bins for quantiles.
struct NumberTally: Sendable {
    var count = 0
    var zeros = 0
    var negatives = 0
    var infinities = 0
    var low = Double.infinity
    var high = -Double.infinity
    /// Of the integers, which doubles may round.
    var lowInteger = Int64.max
    var highInteger = Int64.min
    var sum = ExactSum()
    var squares = ExactSum()
    /// Integers that wait to be added to the sums: these words are much cheaper.
    private var waitingSum: Int128 = 0
    private var waitingSquares: UInt128 = 0

    /// Counts a number `times` times; an infinite one only as such.
    @inline(__always)
    mutating func observe(_ value: Double, times: Int) {
        guard value.isFinite else {
            infinities += times
            return
        }
        sum.add(value, times: times)
        squares.addProduct(value, value, times: times)
        note(value, times)
    }

    /// Counts an integer `times` times.
    @inline(__always)
    mutating func observe(_ value: Int64, times: Int) {
        lowInteger = min(lowInteger, value)
        highInteger = max(highInteger, value)
        note(Double(value), times)
        if value.magnitude < 1 << 40, times < 1 << 20 {
            // Less than 2^100 each, and emptied before 2^121.
            waitingSum &+= Int128(value) &* Int128(times)
            let square = UInt128(value.magnitude) &* UInt128(value.magnitude)
            waitingSquares &+= square &* UInt128(times)
            if waitingSquares >> 120 != 0 { settle() }
        } else {
            sum.add(value, times: times)
            squares.addSquare(value, times: times)
        }
    }

    @inline(__always)
    private mutating func note(_ value: Double, _ times: Int) {
        count &+= times
        if value == 0 { zeros &+= times }
        if value < 0 { negatives &+= times }
        // No negative zero: which of two zeros came first must not show.
        low = min(low, value + 0)
        high = max(high, value + 0)
    }

    /// Adds what waits to the sums.
    mutating func settle() {
        if waitingSum != 0 { sum.add(waitingSum) }
        if waitingSquares != 0 { squares.add(Int128(waitingSquares)) }
        (waitingSum, waitingSquares) = (0, 0)
    }

    /// Counts what another one counted, of which nothing waits.
    mutating func merge(_ other: NumberTally) {
        count += other.count
        zeros += other.zeros
        negatives += other.negatives
        infinities += other.infinities
        sum.merge(other.sum)
        squares.merge(other.squares)
        low = min(low, other.low)
        high = max(high, other.high)
        lowInteger = min(lowInteger, other.lowInteger)
        highInteger = max(highInteger, other.highInteger)
    }
}

import Vocabulary

/// Two columns whose correlation a profile tells.
package struct ColumnPair: Hashable, Sendable {
    /// A column.
    package let first: String
    /// The other one.
    package let second: String

    /// A pair.
    package init(_ first: String, _ second: String) {
        self.first = first
        self.second = second
    }
}

/// How two columns of numbers go together.
package struct PairCorrelation: Hashable, Sendable {
    /// The columns.
    package let pair: ColumnPair
    /// Rows in which both have a finite number.
    package let count: Int
    /// Pearson's coefficient of these, from -1 to 1; nil of fewer than two rows, and where one of the
    /// columns does not vary.
    package let pearson: Double?
}

/// Sums over the rows in which two columns both have a finite number: without rounding, so that tallies
/// of parts of a table merge to that of all of it.
struct PairTally: Sendable {
    let places: (first: Int, second: Int)
    var count = 0
    var first = ExactSum()
    var second = ExactSum()
    var firstSquares = ExactSum()
    var secondSquares = ExactSum()
    var products = ExactSum()

    init(places: (first: Int, second: Int)) { self.places = places }

    static let sums: [any WritableKeyPath<PairTally, ExactSum> & Sendable] = [
        \.first, \.second, \.firstSquares, \.secondSquares, \.products,
    ]

    mutating func observe(_ batch: RowBatch, rows: Range<Int>) {
        for row in rows {
            guard let one = PairTally.number(batch, row, places.first),
                let other = PairTally.number(batch, row, places.second)
            else { continue }
            count += 1
            first.add(one)
            second.add(other)
            firstSquares.addProduct(one, one)
            secondSquares.addProduct(other, other)
            products.addProduct(one, other)
        }
    }

    private static func number(_ batch: RowBatch, _ row: Int, _ column: Int) -> Double? {
        guard !batch.isNull(row: row, column: column) else { return nil }
        // Unsafe: the view lives for the call.
        let number = unsafe batch.withValue(row: row, column: column) {
            unsafe FieldSyntax.float($0)
        }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    mutating func merge(_ other: PairTally) {
        count += other.count
        for sum in PairTally.sums { self[keyPath: sum].merge(other[keyPath: sum]) }
    }

    /// Pearson's coefficient: `Σ(x-a)(y-b) / sqrt(Σ(x-a)² Σ(y-b)²)` with the means a and b.
    ///
    /// Nothing cancels: the sums are moved exactly to where the means are, and rounded only there.
    var pearson: Double? {
        guard count > 1 else { return nil }
        var sums = self
        for _ in 0..<2 {
            let one = sums.first.rounded / Double(count)
            let other = sums.second.rounded / Double(count)
            guard one.isFinite, other.isFinite else { return nil }
            ExactSum.shift(
                product: &sums.products, of: sums.first, sums.second, count: count, by: one, other)
            ExactSum.shift(&sums.first, &sums.firstSquares, count: count, by: one)
            ExactSum.shift(&sums.second, &sums.secondSquares, count: count, by: other)
        }
        let (x, y) = (sums.firstSquares.evenlyScaled, sums.secondSquares.evenlyScaled)
        guard x.significand > 0, y.significand > 0 else { return nil }
        let product = sums.products.evenlyScaled
        let ratio = product.significand / x.significand.squareRoot() / y.significand.squareRoot()
        let exponent = product.exponent - (x.exponent + y.exponent) / 2
        return min(1, max(-1, Double(sign: .plus, exponent: exponent, significand: ratio)))
    }
}

extension TableProfile {
    /// The correlations of the pairs, in their order.
    package func correlations() -> [PairCorrelation] {
        zip(pairs, pairTallies).map { pair, tally in
            PairCorrelation(pair: pair, count: tally.count, pearson: tally.pearson)
        }
    }

    /// The tallies of pairs of the columns. Throws `.badUsage` for one that is not there.
    static func tallies(of pairs: [ColumnPair], in names: [String]) throws -> [PairTally] {
        func place(_ name: String) throws -> Int {
            if let place = names.firstIndex(of: name) { return place }
            throw StoreError.noColumn(name, in: names)
        }
        return try pairs.map {
            PairTally(places: (try place($0.first), try place($0.second)))
        }
    }
}

extension StoreError {
    fileprivate static func noColumn(_ name: String, in known: [String]) -> StoreError {
        StoreError(
            .badUsage,
            "the table has no column '\(printable(Array(name.utf8)))', of which a pair is",
            subject: name,
            advice: nearest(name, in: known).map { "did you mean '\($0)'?" }
                ?? "'mlstore schema' lists its columns", safety: "nothing was changed")
    }
}

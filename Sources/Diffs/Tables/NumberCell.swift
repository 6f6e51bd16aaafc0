import Vocabulary

/// Cells of columns that are compared as numbers, as 64 bits each.
enum NumberCell {
    /// That of a missing value.
    static let missing = UInt64.max

    /// Whether two such cells count as equal: missing values are.
    static func areEqual(_ left: UInt64, _ right: UInt64, _ tolerance: Tolerance) -> Bool {
        if left == right { return true }
        guard left != missing, right != missing else { return false }
        return tolerance.allows(Double(bitPattern: left), Double(bitPattern: right))
    }

    /// Whether a cell stands before another one: by the number, missing values last.
    static func isLess(_ left: UInt64, _ right: UInt64) -> Bool {
        guard left != missing, right != missing else { return left != missing && right == missing }
        return Double(bitPattern: left) < Double(bitPattern: right)
    }
}

extension TableDiffOptions {
    /// Adds a tolerance as people write it: `0.01`, `1%` of the larger number, `price=0.01` for one column; both
    /// sorts for one column hold together. Throws `.badUsage` for anything else.
    package mutating func add(tolerance text: String) throws {
        let sign = text.lastIndex(of: "=")
        var number = sign.map { text[text.index(after: $0)...] } ?? text[...]
        let isShare = number.last == "%"
        if isShare { number.removeLast() }
        guard let value = Double(number), value.isFinite, value >= 0, !isShare || value < 100,
            sign.map({ $0 > text.startIndex }) ?? true
        else {
            throw StoreError(
                .badUsage, "'\(printable(Array(text.utf8)))' is no tolerance", subject: text,
                advice: "write it as 0.01, 1% or price=0.01; a share is below 100%",
                safety: "nothing was done")
        }
        func adding(to tolerance: Tolerance?) -> Tolerance {
            var tolerance = tolerance ?? Tolerance()
            if isShare { tolerance.relative = value / 100 } else { tolerance.absolute = value }
            return tolerance
        }
        if let sign {
            let column = String(text[..<sign])
            columnTolerances[column] = adding(to: columnTolerances[column])
        } else {
            tolerance = adding(to: tolerance)
        }
    }
}

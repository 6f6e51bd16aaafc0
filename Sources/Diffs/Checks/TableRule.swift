package import Tables
package import Vocabulary

/// One thing that a schema file asks of a table.
package struct TableRule: Sendable {
    /// What is asked.
    package enum Demand: Sendable {
        /// So many rows.
        case rows(Bounds<Int>)
        /// No two rows are equal in these columns, and none of them has a missing value there.
        case key([String])
        /// Every value has this type; an integer is a float too, and everything a string.
        case type(ColumnType)
        /// No value is missing.
        case required
        /// No two values are equal.
        case unique
        /// Numbers, or texts of days or moments, that are not outside of these.
        case range(Bounds<Limit>)
        /// One of these texts.
        case values([String])
        /// So many letters (Unicode scalars).
        case length(Bounds<Int>)
        /// Texts that match as a whole.
        case pattern(TextPattern)
        /// Texts that look like this.
        case shape(TextShape)
        /// One of the values of a column of another table.
        case references(table: RepoPath, column: String)
        /// The latest day or moment is not older than so many seconds.
        case newest(withinSeconds: Int)
        /// The number of rows is not far from what it was.
        case rowChange(RowChange)
        /// The values, or those of all columns, are distributed as in the former version.
        case drift(DriftLimits)
        /// The latest day or moment is later than in the former version.
        case advances
    }

    /// By which share the number of rows may differ from the mean of former versions.
    package struct RowChange: Hashable, Sendable {
        /// It may be smaller by that share; nil: by any.
        package let less: Double?
        /// It may be larger by that share; nil: by any.
        package let more: Double?
        /// Of how many former versions the mean is taken, where there are so many.
        package let versions: Int

        /// The most that can be asked for.
        static let maximumVersions = 100

        /// Whether a number is near enough to the mean of `count` others that are `sum` together.
        func holds(_ rows: Int, sum: Int, count: Int) -> Bool {
            // Counts are whole: a share that is not a binary fraction must not decide by its rounding.
            let slack = 1 + 1e-12
            let difference = Double(rows) * Double(count) - Double(sum)
            if let less, -difference > less * Double(sum) * slack { return false }
            if let more, difference > more * Double(sum) * slack { return false }
            return true
        }
    }

    /// Two limits that belong to what is between them; at least one is there.
    package struct Bounds<Value: Comparable & Sendable>: Sendable {
        /// The least.
        package let least: Value?
        /// The most.
        package let most: Value?

        /// Bounds.
        package init(least: Value?, most: Value?) {
            self.least = least
            self.most = most
        }

        /// Whether a value keeps to them.
        package func holds(_ value: Value) -> Bool {
            if let least, value < least { return false }
            if let most, value > most { return false }
            return true
        }
    }

    /// A number, day or moment as a limit; those of different sorts are not compared.
    package struct Limit: Comparable, Sendable {
        /// What it is: `.float`, `.date` or `.timestamp`.
        package let sort: ColumnType
        /// Numbers as such, days since 1970, microseconds since 1970.
        package let value: Double
        /// As it is written.
        package let text: String

        /// A limit.
        package init(sort: ColumnType, value: Double, text: String) {
            self.sort = sort
            self.value = value
            self.text = text
        }

        package static func == (left: Limit, right: Limit) -> Bool { left.value == right.value }
        package static func < (left: Limit, right: Limit) -> Bool { left.value < right.value }
    }

    /// Whether somebody has looked at a rule.
    package enum Status: String, Sendable, CaseIterable {
        /// A program found it in data.
        case inferred
        /// A person agreed to it.
        case confirmed
    }

    /// What a broken rule means.
    package enum Severity: String, Sendable, CaseIterable {
        /// The check fails.
        case error
        /// It is told.
        case warn
    }

    /// What is asked.
    package var demand: Demand
    /// Of which column; nil for rules of the table.
    package var column: String?
    /// The share of the values, or rows, that must keep to it.
    package var mostly = 1.0
    /// What a broken rule means.
    package var severity = Severity.error
    /// Whether somebody has looked at it.
    package var status = Status.confirmed
    /// Where it stands in its file, from 1; nil for one that was not read.
    package var line: Int?

    /// A rule.
    package init(_ demand: Demand, column: String? = nil) {
        self.demand = demand
        self.column = column
    }

    /// The rule in a few words, of which the column is the first.
    package var title: String {
        let name = column.map { "'\(printable(Array($0.utf8)))' " } ?? ""
        if case .drift = demand { return name + words }
        return name + words + (mostly < 1 ? " (\(Share.text(mostly)) at least)" : "")
    }

    private var words: String {
        switch demand {
        case .rows(let bounds): "has \(TableRule.text(bounds) { "\($0)" }) rows"
        case .key(let columns):
            "has the key "
                + columns.map { "'\(printable(Array($0.utf8)))'" }.joined(separator: ", ")
        case .type(let type): "is \(type.rawValue)"
        case .required: "is never missing"
        case .unique: "is unique"
        case .range(let bounds): "is \(TableRule.text(bounds) { $0.text })"
        case .values(let values): "is one of \(values.count) values"
        case .length(let bounds): "has \(TableRule.text(bounds) { "\($0)" }) letters"
        case .pattern(let pattern): "matches \(printableText(Array(pattern.text.utf8)))"
        case .shape(let shape): "looks like \(shape.rawValue)"
        case .references(let table, let column):
            "is in '\(printable(Array(column.utf8)))' of '\(table)'"
        case .newest(let seconds): "is not older than \(Age.text(seconds))"
        case .rowChange(let change): change.words
        case .drift(let limits):
            (column == nil ? "has no column that drifted" : "did not drift") + limits.words
        case .advances: "is newer than before"
        }
    }

    private static func text<Value>(_ bounds: Bounds<Value>, _ text: (Value) -> String) -> String {
        switch (bounds.least, bounds.most) {
        case (let least?, let most?): "from \(text(least)) to \(text(most))"
        case (let least?, nil): "at least \(text(least))"
        case (nil, let most?): "at most \(text(most))"
        case (nil, nil): "any"
        }
    }
}

extension TableRule.RowChange {
    fileprivate var words: String {
        let shares =
            less == more
            ? less.map { "within \(Share.text($0)) of" } ?? "as"
            : [
                less.map { "at most \(Share.text($0)) less" },
                more.map { "at most \(Share.text($0)) more" },
            ]
            .compactMap { $0 }.joined(separator: " and ") + " than"
        return "has rows \(shares) " + (versions == 1 ? "before" : "the last \(versions) versions")
    }
}

/// Shares as people write them: `20%`, or `0.2`.
enum Share {
    static func value(_ text: String) -> Double? {
        let isPercent = text.hasSuffix("%")
        let digits = isPercent ? String(text.dropLast()) : text
        guard let number = Double(digits), number.isFinite, number >= 0, number <= 1e9 else {
            return nil
        }
        return isPercent ? number / 100 : number
    }

    static func text(_ share: Double) -> String {
        let percent = (share * 1e8).rounded() / 1e6
        return percent == percent.rounded() && percent < 1e9 ? "\(Int(percent))%" : "\(percent)%"
    }
}

/// Spans of time as people write them: `36h`, `7d`.
enum Age {
    private static let units: [(String, Int)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]

    static func seconds(_ text: String) -> Int? {
        guard let unit = units.first(where: { text.hasSuffix($0.0) }),
            let count = Int(text.dropLast()), (0...1_000_000).contains(count)
        else { return nil }
        return count * unit.1
    }

    static func text(_ seconds: Int) -> String {
        let unit = units.first { seconds % $0.1 == 0 && seconds >= $0.1 } ?? ("s", 1)
        return "\(seconds / unit.1)\(unit.0)"
    }
}

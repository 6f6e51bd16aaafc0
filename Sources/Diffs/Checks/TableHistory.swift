package import Tables
import Vocabulary

/// What a table was before: for rules that compare with it. Nothing is read before it is asked for.
package struct TableHistory {
    /// A version that the table had.
    package struct Version {
        /// What it is called: `commit 1a2b3c4d5e`.
        package let name: String
        /// How many rows it has; nil where that cannot be told without its content, which is not here.
        package let rows: () throws -> Int?
        /// Its profile; nil where its content is not here.
        package let profile: () throws -> TableProfile?
        /// The profiles of its blocks, of a table of so many rows, of some columns.
        package let blocks: (Int, [String]) throws -> [TableProfile]

        /// A version.
        package init(
            name: String, rows: @escaping () throws -> Int?,
            profile: @escaping () throws -> TableProfile?,
            blocks: @escaping (Int, [String]) throws -> [TableProfile]
        ) {
            self.name = name
            self.rows = rows
            self.profile = profile
            self.blocks = blocks
        }
    }

    /// The newest first.
    package let versions: [Version]
    /// Why there is none, where there is none.
    package let absence: String
    /// The profile of the table itself.
    let profile: () throws -> TableProfile

    /// A history.
    package init(
        _ versions: [Version], absence: String = "it has no former version",
        profile: @escaping () throws -> TableProfile
    ) {
        self.versions = versions
        self.absence = absence
        self.profile = profile
    }
}

extension TableRule.Demand {
    /// Of how many former versions the rule must know; 0 where it asks about none.
    var formerVersions: Int {
        switch self {
        case .rowChange(let change): change.versions
        case .drift, .advances: 1
        default: 0
        }
    }
}

extension TableSchema {
    /// How many former versions its rules compare with at most.
    package var formerVersions: Int { rules.map(\.demand.formerVersions).max() ?? 0 }
}

/// Judges the rules that compare a table with its former versions.
struct HistoryJudge {
    let history: TableHistory
    /// By the options of `drift`: columns of one table are judged together.
    private var drifts: [DriftLimits: TableDrift] = [:]
    private var profiles: (old: TableProfile, new: TableProfile)?

    init(_ history: TableHistory) { self.history = history }

    /// Judges one rule; `newest` is the latest moment of its column, in seconds since 1970.
    mutating func judge(_ verdict: inout RuleVerdict, rowCount: Int, newest: Double?) throws {
        guard let last = history.versions.first else {
            return verdict.skip(history.absence)
        }
        switch verdict.rule.demand {
        case .rowChange(let change): try judge(&verdict, change, rowCount)
        case .drift(let limits): try judge(&verdict, limits, last)
        case .advances: try judge(&verdict, newest, last)
        default: break
        }
    }

    // MARK: - Rows

    private func judge(
        _ verdict: inout RuleVerdict, _ change: TableRule.RowChange, _ rowCount: Int
    ) throws {
        verdict.examined = rowCount
        let versions = history.versions.prefix(change.versions)
        var sum = 0
        for version in versions {
            guard let rows = try version.rows() else { return verdict.lack(version.name) }
            sum += rows
        }
        verdict.isBroken = !change.holds(rowCount, sum: sum, count: versions.count)
        let former =
            versions.count == 1
            ? "\(groupedDigits(sum)) in \(versions[0].name)"
            : "\(shortText(Double(sum) / Double(versions.count))) on average in "
                + "\(versions.count) versions"
        let share = (Double(rowCount) * Double(versions.count) / Double(sum) - 1) * 100
        let percent = sum == 0 ? "" : " (\(share < 0 ? "" : "+")\(shortText(share)) %)"
        verdict.note = "\(groupedDigits(rowCount)) rows after \(former)\(percent)"
    }

    /// With two digits behind the point at most.
    private func shortText(_ value: Double) -> String {
        let hundredths = (value * 100).rounded()
        guard hundredths.magnitude < 1e15 else { return "\(value)" }
        let whole = Int(hundredths.magnitude)
        let digits = whole % 100
        let sign = hundredths < 0 ? "-" : ""
        let tail =
            digits == 0
            ? "" : digits % 10 == 0 ? ".\(digits / 10)" : ".\(digits < 10 ? "0" : "")\(digits)"
        return sign + groupedDigits(whole / 100) + tail
    }

    // MARK: - Distributions

    private mutating func judge(
        _ verdict: inout RuleVerdict, _ limits: DriftLimits, _ last: TableHistory.Version
    ) throws {
        guard let table = try drift(limits, from: last) else { return verdict.lack(last.name) }
        let asked = table.columns.filter { column in
            verdict.rule.column.map { $0 == column.name } ?? true
        }
        guard !asked.isEmpty else {
            return verdict.skip("\(last.name) has no such column")
        }
        let drifted = asked.filter(\.isDrifted)
        verdict.examined = asked.count
        verdict.failed = drifted.count
        let what =
            verdict.rule.column == nil
            ? "\(groupedDigits(drifted.count)) of \(groupedDigits(asked.count)) columns drifted"
            : drifted.isEmpty ? "it did not drift" : "it drifted"
        let details = drifted.prefix(RuleVerdict.exampleLimit).map { column in
            verdict.rule.column == nil
                ? "'\(printable(Array(column.name.utf8)))' \(column.reason)" : column.reason
        }
        verdict.note =
            "\(what) since \(last.name)"
            + (details.isEmpty ? "" : ": " + details.joined(separator: ", "))
    }

    private mutating func drift(
        _ limits: DriftLimits, from last: TableHistory.Version
    ) throws -> TableDrift? {
        if let known = drifts[limits] { return known }
        guard let (old, new) = try bothProfiles(last) else { return nil }
        let table = try Diffs.drift(DriftPair(old: old, new: new), limits.options) {
            try last.blocks(old.rowCount, $0)
        }[0]
        drifts[limits] = table
        return table
    }

    private mutating func bothProfiles(
        _ last: TableHistory.Version
    ) throws -> (old: TableProfile, new: TableProfile)? {
        if let profiles { return profiles }
        guard var old = try last.profile() else { return nil }
        // Both are held until all rules are judged.
        old.pack()
        var new = try history.profile()
        new.pack()
        profiles = (old, new)
        return profiles
    }

    // MARK: - Freshness

    private func judge(
        _ verdict: inout RuleVerdict, _ newest: Double?, _ last: TableHistory.Version
    ) throws {
        guard let newest else {
            verdict.isBroken = true
            verdict.note = "it holds no day or moment"
            return
        }
        guard let profile = try last.profile() else { return verdict.lack(last.name) }
        let place = profile.columnNames.firstIndex { $0 == verdict.rule.column }
        let column = place.map { profile.column($0) }
        guard let text = column?.times?.last,
            let before = TableRule.Limit(Array(text.utf8))?.seconds
        else { return verdict.skip("\(last.name) holds no day or moment there") }
        verdict.isBroken = newest <= before
        verdict.note =
            "the latest is \(momentText(newest)), after \(momentText(before)) in \(last.name)"
    }
}

extension RuleVerdict {
    /// There is nothing to judge by.
    fileprivate mutating func skip(_ reason: String) {
        isSkipped = true
        note = reason
    }

    /// A former version is needed that is elsewhere: a rule that cannot be judged is not kept.
    fileprivate mutating func lack(_ name: String) {
        isBroken = true
        note =
            "the version of \(name) is not in this store: pull it where that is checked out, or "
            + "compare with another one by '--against'"
    }
}

extension TableRule.Limit {
    /// Days and moments in seconds since 1970.
    fileprivate var seconds: Double? {
        switch sort {
        case .date: value * 86400
        case .timestamp: value / 1e6
        default: nil
        }
    }
}

extension ColumnDrift {
    /// Why it is called drifted, in a few words.
    fileprivate var reason: String {
        if haveValuesDrifted, let deciding {
            let value = (deciding.value * 10000).rounded() / 10000
            return "\(deciding.measure.rawValue) \(value)"
        }
        return "missing values"
    }
}

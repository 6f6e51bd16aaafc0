/// What a ratio ought to be.
enum Target {
    /// Ours over the peer's, not more than this.
    case atMost(Double)
    /// Ours over the peer's, less than this.
    case below(Double)
    /// So many times better than the peer: the peer's over ours.
    case atLeast(Double)

    /// The ratio that the target speaks about.
    func ratio(ours: Double, other: Double) -> Double {
        if case .atLeast = self { return other / ours }
        return ours / other
    }

    func isMet(by ratio: Double) -> Bool {
        switch self {
        case .atMost(let limit): ratio <= limit
        case .below(let limit): ratio < limit
        case .atLeast(let limit): ratio >= limit
        }
    }

    var text: String {
        switch self {
        case .atMost(let limit): "≤ \(plain(limit))"
        case .below(let limit): "< \(plain(limit))"
        case .atLeast(let limit): "≥ \(plain(limit))"
        }
    }

    private func plain(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
}

/// A set of workloads with targets of its own.
enum BenchGroup: String, CaseIterable {
    case firstLight = "first-light"
    case engine
    case remotes
    case numeric
    case tables
}

/// The targets of a row in each group; nil where the row is only told.
struct Targets {
    var firstLight: Target?
    var engine: Target?
    var remotes: Target?
    var numeric: Target?
    var tables: Target?

    subscript(group: BenchGroup) -> Target? {
        switch group {
        case .firstLight: firstLight
        case .engine: engine
        case .remotes: remotes
        case .numeric: numeric
        case .tables: tables
        }
    }
}

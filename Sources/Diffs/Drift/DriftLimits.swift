/// What people say a difference must exceed: by the name of a measure, or `missing`.
package struct DriftLimits: Hashable, Sendable {
    /// What a limit may be of, in their order.
    package static let names = DriftMeasure.allCases.map(\.rawValue) + ["missing"]

    private var limits: [String: Double] = [:]

    /// None: those of `DriftOptions` hold.
    package init() {}

    /// Sets one. Returns whether there is such a name.
    @discardableResult
    package mutating func set(_ name: String, _ limit: Double) -> Bool {
        guard DriftLimits.names.contains(name) else { return false }
        limits[name] = limit
        return true
    }

    /// Those that were set, in the order of `names`.
    var pairs: [(name: String, limit: Double)] {
        DriftLimits.names.compactMap { name in limits[name].map { (name, $0) } }
    }

    /// Limits of measures put others of measures out of their place.
    package var options: DriftOptions {
        var options = DriftOptions()
        var measures: [DriftMeasure: Double] = [:]
        for (name, limit) in pairs {
            if let measure = DriftMeasure(rawValue: name) {
                measures[measure] = limit
            } else {
                options.missingLimit = limit
            }
        }
        if !measures.isEmpty { options.limits = measures }
        return options
    }

    /// ` (psi 0.2)`; nothing where none is set.
    var words: String {
        guard !pairs.isEmpty else { return "" }
        return " (" + pairs.map { "\($0.name) \($0.limit)" }.joined(separator: ", ") + ")"
    }
}

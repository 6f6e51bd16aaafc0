internal import Bytes
internal import Kernels
internal import Vocabulary

/// The parameters that `tune` tries, by name.
struct SearchSpace: Sendable, Equatable {
    /// What a parameter may be.
    enum Choice: Sendable, Equatable {
        case values([JSONValue])
        /// From the first to the second, evenly by the value or by its logarithm.
        case range(Double, Double, isLogarithmic: Bool, isWhole: Bool)
    }

    /// Sorted by name.
    let choices: [(name: String, choice: Choice)]

    static func == (left: SearchSpace, right: SearchSpace) -> Bool {
        left.choices.map(\.name) == right.choices.map(\.name)
            && left.choices.map(\.choice) == right.choices.map(\.choice)
    }

    /// The most trials of a grid.
    static let maximumTrials = 10_000

    /// Reads `{name: [values]}` or `{name: {from, to, scale}}`.
    init(_ options: StepOptions) throws {
        guard let members = options.value("search")?.objectValue, !members.isEmpty else {
            throw options.wrong("search", SearchSpace.meaning)
        }
        choices = try members.keys.sorted { Array($0.utf8).precedes(Array($1.utf8)) }.map { name in
            guard let choice = members[name].flatMap(Choice.init) else {
                throw options.wrong("search", SearchSpace.meaning)
            }
            return (name, choice)
        }
    }

    private static let meaning =
        "parameters with a list of values each, or {from: …, to: …, scale: linear or log}"

    /// Every combination of the values, the last parameter varying fastest; nil where one of them
    /// has a range.
    var grid: [[String: JSONValue]]? {
        var trials: [[String: JSONValue]] = [[:]]
        for (name, choice) in choices {
            guard case .values(let values) = choice else { return nil }
            guard trials.count * values.count <= SearchSpace.maximumTrials else { return nil }
            trials = trials.flatMap { trial in
                values.map { value in trial.merging([name: value]) { $1 } }
            }
        }
        return trials
    }

    /// The parameters of a random trial: a function of the seed, its number and each name.
    func drawn(_ trial: Int, seed: UInt64) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for (name, choice) in choices {
            let uniform = RandomSource(seed: seed, purpose: "tune \(name)").uniform(
                at: UInt64(trial))
            result[name] = choice.value(at: uniform)
        }
        return result
    }

    /// Each choice at its ends, to be checked before anything runs.
    var samples: [[String: JSONValue]] {
        choices.flatMap { name, choice in
            switch choice {
            case .values(let values): values.map { [name: $0] }
            case .range: [0, 1].map { [name: choice.value(at: $0)] }
            }
        }
    }
}

extension SearchSpace.Choice {
    fileprivate init?(_ json: JSONValue) {
        if let values = json.arrayValue {
            guard !values.isEmpty else { return nil }
            self = .values(values)
            return
        }
        guard let members = json.objectValue, let first = members["from"]?.numberValue,
            let last = members["to"]?.numberValue, first < last, first.isFinite, last.isFinite,
            members.keys.allSatisfy({ ["from", "to", "scale"].contains($0) })
        else { return nil }
        let scale = members["scale"]?.stringValue ?? "linear"
        guard ["linear", "log"].contains(scale),
            members["scale"].map({ $0 == .string(scale) }) ?? true,
            scale == "linear" || first > 0
        else { return nil }
        self = .range(
            first, last, isLogarithmic: scale == "log",
            isWhole: first == first.rounded() && last == last.rounded()
                && max(first.magnitude, last.magnitude) < 0x1p53)
    }

    /// The value at a place in [0, 1].
    fileprivate func value(at share: Double) -> JSONValue {
        switch self {
        case .values(let values):
            return values[min(values.count - 1, Int(share * Double(values.count)))]
        case .range(let first, let last, let isLogarithmic, let isWhole):
            let value =
                isLogarithmic
                ? first * exponential(share * logarithm(last / first))
                : first + share * (last - first)
            let bounded = min(max(value, first), last)
            return isWhole ? JSONValue(Int(bounded.rounded())) : .number(bounded)
        }
    }
}

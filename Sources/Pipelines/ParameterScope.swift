import Bytes
import Vocabulary

/// What placeholders may name: parameters of files, values that the stage file itself gives, and
/// what a `foreach` or `matrix` binds.
struct ParameterScope: Sendable {
    /// Values from one place.
    struct Layer: Sendable {
        /// What locks write before the keys of the file's parameters; nil for values that stand in
        /// the stage file, which no stage depends on by name.
        let prefix: String?
        var values: Parameters
    }

    /// What a name stands for while one member of a group is made.
    enum Binding: Sendable, Equatable {
        /// A value that the stage file says.
        case value(JSONValue)
        /// The parameter of that dotted key: the stage depends on what it uses of it.
        case parameter(String)
    }

    /// What was found under a key.
    struct Finding {
        let value: JSONValue
        /// The parameters that it was found in, leaf by leaf, as locks name them.
        let used: [String: JSONValue]
    }

    private var layers: [Layer] = []
    /// All layers as one: no two of them have a leaf of the same key.
    private var merged = Parameters(.object([:]))
    private var bindings: [String: Binding] = [:]

    /// Takes more values in; the key that another layer has already is returned, and then nothing
    /// is changed.
    mutating func add(_ layer: Layer) -> String? {
        if let clash = merged.clash(with: layer.values) { return clash }
        layers.append(layer)
        merged = merged.merging(layer.values)
        return nil
    }

    /// The same with names bound; they hide parameters of their name.
    func binding(_ names: [String: Binding]) -> ParameterScope {
        var scope = self
        scope.bindings.merge(names) { _, last in last }
        return scope
    }

    /// What a stage was given when its parameters had the values that a lock keeps.
    func former(_ recorded: [String: JSONValue]) -> ParameterScope {
        var scope = ParameterScope()
        scope.bindings = bindings
        for layer in layers {
            var layer = layer
            if let prefix = layer.prefix {
                layer.values = Parameters(
                    leaves: Dictionary(
                        uniqueKeysWithValues: recorded.filter { $0.key.hasPrefix(prefix) }
                            .map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
            }
            scope.layers.append(layer)
            scope.merged = scope.merged.merging(layer.values)
        }
        return scope
    }

    /// What `key` names; nil if there is no such thing.
    func find(_ key: String) -> Finding? {
        let (name, rest) = ParameterScope.split(key)
        if case .value(let value) = bindings[name] {
            let found = rest.map { Parameters(value)[$0] } ?? value
            return found.map { Finding(value: $0, used: [:]) }
        }
        guard let key = parameterKey(key), let value = merged[key] else { return nil }
        var used: [String: JSONValue] = [:]
        for layer in layers {
            guard let prefix = layer.prefix else { continue }
            for (leaf, value) in layer.values.leaves(under: key) { used[prefix + leaf] = value }
        }
        return Finding(value: value, used: used)
    }

    /// The dotted key of the parameter that `key` would name, through bindings; nil where it names
    /// a bound value.
    func parameterKey(_ key: String) -> String? {
        let (name, rest) = ParameterScope.split(key)
        return switch bindings[name] {
        case .value: nil
        case .parameter(let alias): rest.map { alias + "." + $0 } ?? alias
        case nil: key
        }
    }

    /// Every key that `find` knows, sorted.
    var keys: [String] { (bindings.keys + merged.keys).sorted() }

    private static func split(_ key: String) -> (name: String, rest: String?) {
        let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : nil)
    }
}

extension Parameters {
    /// The first key, in order, at which both have a value and not both a mapping.
    fileprivate func clash(with other: Parameters) -> String? {
        func search(_ old: JSONValue, _ new: JSONValue, _ path: String) -> String? {
            guard let former = old.objectValue, let members = new.objectValue else { return path }
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                guard let value = former[name] else { continue }
                let key = path.isEmpty ? name : path + "." + name
                if let found = search(value, member, key) { return found }
            }
            return nil
        }
        return search(values, other.values, "")
    }

    fileprivate func merging(_ other: Parameters) -> Parameters {
        func merged(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
            guard let former = old.objectValue, let members = new.objectValue else { return new }
            return .object(former.merging(members, uniquingKeysWith: merged))
        }
        return Parameters(merged(values, other.values))
    }
}

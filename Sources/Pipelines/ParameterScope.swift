import Bytes
import Vocabulary

/// What placeholders may name: the parameters, and what a `foreach` or `matrix` binds.
struct ParameterScope: Sendable {
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

    let parameters: Parameters
    private(set) var bindings: [String: Binding] = [:]

    init(_ parameters: Parameters) { self.parameters = parameters }

    /// The same with names bound; they hide parameters of their name.
    func binding(_ names: [String: Binding]) -> ParameterScope {
        var scope = self
        scope.bindings.merge(names) { _, last in last }
        return scope
    }

    /// What a stage was given when its parameters had the values that a lock keeps.
    func former(_ recorded: [String: JSONValue]) -> ParameterScope {
        var scope = ParameterScope(Parameters(leaves: recorded))
        scope.bindings = bindings
        return scope
    }

    /// What `key` names; nil if there is no such thing.
    func find(_ key: String) -> Finding? {
        let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count > 1 ? String(parts[1]) : nil
        switch bindings[String(parts[0])] {
        case .value(let value):
            let found = rest.map { Parameters(value)[$0] } ?? value
            return found.map { Finding(value: $0, used: [:]) }
        case .parameter(let alias): return parameter(rest.map { alias + "." + $0 } ?? alias)
        case nil: return parameter(key)
        }
    }

    private func parameter(_ key: String) -> Finding? {
        parameters[key].map { Finding(value: $0, used: parameters.leaves(under: key)) }
    }

    /// Every key that `find` knows, sorted.
    var keys: [String] { (bindings.keys + parameters.keys).sorted() }

    /// The dotted key of the parameter that `key` names, through bindings; nil for other values.
    func parameterKey(_ key: String) -> String? {
        let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        switch bindings[String(parts[0])] {
        case .value: return nil
        case .parameter(let alias): return parts.count > 1 ? alias + "." + parts[1] : alias
        case nil: return parameters[key] == nil ? nil : key
        }
    }
}

/// The settings of one remote, by the last part of their keys: `region` of `remote.NAME.region`.
package struct RemoteSettings: Hashable, Sendable {
    private let values: [String: String]

    /// The settings; truth values are `true` and `false`.
    package init(_ values: [String: String] = [:]) { self.values = values }

    /// The text of a setting; nil where it is not set or empty.
    package func text(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether the setting is `true`.
    package func isTrue(_ key: String) -> Bool { values[key] == "true" }
}

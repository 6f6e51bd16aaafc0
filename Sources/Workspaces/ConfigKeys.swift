/// A key that `config.toml` may hold.
package struct ConfigKey: Hashable, Sendable {
    /// What its value must be.
    package enum Form: String, Hashable, Sendable {
        /// Text.
        case text
        /// A whole number from 0 up.
        case count
    }

    /// The dotted name; `NAME` stands for any name of a remote.
    package let pattern: String
    /// What its value must be.
    package let form: Form
    /// What it decides, in one line.
    package let meaning: String

    /// Whether the dotted name `key` is this key.
    package func matches(_ key: String) -> Bool {
        let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
        let given = key.split(separator: ".", omittingEmptySubsequences: false)
        return wanted.count == given.count
            && zip(wanted, given).allSatisfy { $0 == $1 || ($0 == "NAME" && !$1.isEmpty) }
    }
}

/// All keys of `config.toml`. Adding one is one line here and one in docs/reference/config.md.
package enum ConfigKeys {
    /// The list.
    package static let all: [ConfigKey] = [
        ConfigKey(pattern: "version", form: .count, meaning: "the version of this file, 1"),
        ConfigKey(pattern: "remote.NAME.url", form: .text, meaning: "where the remote NAME is"),
        ConfigKey(
            pattern: "remote.default", form: .text,
            meaning: "the remote that is meant when none is named"),
        ConfigKey(
            pattern: "user.name", form: .text,
            meaning: "the author of snapshots, before git's user.name"),
        ConfigKey(
            pattern: "user.email", form: .text,
            meaning: "the author's address, before git's user.email"),
        ConfigKey(
            pattern: "core.threads", form: .count,
            meaning: "how many threads work may use; 0: one a processor"),
    ]

    /// The key that a dotted name means, or nil.
    package static func key(named name: String) -> ConfigKey? { all.first { $0.matches(name) } }
}

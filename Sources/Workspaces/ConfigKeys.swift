import Objects

/// A key that `config.toml` may hold.
package struct ConfigKey: Hashable, Sendable {
    /// What its value must be.
    package enum Form: String, Hashable, Sendable {
        /// Text.
        case text
        /// A whole number from 0 up.
        case count
        /// `true` or `false`.
        case truth = "truth value"
    }

    /// The dotted name; `NAME` stands for any name.
    package let pattern: String
    /// What its value must be.
    package let form: Form
    /// The values that it may have; nil where any of its form will do.
    package var choices: [String]?
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
    package static let all: [ConfigKey] =
        [
            ConfigKey(pattern: "version", form: .count, meaning: "the version of this file, 1"),
            ConfigKey(pattern: "remote.NAME.url", form: .text, meaning: "where the remote NAME is"),
            ConfigKey(
                pattern: "remote.default", form: .text,
                meaning: "the remote that is meant when none is named"),
        ] + remoteKeys + [
            ConfigKey(
                pattern: "user.name", form: .text,
                meaning: "the author of snapshots, before git's user.name"),
            ConfigKey(
                pattern: "user.email", form: .text,
                meaning: "the author's address, before git's user.email"),
            ConfigKey(
                pattern: "core.threads", form: .count,
                meaning: "how many threads work may use; 0: one a processor"),
            ConfigKey(
                pattern: "slots.NAME", form: .count,
                meaning: "how much there is of the resource NAME for stages that run at once"),
            ConfigKey(
                pattern: "cache.type", form: .text,
                choices: ContentSharing.allCases.map(\.rawValue),
                meaning: "how large files that do not compress share their place with the store"),
        ]

    /// Those about one remote, which only some kinds of remotes look at.
    private static let remoteKeys: [ConfigKey] = [
        ("endpoint", .text, "the server of an s3 remote, for all but AWS"),
        ("region", .text, "the region of the bucket"),
        ("profile", .text, "the profile of ~/.aws with the keys"),
        ("addressing", .text, "auto, path or virtual: how the bucket is addressed"),
        ("anonymous", .truth, "send no keys"),
        ("requesterPays", .truth, "pay for what is read"),
        ("encryption", .text, "AES256 or aws:kms: how the server encrypts"),
        ("encryptionKey", .text, "the key for aws:kms"),
        ("storageClass", .text, "the storage class of packs"),
        ("authorities", .text, "a file of certificate authorities"),
        ("writers", .text, "many, one or none: how many may write at once"),
    ].map { (key: (String, ConfigKey.Form, String)) in
        ConfigKey(pattern: "remote.NAME.\(key.0)", form: key.1, meaning: key.2)
    }

    /// The key that a dotted name means, or nil.
    package static func key(named name: String) -> ConfigKey? { all.first { $0.matches(name) } }
}

/// The mutable name of a record: `head`, `runs/3fa1c9…`, `tags/v1`. Components of letters,
/// digits, `.`, `_`, `-` joined by `/`; no component starts with `.` or ends in `.lock`.
package struct RefName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The text.
    package let description: String

    /// The name, or nil when the text breaks a rule of the type.
    package init?(_ text: some StringProtocol) {
        guard (1...255).contains(text.utf8.count) else { return nil }
        for component in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard !component.isEmpty, component.first != ".", !component.hasSuffix(".lock"),
                component.utf8.allSatisfy(isNameByte)
            else { return nil }
        }
        description = String(text)
    }

    /// The head of the workspace's own history of snapshots.
    package static let head = RefName(trusted: "head")

    /// `runs/<id>`.
    package static func run(_ id: RunID) -> RefName { RefName(trusted: "runs/" + id.digest.hex) }

    /// `recipes/<key>`: the run that answers a recipe key.
    package static func recipe(_ key: RecipeKey) -> RefName {
        RefName(trusted: "recipes/" + key.digest.hex)
    }

    /// `verdicts/<run>/<id>`: what one replay of the run showed. Each verdict has a name of its own, so
    /// that those of two machines never compete.
    package static func verdict(_ id: RecordID, on run: RunID) -> RefName {
        RefName(trusted: "verdicts/\(run.digest.hex)/\(id.digest.hex)")
    }

    /// What the names of `part(of:)` begin with.
    package static let partPrefix = "parts/"

    /// `parts/<tree>`: what is here of a directory of which not all is.
    package static func part(of tree: TreeID) -> RefName {
        RefName(trusted: partPrefix + tree.digest.hex)
    }

    private init(trusted text: String) { description = text }

    package static func < (left: RefName, right: RefName) -> Bool {
        Array(left.description.utf8).precedes(Array(right.description.utf8))
    }
}

/// The name of a remote: letters, digits, `_`, `-`, up to 64.
package struct RemoteName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The text.
    package let description: String

    /// The name, or nil when the text breaks a rule of the type.
    package init?(_ text: some StringProtocol) {
        guard (1...64).contains(text.utf8.count), text.first != "-",
            text.utf8.allSatisfy({ isNameByte($0) && $0 != 0x2e })
        else { return nil }
        description = String(text)
    }

    package static func < (left: RemoteName, right: RemoteName) -> Bool {
        left.description < right.description
    }
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
    default: false
    }
}

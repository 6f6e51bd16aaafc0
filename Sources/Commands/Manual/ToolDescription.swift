import ArgumentParser
import Bytes
import Vocabulary

/// A command as the parser describes itself: what manual and reference pages are made from, so
/// that they cannot tell another story than `--help`.
struct ToolDescription {
    /// An argument, an option or a flag.
    struct Argument {
        /// `<path>`, or `-q, --quiet`, or `-C <dir>`.
        var label: String
        var isPositional: Bool
        var abstract: String
        /// Printed behind the abstract where there is one.
        var defaultValue: String?
        var values: [String]
        /// As it stands in the usage line: `[--key <key>]`, `<path> ...`.
        var usage: String
    }

    /// The words to type: `["mlstore", "remote", "add"]`.
    var words: [String]
    var abstract: String
    var discussion: String
    var arguments: [Argument]
    var subcommands: [ToolDescription]

    /// `mlstore remote add`.
    var name: String { words.joined(separator: " ") }
    /// `mlstore-remote-add`: the name of its pages.
    var pageName: String { words.joined(separator: "-") }
    /// The usage line.
    var usage: String {
        let rest = subcommands.isEmpty ? arguments.map(\.usage) : ["<command>"]
        return ([name] + rest).joined(separator: " ")
    }

    /// This command and all below it, in the order of the lists.
    var allPages: [ToolDescription] { [self] + subcommands.flatMap(\.allPages) }

    /// The description of the whole program.
    static func ofProgram() throws -> ToolDescription {
        let dump = try JSONValue(parsing: Array(MLStoreCommand._dumpHelp().utf8))
        guard let command = dump["command"], let tool = ToolDescription(command, above: []) else {
            throw StoreError(.internalFault, "the parser describes itself in an unknown form")
        }
        return tool
    }

    private init?(_ dump: JSONValue, above: [String]) {
        guard let name = dump["commandName"]?.stringValue else { return nil }
        let words = above + [name]
        self.words = words
        abstract = dump["abstract"]?.stringValue ?? ""
        discussion = dump["discussion"]?.stringValue ?? ""
        arguments = (dump["arguments"]?.arrayValue ?? []).compactMap(Argument.init)
        subcommands = (dump["subcommands"]?.arrayValue ?? [])
            .filter { $0.isShown && $0["commandName"]?.stringValue != "help" }
            .compactMap { ToolDescription($0, above: words) }
    }
}

extension ToolDescription.Argument {
    fileprivate init?(_ dump: JSONValue) {
        let names = (dump["names"]?.arrayValue ?? []).compactMap(Self.dashed)
        guard dump.isShown, let kind = dump["kind"]?.stringValue, !names.contains("--help"),
            !names.contains("--version")
        else { return nil }
        let value = "<\(dump["valueName"]?.stringValue ?? "value")>"
        let short = names.filter { !$0.hasPrefix("--") }
        let ordered = short + names.filter { $0.hasPrefix("--") }
        isPositional = kind == "positional"
        let typed = isPositional ? value : ordered.joined(separator: ", ")
        label = kind == "option" ? "\(typed) \(value)" : typed
        abstract = dump["abstract"]?.stringValue ?? ""
        defaultValue = kind == "flag" ? nil : dump["defaultValue"]?.stringValue
        values = (dump["allValues"]?.arrayValue ?? []).compactMap(\.stringValue)
        let preferred = ordered.last ?? value
        let once = kind == "option" ? "\(preferred) \(value)" : preferred
        let repeated = dump["isRepeating"]?.boolValue == true ? "\(once) ..." : once
        usage = dump["isOptional"]?.boolValue == true ? "[\(repeated)]" : repeated
    }

    private static func dashed(_ name: JSONValue) -> String? {
        guard let text = name["name"]?.stringValue else { return nil }
        return name["kind"]?.stringValue == "long" ? "--" + text : "-" + text
    }
}

extension JSONValue {
    fileprivate var isShown: Bool { self["shouldDisplay"]?.boolValue ?? true }
}

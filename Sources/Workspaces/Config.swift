import Platform
import TOMLKit
package import Vocabulary

/// The settings of a workspace: `.mlstore/config.toml`, which is committed to git.
///
/// The text is the truth: an edit changes the one line that it is about, so that the comments of
/// the people who wrote the rest stay, and is read again to see that it did just that.
package struct Config: Hashable, Sendable {
    /// A value of the file.
    package enum Value: Hashable, Sendable, CustomStringConvertible {
        /// Text.
        case text(String)
        /// A whole number.
        case integer(Int)
        /// `true` or `false`.
        case truth(Bool)
        /// Something that none of our keys holds.
        case other

        /// The value for people.
        package var description: String {
            switch self {
            case .text(let text): text
            case .integer(let number): String(number)
            case .truth(let isTrue): String(isTrue)
            case .other: "(not text)"
            }
        }
    }

    /// The longest file that is read.
    package static let maximumBytes = 1 << 20

    /// The text of the file.
    package let text: String
    /// All values by dotted key.
    package let values: [String: Value]

    /// What `init` writes.
    package static let initialText = """
        # Settings of this mlstore workspace, shared with everyone who clones it.
        version = 1

        """

    /// Reads the text of a file; `file` is its name for errors, which give the line.
    package init(parsing bytes: [UInt8], file: String) throws {
        let table: TOMLTable
        do throws(TOMLError) {
            table = try tomlTable(bytes)
        } catch {
            throw Config.malformed(file, line: error.line, error.reason)
        }
        var values: [String: Value] = [:]
        Config.flatten(table, prefix: "", depth: 0, into: &values)
        text = String(decoding: bytes, as: UTF8.self)
        self.values = values
        try checkForms(file)
    }

    /// The value of a dotted key, if it is text.
    package func string(_ key: String) -> String? {
        if case .text(let text) = values[key] { text } else { nil }
    }

    /// The value of a dotted key, if it is a number.
    package func integer(_ key: String) -> Int? {
        if case .integer(let number) = values[key] { number } else { nil }
    }

    /// The remotes in the order of their names.
    package var remotes: [(name: RemoteName, url: String)] {
        values.compactMap { key, value -> (name: RemoteName, url: String)? in
            let parts = key.split(separator: ".")
            guard parts.count == 3, parts[0] == "remote", parts[2] == "url",
                let name = RemoteName(parts[1]), case .text(let url) = value
            else { return nil }
            return (name, url)
        }.sorted { $0.name < $1.name }
    }

    /// The settings of one remote, by the last part of their keys.
    package func settings(ofRemote name: RemoteName) -> [String: String] {
        let prefix = "remote.\(name)."
        return values.reduce(into: [:]) { result, item in
            guard item.key.hasPrefix(prefix) else { return }
            result[String(item.key.dropFirst(prefix.count))] = item.value.description
        }
    }

    /// Keys that no version of mlstore known here understands, sorted: probably misspelt.
    package var unknownKeys: [String] {
        values.keys.filter { ConfigKeys.key(named: $0) == nil }.sorted()
    }

    private static func flatten(
        _ table: TOMLTable, prefix: String, depth: Int, into values: inout [String: Value]
    ) {
        for key in table.keys {
            guard let value = table[key] else { continue }
            let name = prefix + key
            if let inner = value.table, depth < 16 {
                flatten(inner, prefix: name + ".", depth: depth + 1, into: &values)
            } else if let text = value.string {
                values[name] = .text(text)
            } else if let number = value.int {
                values[name] = .integer(number)
            } else if let isTrue = value.bool {
                values[name] = .truth(isTrue)
            } else {
                values[name] = .other
            }
        }
    }

    private func checkForms(_ file: String) throws {
        for name in values.keys.sorted() {
            guard let key = ConfigKeys.key(named: name), let value = values[name] else { continue }
            guard value.fits(key.form) else {
                throw StoreError(
                    .malformed, "cannot read '\(file)': '\(name)' must be a \(key.form.rawValue)",
                    subject: name, advice: "open '\(file)' and correct it")
            }
            if let choices = key.choices, !choices.contains(value.description) {
                throw StoreError(
                    .malformed,
                    "cannot read '\(file)': '\(name)' is none of \(choices.joined(separator: ", "))",
                    subject: name, advice: "open '\(file)' and correct it")
            }
        }
        if let version = integer("version"), version > 1 {
            throw StoreError(
                .newerFormat,
                "cannot read '\(file)': it has version \(version), and this mlstore knows version 1",
                subject: file, advice: "install a newer mlstore")
        }
    }

    private static func malformed(_ file: String, line: Int, _ reason: String) -> StoreError {
        StoreError(
            .malformed, "cannot read '\(file)' line \(line): \(printable(Array(reason.utf8)))",
            subject: file, advice: "open '\(file)' and correct it", safety: "nothing was changed")
    }
}

extension Config.Value {
    func fits(_ form: ConfigKey.Form) -> Bool {
        switch (self, form) {
        case (.text, .text), (.truth, .truth): true
        case (.integer(let number), .count): number >= 0
        default: false
        }
    }
}

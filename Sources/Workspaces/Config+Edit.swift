import Bytes
import Vocabulary

extension Config {
    /// The same settings with `key` (dotted) set to `value`, all else in the text as it was.
    /// Throws `.badUsage` for an unknown key or a value of the wrong form.
    package func setting(_ key: String, to value: String) throws -> Config {
        let literal = try Config.literal(value, for: key)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let path = key.split(separator: ".").map(String.init)
        let scan = TOMLLines(lines)
        if let line = scan.line(of: path) {
            lines[line] = TOMLLines.replacingValue(in: lines[line], with: literal)
        } else if let end = scan.endOfTable(Array(path.dropLast())) {
            lines.insert("\(path.last ?? "") = \(literal)", at: end)
        } else {
            while lines.last == "" { lines.removeLast() }
            let name = path.dropLast().joined(separator: ".")
            if !lines.isEmpty { lines.append("") }
            lines += ["[\(name)]", "\(path.last ?? "") = \(literal)"]
        }
        var expected = values
        expected[key] =
            switch ConfigKeys.key(named: key)?.form {
            case .count: Int(value).map { .integer($0) }
            case .truth: .truth(value == "true")
            case .text, nil: .text(value)
            }
        return try checked(lines, key: key, expected: expected)
    }

    /// The same settings without `key`; throws `.notFound` when it is not set. A table that holds
    /// nothing any more goes as well.
    package func removing(_ key: String) throws -> Config {
        guard values[key] != nil else {
            throw StoreError(
                .notFound, "the setting '\(key)' is not set", subject: key,
                advice: "list the settings with 'mlstore config'")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let line = TOMLLines(lines).line(of: key.split(separator: ".").map(String.init))
        else {
            throw Config.cannotEdit(key)
        }
        lines.remove(at: line)
        TOMLLines.removeEmptyTable(endingAt: line, from: &lines)
        var expected = values
        expected[key] = nil
        return try checked(lines, key: key, expected: expected)
    }

    /// Reads the edited text again: it must say what was meant, and nothing else may differ.
    private func checked(
        _ lines: [String], key: String, expected: [String: Value]
    ) throws -> Config {
        var text = lines.joined(separator: "\n")
        if !text.hasSuffix("\n") { text += "\n" }
        guard let edited = try? Config(parsing: Array(text.utf8), file: "config.toml"),
            edited.values == expected
        else { throw Config.cannotEdit(key) }
        return edited
    }

    private static func literal(_ value: String, for key: String) throws -> String {
        guard let known = ConfigKeys.key(named: key) else {
            let near = nearest(key, in: ConfigKeys.all.map(\.pattern))
            throw StoreError(
                .badUsage, "there is no setting '\(printable(Array(key.utf8)))'", subject: key,
                advice: near.map { "did you mean '\($0)'?" }
                    ?? "see docs/reference/config.md for the list")
        }
        if key.hasPrefix("remote."), key != "remote.default" {
            let name = key.split(separator: ".")[1]
            guard RemoteName(name) != nil else {
                throw StoreError(
                    .badUsage, "a remote cannot be named '\(printable(Array(name.utf8)))'",
                    subject: String(name), advice: "use letters, digits, '_' and '-'")
            }
        }
        if known.form == .truth {
            guard value == "true" || value == "false" else {
                throw StoreError(
                    .badUsage, "the setting '\(key)' must be true or false", subject: key)
            }
            return value
        }
        guard known.form == .text else {
            guard let number = Int(value), number >= 0 else {
                throw StoreError(
                    .badUsage, "the setting '\(key)' must be a whole number, 0 or more",
                    subject: key)
            }
            return String(number)
        }
        if let choices = known.choices, !choices.contains(value) {
            throw StoreError(
                .badUsage, "the setting '\(key)' is one of \(choices.joined(separator: ", "))",
                subject: key)
        }
        // JSON's quoting is TOML's for basic strings, once DEL is escaped too.
        let json = String(decoding: JSONValue.string(value).canonical, as: UTF8.self)
        return json.split(separator: "\u{7f}", omittingEmptySubsequences: false)
            .joined(separator: "\\u007f")
    }

    private static func cannotEdit(_ key: String) -> StoreError {
        StoreError(
            .malformed,
            "cannot change '\(key)' in '.mlstore/config.toml': it is written there in a "
                + "way that mlstore does not edit", subject: key,
            advice: "open '.mlstore/config.toml' and change it by hand",
            safety: "nothing was changed")
    }
}

/// Where keys and tables stand in the lines of a TOML text: enough to find the line to edit. A
/// line inside a text of several lines may mislead it, which the caller's re-reading notices.
struct TOMLLines {
    private var keys: [(path: [String], line: Int)] = []
    private var tables: [(path: [String], end: Int)] = [([], 0)]

    init(_ lines: [String]) {
        for (number, line) in lines.enumerated() {
            let content = line.drop { $0 == " " || $0 == "\t" }
            if content.isEmpty || content.first == "#" { continue }
            if content.first == "[" {
                let inner = content.dropFirst().prefix { $0 != "]" }
                tables.append((TOMLLines.path(inner), number + 1))
            } else if let equals = content.firstIndex(of: "=") {
                let current = tables[tables.count - 1].path
                keys.append((current + TOMLLines.path(content[..<equals]), number))
                tables[tables.count - 1].end = number + 1
            }
        }
    }

    /// The line that sets the key.
    func line(of path: [String]) -> Int? { keys.first { $0.path == path }?.line }

    /// The line behind the last key of the table.
    func endOfTable(_ path: [String]) -> Int? { tables.first { $0.path == path }?.end }

    /// A dotted key's parts, without blanks and quotes.
    private static func path(_ text: some StringProtocol) -> [String] {
        text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" })
        }
    }

    /// The line with another value behind its `=`, its indentation and comment kept.
    static func replacingValue(in line: String, with literal: String) -> String {
        guard let equals = line.firstIndex(of: "=") else { return line }
        let behind = line[line.index(after: equals)...]
        var quote: Character?
        var isEscaped = false
        for index in behind.indices {
            let character = behind[index]
            if let open = quote {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\", open == "\"" {
                    isEscaped = true
                } else if character == open {
                    quote = nil
                }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#" {
                let value = behind[..<index]
                let blanks = value.reversed().prefix { $0 == " " || $0 == "\t" }
                return line[...equals] + " \(literal)" + String(blanks) + behind[index...]
            }
        }
        return line[...equals] + " \(literal)"
    }

    /// Removes the header above `line` when only blank lines stand between it and the next one.
    static func removeEmptyTable(endingAt line: Int, from lines: inout [String]) {
        func isBlank(_ text: String) -> Bool { text.allSatisfy { $0 == " " || $0 == "\t" } }
        var header = line - 1
        while header >= 0, isBlank(lines[header]) { header -= 1 }
        guard header >= 0, lines[header].drop(while: { $0 == " " }).first == "[" else { return }
        let next = lines[line...].first { !isBlank($0) }
        guard next == nil || next?.drop(while: { $0 == " " }).first == "[" else { return }
        lines.remove(at: header)
        while header > 0, header <= lines.count, isBlank(lines[header - 1]),
            header == lines.count || isBlank(lines[header])
        {
            lines.remove(at: header - 1)
            header -= 1
        }
    }
}

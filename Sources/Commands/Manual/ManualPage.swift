/// The manual page of a command, as roff for man(1).
func manualPage(of tool: ToolDescription, version: String) -> String {
    var lines = [
        ".TH \"\(tool.pageName.uppercased())\" \"1\" \"\" \"mlstore \(version)\" \"mlstore manual\"",
        ".nh", ".SH NAME", "\(roff(tool.pageName)) \\- \(roff(tool.abstract))",
        ".SH SYNOPSIS", ".B \(roff(tool.name))",
        roff(String(tool.usage.dropFirst(tool.name.count))),
    ]
    if !tool.subcommands.isEmpty {
        lines.append(".SH COMMANDS")
        for child in tool.subcommands {
            lines += [".TP", ".B \(roff(child.pageName))(1)", roff(child.abstract)]
        }
    }
    if !tool.arguments.isEmpty {
        lines.append(".SH OPTIONS")
        for argument in tool.arguments {
            lines += [".TP", ".B \(roff(argument.label))", roff(explanation(of: argument))]
        }
    }
    lines += description(tool.discussion)
    return lines.joined(separator: "\n") + "\n"
}

private func explanation(of argument: ToolDescription.Argument) -> String {
    var text = argument.abstract
    if !argument.values.isEmpty { text += " One of: \(argument.values.joined(separator: ", "))." }
    if let value = argument.defaultValue { text += " Default: \(value)." }
    return text
}

/// Paragraphs, with indented lines set as they are.
private func description(_ text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    var lines = [".SH DESCRIPTION"]
    var isCode = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let startsCode = line.hasPrefix("  ")
        if startsCode != isCode {
            lines += startsCode ? [".RS 4", ".nf"] : [".fi", ".RE"]
            isCode = startsCode
        }
        if line == "Examples:" {
            lines.append(".SH EXAMPLES")
        } else if line.isEmpty {
            lines.append(".PP")
        } else {
            lines.append(roff(startsCode ? String(line.dropFirst(2)) : String(line)))
        }
    }
    if isCode { lines += [".fi", ".RE"] }
    return lines
}

/// Text that roff prints as it stands: no escapes, no requests, dashes that can be copied.
private func roff(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "\\": result += "\\e"
        case "-": result += "\\-"
        default: result.append(character)
        }
    }
    if let first = result.first, first == "." || first == "'" { result = "\\&" + result }
    return result.isEmpty ? "\\&" : result
}

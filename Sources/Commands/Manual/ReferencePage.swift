/// The page of a command in docs/reference/cli, as Markdown.
func referencePage(of tool: ToolDescription) -> String {
    var parts = ["# \(tool.name)", tool.abstract, "```\n\(tool.usage)\n```"]
    if !tool.subcommands.isEmpty {
        let rows = tool.subcommands.map { child in
            "- [`\(child.name)`](\(child.pageName).md): \(child.abstract)"
        }
        parts.append("## Commands\n\n" + rows.joined(separator: "\n"))
    }
    for (title, isPositional) in [("Arguments", true), ("Options", false)] {
        let rows = tool.arguments.filter { $0.isPositional == isPositional }.map(optionRow)
        if !rows.isEmpty { parts.append("## \(title)\n\n" + rows.joined(separator: "\n")) }
    }
    parts.append(markdown(fromHelp: tool.discussion))
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
}

private func optionRow(_ argument: ToolDescription.Argument) -> String {
    var row = "- `\(argument.label)`"
    if !argument.abstract.isEmpty { row += ": \(argument.abstract)" }
    if !argument.values.isEmpty {
        row += " One of \(argument.values.map { "`\($0)`" }.joined(separator: ", "))."
    }
    if let value = argument.defaultValue { row += " Default: `\(value)`." }
    return row
}

/// Help text with its indented lines as code and `Examples:` as a heading.
private func markdown(fromHelp text: String) -> String {
    var lines: [String] = []
    var isCode = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let startsCode = line.hasPrefix("  ")
        if startsCode != isCode {
            lines.append("```")
            isCode = startsCode
        }
        if line == "Examples:" {
            lines += ["## Examples", ""]
        } else {
            lines.append(startsCode ? String(line.dropFirst(2)) : String(line))
        }
    }
    if isCode { lines.append("```") }
    return lines.joined(separator: "\n")
}

/// `text` broken between words so that no line is wider than `width` where words allow it; the
/// first line starts with `prefix`, the others with as many spaces. Line breaks in the text stay,
/// and lines of it that start with four spaces are shown as they are: a mark stays below its place.
func wrapped(_ text: String, prefix: String = "", width: Int = 100) -> [String] {
    let indent = String(repeating: " ", count: displayWidth(prefix))
    var lines: [String] = []
    var line = prefix
    var used = displayWidth(prefix)
    var isEmpty = true
    func flush() {
        lines.append(line)
        line = indent
        used = indent.count
        isEmpty = true
    }
    for (number, part) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
        if number > 0 { flush() }
        if part.hasPrefix("    ") {
            line += part
            continue
        }
        for word in part.split(separator: " ") {
            let columns = displayWidth(String(word))
            if !isEmpty, used + 1 + columns > width { flush() }
            if !isEmpty {
                line += " "
                used += 1
            }
            line += word
            used += columns
            isEmpty = false
        }
    }
    flush()
    return lines
}

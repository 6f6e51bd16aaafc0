import Vocabulary

/// A Markdown text whose `console` blocks are commands with the output they give: the tutorial, as
/// people read it, as `mlstore demo` runs it and as the tests check it.
///
/// In a block, a line `$ command` is run by the shell; lines `> more` behind it belong to the
/// command (a here-document, say); what follows up to the next command is its output. In the
/// output, `[..]` stands for anything within a line, a line `...` for any number of lines, and
/// `[exit N]` as the last line says that the command ends with status N.
package struct Transcript: Sendable {
    /// One command.
    package struct Step: Sendable, Equatable {
        /// What the shell runs; several lines for a here-document.
        package let command: String
        /// The lines it prints.
        package let expected: [String]
        /// The line of the text where the command stands, from 1.
        package let line: Int
        /// Whether a blank line or prose stands before the command: where `demo` pauses.
        package let heading: String?
    }

    /// The first title of the text.
    package let title: String
    /// The commands, in order.
    package let steps: [Step]

    /// Reads a Markdown text.
    package init(markdown: String) {
        var reader = TranscriptReader()
        for (index, line) in markdown.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            reader.read(String(line), number: index + 1)
        }
        reader.finishStep()
        title = reader.title
        steps = reader.steps
    }

    /// Whether `lines` are what `expected` describes.
    package static func matches(_ lines: [String], expected: [String]) -> Bool {
        matches(lines[...], expected[...])
    }

    private static func matches(_ lines: ArraySlice<String>, _ expected: ArraySlice<String>)
        -> Bool
    {
        guard let first = expected.first else { return lines.isEmpty }
        if first == "..." {
            return (lines.startIndex...lines.endIndex).contains {
                matches(lines[$0...], expected.dropFirst())
            }
        }
        guard let line = lines.first, matches(line: line, pattern: first) else { return false }
        return matches(lines.dropFirst(), expected.dropFirst())
    }

    /// Whether `line` is `pattern` with every `[..]` replaced by some text.
    package static func matches(line: String, pattern: String) -> Bool {
        let parts = split(pattern, by: "[..]")
        guard parts.count > 1, let first = parts.first, let last = parts.last else {
            return line == pattern
        }
        guard line.hasPrefix(first) else { return false }
        var rest = line.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() {
            guard let found = firstRange(of: part, in: rest) else { return false }
            rest = rest[found...].dropFirst(part.count)
        }
        return rest.count >= last.count && rest.hasSuffix(last)
    }

    private static func split(_ text: String, by separator: String) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while let found = firstRange(of: separator, in: rest) {
            parts.append(String(rest[..<found]))
            rest = rest[found...].dropFirst(separator.count)
        }
        return parts + [String(rest)]
    }

    private static func firstRange(of part: String, in text: Substring) -> Substring.Index? {
        var start = text.startIndex
        while true {
            if text[start...].hasPrefix(part) { return start }
            guard start < text.endIndex else { return nil }
            start = text.index(after: start)
        }
    }
}

/// Reads the lines one by one.
private struct TranscriptReader {
    var title = ""
    var steps: [Transcript.Step] = []
    private var isInBlock = false
    private var heading: String?
    private var command: [String] = []
    private var expected: [String] = []
    private var start = 0

    mutating func read(_ line: String, number: Int) {
        if isInBlock {
            readBlock(line, number: number)
        } else if line == "```console" {
            isInBlock = true
        } else if line.hasPrefix("#") {
            let text = String(line.drop { $0 == "#" || $0 == " " })
            if title.isEmpty { title = text } else { heading = text }
        }
    }

    private mutating func readBlock(_ line: String, number: Int) {
        if line == "```" {
            finishStep()
            isInBlock = false
        } else if line.hasPrefix("$ ") {
            finishStep()
            command = [String(line.dropFirst(2))]
            start = number
        } else if line.hasPrefix("> "), expected.isEmpty, !command.isEmpty {
            command.append(String(line.dropFirst(2)))
        } else if line == ">", expected.isEmpty, !command.isEmpty {
            command.append("")
        } else if !command.isEmpty {
            expected.append(line)
        }
    }

    mutating func finishStep() {
        guard !command.isEmpty else { return }
        steps.append(
            Transcript.Step(
                command: command.joined(separator: "\n"), expected: expected, line: start,
                heading: heading))
        command = []
        expected = []
        heading = nil
    }
}

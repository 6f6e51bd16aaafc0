import Bytes
import Vocabulary

/// The text of a stage file, for changes of single stages that leave all else as it is: comments,
/// order, and how things are written.
///
/// Only a file whose stages stand below `stages:` line by line can be changed; every change is read
/// again, and must say what was meant and nothing else.
struct StageFileText {
    private let file: String
    private let lines: [String]
    private let root: YAMLNode?

    /// Reads the file; empty bytes are a file without stages.
    init(_ bytes: [UInt8], file: String) throws {
        self.file = file
        // A text that ends with a newline has no line behind it.
        var lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
        root = try StageFileText.root(of: bytes, file)
    }

    private static func root(of bytes: [UInt8], _ file: String) throws -> YAMLNode? {
        // What cannot be hidden is refused when the file is read as a stage file.
        let hidden = (try? ParameterPlaceholder.hide(in: bytes)) ?? bytes
        return try parseSource(hidden, of: file)
    }

    /// The names of the stages as they are declared.
    var names: [String] { entries.compactMap(\.key.text) }

    private var entries: [(key: YAMLNode, value: YAMLNode)] { root?["stages"]?.mapping ?? [] }

    /// The text with a stage of that name, in the place of one of the same name or behind the last.
    func setting(_ name: String, to stage: YAMLText) throws -> [UInt8] {
        if let range = try range(of: name) {
            return try checked(replacing: range, with: block(name, stage), adding: name)
        }
        guard let key = stagesKey else {
            // A blank line between what is there and what comes.
            let gap = lines.allSatisfy(\.isEmpty) ? [] : [""]
            let end = lines.count..<lines.count
            return try checked(
                replacing: end, with: gap + ["stages:"] + block(name, stage), adding: name)
        }
        try checkForm()
        let end = entries.isEmpty ? key.line : contentEnd(before: endOfStages)
        return try checked(replacing: end..<end, with: block(name, stage), adding: name)
    }

    /// The text without that stage, and without the comment right above it.
    func removing(_ name: String) throws -> [UInt8] {
        guard let range = try range(of: name) else { throw cannotEdit() }
        var start = range.lowerBound
        while start > 0, isComment(lines[start - 1]) { start -= 1 }
        return try checked(
            replacing: start..<range.upperBound, with: [], removing: name)
    }

    private var stagesKey: YAMLNode? {
        root?.mapping?.first { $0.key.text == "stages" }?.key
    }

    /// The index of the first line behind the stages: that of the next key at the top.
    private var endOfStages: Int {
        let start = stagesKey?.line ?? 0
        let next = (root?.mapping ?? []).map(\.key.line).filter { $0 > start }.min()
        return next.map { $0 - 1 } ?? lines.count
    }

    /// How far stages are indented.
    private var indent: Int { (entries.first?.key.column ?? 3) - 1 }

    /// The lines of a stage, without the blanks and comments that lead to the next.
    private func range(of name: String) throws -> Range<Int>? {
        guard let entry = entries.first(where: { $0.key.text == name }) else { return nil }
        try checkForm()
        let start = entry.key.line - 1
        let next = entries.map { $0.key.line - 1 }.filter { $0 > start }.min()
        return start..<contentEnd(before: next ?? endOfStages)
    }

    /// Comments that are indented further than a stage's name are part of the stage.
    private func contentEnd(before end: Int) -> Int {
        var end = end
        while end > 0, isBlank(lines[end - 1]) || isComment(lines[end - 1]) { end -= 1 }
        return end
    }

    private func isBlank(_ line: String) -> Bool { line.allSatisfy(\.isWhitespace) }

    private func isComment(_ line: String) -> Bool {
        let depth = line.prefix { $0 == " " }.count
        return depth <= indent && line.dropFirst(depth).first == "#"
    }

    /// Throws unless each stage begins a line of its own.
    private func checkForm() throws {
        let form = root?["stages"]
        guard form?.isNull == true || form?.mapping != nil,
            entries.allSatisfy({ $0.key.column == indent + 1 && indent > 0 }),
            entries.allSatisfy({ startsLine($0.key) }),
            (root?.mapping ?? []).allSatisfy({ $0.key.column == 1 })
        else { throw cannotEdit() }
    }

    private func startsLine(_ key: YAMLNode) -> Bool {
        lines.indices.contains(key.line - 1)
            && lines[key.line - 1].prefix(key.column - 1).allSatisfy { $0 == " " }
    }

    private func block(_ name: String, _ stage: YAMLText) -> [String] {
        let text = YAMLText.block([(name, stage)]).document
        let padding = String(repeating: " ", count: indent)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { $0.isEmpty ? "" : padding + $0 }
    }

    /// The changed text, if it differs from this one in that stage alone.
    private func checked(
        replacing range: Range<Int>, with new: [String], adding added: String? = nil,
        removing removed: String? = nil
    ) throws -> [UInt8] {
        var changed = lines
        changed.replaceSubrange(range, with: new)
        let bytes = Array((changed.joined(separator: "\n") + "\n").utf8)
        let result = try? StageFileText(bytes, file: file)
        func rest(_ text: StageFileText) -> [String: JSONValue] {
            var values: [String: JSONValue] = [:]
            for (key, value) in text.root?.mapping ?? [] where key.text != "stages" {
                values["top " + (key.text ?? "")] = value.jsonValue
            }
            for (key, value) in text.entries where key.text != added && key.text != removed {
                values["stage " + (key.text ?? "")] = value.jsonValue
            }
            return values
        }
        guard let result, rest(result) == rest(self),
            added.map(result.names.contains) ?? true, !(removed.map(result.names.contains) ?? false)
        else { throw cannotEdit() }
        return bytes
    }

    private func cannotEdit() -> StoreError {
        StoreError(
            .invalidPipeline, "cannot change '\(file)' without touching more than that stage",
            subject: file,
            advice: "open it and make the change there: stages can be changed where each stands on "
                + "lines of its own below 'stages:'", safety: "nothing was changed")
    }
}

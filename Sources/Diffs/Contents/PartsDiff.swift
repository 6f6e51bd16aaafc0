package import Bytes
import Vocabulary

/// What differs between two versions of a file that is no table: its parts by name. A document's parts
/// are its values, an image's what its header says, a model's its parameters and tensors.
package struct PartsDiff: Sendable, Equatable {
    /// One part that differs.
    package struct Part: Sendable, Equatable {
        /// Its name: the path of a value, a tensor, a line's number.
        package let name: String
        /// What it was; nil where there was none.
        package let old: String?
        /// What it is; nil where there is none.
        package let new: String?
        /// How much it changed, where that can be said.
        package var note: String?
        /// Whether `old` and `new` are taken from the data, and not said about it.
        package var isValue = true
    }

    /// What the file is: `JSON`, `PNG image`.
    package let format: String
    /// The parts that differ, the first `limit` of them.
    package internal(set) var parts: [Part] = []
    /// How many parts differ.
    package internal(set) var count = 0
    /// Both versions of an image that is small enough to be shown on a page.
    package internal(set) var pictures: PicturePair?
    /// How many parts are equal; nil where that has no meaning.
    package internal(set) var equalCount: Int?

    static let limit = 1000

    init(_ format: String) { self.format = format }

    mutating func add(_ part: Part) {
        count += 1
        if parts.count < PartsDiff.limit { parts.append(part) }
    }

    /// The lines of a terminal.
    package func textLines(limit: Int = 20, hidingValues: Bool = false) -> [String] {
        let equal = equalCount.map { ", \(groupedDigits($0)) equal" } ?? ""
        var lines = ["\(format)   \(groupedDigits(count)) changed\(equal)"]
        lines += parts.prefix(limit).map { part in
            let name = "\(part.sign) \(shown(part.name))"
            if part.isValue && hidingValues { return name }
            let values = [part.old, part.new].compactMap { $0.map(shown) }
            return name + "  " + values.joined(separator: " -> ")
                + (part.note.map { "  (\($0))" } ?? "")
        }
        if count > min(limit, parts.count) {
            lines.append("  and \(groupedDigits(count - min(limit, parts.count))) more")
        }
        return lines
    }

    /// The lines of a Markdown section, below the file's name.
    package func markdownLines(limit: Int = 20, hidingValues: Bool = false) -> [String] {
        let equal = equalCount.map { ", \(groupedDigits($0)) equal" } ?? ""
        var lines = ["- \(format): \(groupedDigits(count)) changed\(equal)"]
        guard count > 0 else { return lines }
        lines += ["", "| part | old | new | change |", "|---|---|---|---|"]
        lines += parts.prefix(limit).map { part in
            let isHidden = part.isValue && hidingValues
            let values = [part.old.map(shown), part.new.map(shown), part.note]
            let cells = [shown(part.name)] + values.map { isHidden ? "" : $0 ?? "" }
            return "| " + cells.map(markdownText).joined(separator: " | ") + " |"
        }
        if count > min(limit, parts.count) {
            lines += ["", "and \(groupedDigits(count - min(limit, parts.count))) more"]
        }
        return lines
    }

    /// The document of `mlstore diff --json` for one file: see docs/reference/json.md.
    package func json(hidingValues: Bool = false) -> JSONValue {
        func value(_ text: String?, _ part: Part) -> JSONValue {
            part.isValue && hidingValues ? .null : text.map { .string($0) } ?? .null
        }
        return [
            "format": .string(format), "changed": JSONValue(count),
            "equal": equalCount.map { JSONValue($0) } ?? .null,
            "parts": .array(
                parts.map { part in
                    [
                        "name": .string(part.name), "old": value(part.old, part),
                        "new": value(part.new, part),
                        "note": value(part.note, part),
                    ]
                }),
        ]
    }
}

extension PartsDiff.Part {
    fileprivate var sign: String { old == nil ? "+" : new == nil ? "-" : "~" }
}

/// Compares two versions of a file by what they hold; nil where they hold nothing that is known here.
/// Memory is bounded: documents and texts of more than 16 MiB count as unknown, tensors are read piece
/// by piece.
func diffParts(named name: [UInt8], _ old: ByteAccess, _ new: ByteAccess) throws -> PartsDiff? {
    if let diff = try diffImages(old, new) { return diff }
    if let diff = try diffTensors(old, new) { return diff }
    if let diff = try diffArchives(old, new) { return diff }
    guard let before = try old.readAll(limit: DocumentParts.maximumBytes),
        let after = try new.readAll(limit: DocumentParts.maximumBytes)
    else { return nil }
    return diffDocuments(named: name, before, after) ?? diffTexts(before, after)
}

import Bytes
import Testing
import Vocabulary

/// A test vector of a page in docs/format/: a fenced block that starts with `vector NAME` and has
/// lines `key = value`, or lines of a text behind `|`.
struct FormatVector {
    let name: String
    let values: [(key: String, value: String)]

    /// The vectors of a page, in order.
    static func all(in page: String) throws -> [FormatVector] {
        var vectors: [FormatVector] = []
        var open: (name: String, values: [(String, String)])?
        let text = try ProjectFolder.text("docs/format/\(page)")
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```vector ") {
                open = (String(line.dropFirst(10)), [])
            } else if line.hasPrefix("```"), let block = open {
                vectors.append(FormatVector(name: block.name, values: block.values))
                open = nil
            } else if open != nil, line.hasPrefix("|") {
                open?.values.append(("line", String(line.dropFirst())))
            } else if open != nil {
                let equals = try #require(line.firstIndex(of: "="), "in \(page): \(line)")
                let key = line[..<equals].trimming(" ")
                let value = line[line.index(after: equals)...].trimming(" ")
                open?.values.append((key, value))
            }
        }
        return vectors
    }

    /// The one of that name.
    static func named(_ name: String, in page: String) throws -> FormatVector {
        try #require(try all(in: page).first { $0.name == name }, "no vector \(name) in \(page)")
    }

    subscript(key: String) -> String {
        get throws { try #require(values.first { $0.key == key }?.value, "no \(key) in \(name)") }
    }

    func all(_ key: String) -> [String] { values.filter { $0.key == key }.map(\.value) }

    /// The text of the lines behind `|`.
    var text: String { all("line").map { $0 + "\n" }.joined() }

    func bytes(_ key: String) throws -> [UInt8] { try hexBytes(try self[key]) }
}

/// The bytes that hexadecimal text stands for.
func hexBytes(_ text: String) throws -> [UInt8] {
    try #require(Hex.decode(text), "no hexadecimal: \(text)")
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        var text = self
        while text.first == character { text.removeFirst() }
        while text.last == character { text.removeLast() }
        return String(text)
    }
}

import Bytes
import Vocabulary

/// The constants of a Python program: top-level names, attributes of classes, and what `__init__`
/// sets on `self`, where a literal is assigned: a number, text, a truth value, `None`, or a list,
/// tuple or dictionary of such. Nothing is evaluated: any other value leaves its name out.
///
/// Reads lines by their indentation. Invariant: `offset` only grows, so that the cost is that of
/// one pass, and a literal nests only so deep.
struct PythonConstants {
    /// What cannot be read, with its line.
    struct Failure: Error {
        let reason: String
        let line: Int
    }

    /// The longest text that is read.
    static let maximumBytes = 4 << 20

    /// Lines of one indentation that are read.
    private struct Block {
        let indent: Int
        /// The names of the classes around.
        let path: [String]
        /// Whether names are those of `self`, as in `__init__`.
        let isOfSelf: Bool
    }

    private let bytes: [UInt8]
    private var offset = 0
    private var blocks = [Block(indent: 0, path: [], isOfSelf: false)]
    /// What the lines that are indented further belong to, behind `class A:`.
    private var opened: (path: [String], isOfSelf: Bool)?
    private var values: JSONValue = .object([:])

    /// The constants by name, an object; those of a class below its name.
    static func values(in bytes: [UInt8]) throws(Failure) -> JSONValue {
        guard bytes.count <= maximumBytes, String(validating: bytes, as: UTF8.self) != nil else {
            throw Failure(reason: "it is not text in UTF-8, or too long", line: 1)
        }
        var reader = PythonConstants(bytes: bytes)
        try reader.readAll()
        return reader.values
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { offset = 3 }
    }

    private mutating func readAll() throws(Failure) {
        while offset < bytes.count {
            let indent = passIndentation()
            guard let byte = current, byte != 0x0a, byte != 0x0d, byte != 0x23 else {
                passComment()
                continue
            }
            let end = try PythonText.endOfLine(bytes, from: offset)
            if isRead(indent) { readStatements(until: end) }
            offset = end
        }
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// The column at which the line begins; a tab goes to the next multiple of eight.
    private mutating func passIndentation() -> Int {
        var column = 0
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0c {
            column = byte == 0x09 ? (column / 8 + 1) * 8 : column + 1
            offset += 1
        }
        return column
    }

    private mutating func passComment() {
        while let byte = current, byte != 0x0a { _ = byte; offset += 1 }
        offset += 1
    }

    /// Whether the line at this indentation belongs to a block that is read.
    private mutating func isRead(_ indent: Int) -> Bool {
        if let block = opened {
            opened = nil
            if let last = blocks.last, indent > last.indent {
                blocks.append(Block(indent: indent, path: block.path, isOfSelf: block.isOfSelf))
                return true
            }
        }
        while let last = blocks.last, blocks.count > 1, indent < last.indent { blocks.removeLast() }
        return blocks.last?.indent == indent
    }

    private mutating func readStatements(until end: Int) {
        guard let block = blocks.last else { return }
        var text = PythonText(bytes, offset, end)
        var word = text.word()
        if word == "class", let name = text.word(), !block.isOfSelf, text.passHeader() {
            opened = (block.path + [name], false)
            // What stands behind the colon is the whole class.
            guard !text.isAtEnd else { return }
            opened = nil
            let inner = Block(indent: 0, path: block.path + [name], isOfSelf: false)
            word = text.word()
            return readAssignments(word, &text, in: inner)
        }
        if word == "def" {
            if text.word() == "__init__", !block.path.isEmpty, !block.isOfSelf, text.passHeader() {
                opened = (block.path, true)
            }
            return
        }
        readAssignments(word, &text, in: block)
    }

    /// Words that a colon follows and that no annotated name is.
    private static let headers = ["else", "finally", "try"]

    /// `a = 1; b: int = 2`, as far as it goes.
    private mutating func readAssignments(
        _ first: String?, _ text: inout PythonText, in block: Block
    ) {
        var word = first
        while var name = word, !PythonConstants.headers.contains(name) {
            if block.isOfSelf {
                guard name == "self", text.pass("."), let attribute = text.word() else { return }
                name = attribute
            }
            guard let isPlain = text.passAssignment() else { return }
            let value = isPlain ? text.assignedValue() : nil
            set(value, at: block.path + [name])
            guard value != nil, text.pass(";") else { return }
            word = text.word()
        }
    }

    private mutating func set(_ value: JSONValue?, at path: [String]) {
        func setting(_ names: ArraySlice<String>, in node: JSONValue?) -> JSONValue? {
            guard let name = names.first else { return value }
            var members = node?.objectValue ?? [:]
            members[name] = setting(names.dropFirst(), in: members[name])
            return .object(members)
        }
        values = setting(path[...], in: values) ?? .object([:])
    }
}

import Vocabulary

/// Reads lines of JSON objects as rows: one value for each path through nested objects.
///
/// What a line holds is told as places in it, so that most values are never copied; columns are known
/// by their paths (`a.b`), which the parser collects.
struct JSONRowParser {
    /// A value as JSON writes it.
    enum Kind { case null, bool, number, text, json }

    /// The value of one column in the line that was parsed last.
    struct Slot {
        /// The row that it is of; another one: that row has no such value.
        fileprivate(set) var row = -1
        fileprivate(set) var kind = Kind.null
        /// Where it stands, in the line or among the copies.
        fileprivate var start = 0
        fileprivate var count = 0
        fileprivate var isCopied = false
    }

    /// The paths, in the order in which they were met.
    private(set) var paths: [[UInt8]] = []
    /// A value for each path.
    private(set) var slots: [Slot] = []
    /// The columns that the last line has, as positions, each once.
    private(set) var touched: [Int] = []
    /// The number of lines that were parsed and are not blank.
    private(set) var rowCount = 0
    /// Whether all columns are known: then another one is an error.
    var isComplete = false

    private var places: [[UInt8]: Int] = [:]
    /// Values that stand in their line in another form: with escapes, or with space inside arrays.
    private var copies: [UInt8] = []
    private var path: [UInt8] = []
    private var at = 0
    private var line = 0
    /// The column that probably comes next: lines are alike.
    private var guess = 0

    /// The deepest nesting.
    static let maximumDepth = 128
    /// The most columns: each costs every row a field.
    static let maximumColumns = 10_000

    /// Starts again at the first row, with the columns that are known.
    mutating func restart() {
        for index in slots.indices { slots[index].row = -1 }
        rowCount = 0
        isComplete = true
    }

    /// Parses one line; false where it is blank. Throws where it is not one JSON object.
    // Unsafe, here and below: the line is read within its bounds only, and outlives the calls.
    mutating func parse(
        _ text: UnsafeBufferPointer<UInt8>, line: Int
    ) throws(TableError) -> Bool {
        self.line = line
        let hasMark = unsafe text.starts(with: [0xef, 0xbb, 0xbf])
        at = line == 1 && hasMark ? 3 : 0
        unsafe skipSpace(text)
        if at == text.count { return false }
        if line == 1, let wide = unsafe WideText(firstBytes: text) { throw .wideText(wide) }
        if let base = text.baseAddress, unsafe UTF8Check.firstFault(base, count: text.count) != nil
        {
            throw .notUTF8(line: line)
        }
        guard unsafe text[at] == UInt8(ascii: "{") else {
            throw TableError(line: line, "is not a JSON object")
        }
        touched.removeAll(keepingCapacity: true)
        copies.removeAll(keepingCapacity: true)
        path.removeAll(keepingCapacity: true)
        guess = 0
        unsafe try members(text, depth: 1)
        unsafe skipSpace(text)
        guard at == text.count else { throw fault("there is text behind the object") }
        rowCount += 1
        return true
    }

    /// The value's text: of a string without quotes and escapes, of an array its JSON.
    func value(
        of slot: Slot, in text: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let range = slot.start..<(slot.start + slot.count)
        if slot.isCopied {
            unsafe copies.withUnsafeBufferPointer {
                unsafe body(UnsafeBufferPointer(rebasing: $0[range]))
            }
        } else {
            unsafe body(UnsafeBufferPointer(rebasing: text[range]))
        }
    }

    private func fault(_ reason: String) -> TableError {
        TableError(line: line, "is not JSON: \(reason) at byte \(at + 1)")
    }
}

// MARK: - Objects

extension JSONRowParser {
    /// Reads the object at `at`, whose members are columns below `path`.
    private mutating func members(
        _ text: UnsafeBufferPointer<UInt8>, depth: Int
    ) throws(TableError) {
        guard depth <= JSONRowParser.maximumDepth else { throw fault("it is nested too deeply") }
        at += 1
        unsafe skipSpace(text)
        if unsafe peek(text) == UInt8(ascii: "}") {
            at += 1
            // Without a member it is a value of its own; the row itself has none then.
            if depth > 1 {
                copies += [UInt8(ascii: "{"), UInt8(ascii: "}")]
                try put(.json, copies.count - 2, 2, isCopied: true)
            }
            return
        }
        let length = path.count
        while true {
            unsafe try key(text)
            unsafe skipSpace(text)
            guard unsafe peek(text) == UInt8(ascii: ":") else { throw fault("expected ':'") }
            at += 1
            unsafe skipSpace(text)
            if unsafe peek(text) == UInt8(ascii: "{") {
                unsafe try members(text, depth: depth + 1)
            } else {
                unsafe try value(text, depth: depth)
            }
            path.removeSubrange(length...)
            unsafe skipSpace(text)
            let next = unsafe peek(text)
            if next == UInt8(ascii: ",") || next == UInt8(ascii: "}") { at += 1 }
            if next == UInt8(ascii: "}") { return }
            guard next == UInt8(ascii: ",") else { throw fault("expected ',' or '}'") }
            unsafe skipSpace(text)
        }
    }

    private mutating func key(_ text: UnsafeBufferPointer<UInt8>) throws(TableError) {
        guard unsafe peek(text) == UInt8(ascii: "\"") else { throw fault("expected a key") }
        if !path.isEmpty { path.append(UInt8(ascii: ".")) }
        let found = unsafe try string(text)
        if found.isCopied {
            path.append(contentsOf: copies[found.start..<(found.start + found.count)])
        } else {
            unsafe path.append(contentsOf: text[found.start..<(found.start + found.count)])
        }
        guard path.count <= RowReader.maximumRowBytes / 16 else {
            throw TableError(line: line, "names a column with more than a million letters")
        }
    }

    private mutating func value(
        _ text: UnsafeBufferPointer<UInt8>, depth: Int
    ) throws(TableError) {
        let start = at
        switch unsafe peek(text) {
        case UInt8(ascii: "\""):
            let found = unsafe try string(text)
            try put(.text, found.start, found.count, isCopied: found.isCopied)
        case UInt8(ascii: "["):
            let copyStart = copies.count
            unsafe try copy(text, depth: depth + 1)
            try put(.json, copyStart, copies.count - copyStart, isCopied: true)
        default:
            let kind = unsafe try word(text)
            try put(kind, start, at - start)
        }
    }

    /// Gives the column at `path` its value in this row.
    private mutating func put(
        _ kind: Kind, _ start: Int, _ count: Int, isCopied: Bool = false
    ) throws(TableError) {
        let column = try place()
        guard slots[column].row != rowCount else {
            throw TableError(line: line, "has '\(printable(path))' twice")
        }
        slots[column] = Slot(
            row: rowCount, kind: kind, start: start, count: count, isCopied: isCopied)
        touched.append(column)
    }

    private mutating func place() throws(TableError) -> Int {
        if guess < paths.count, paths[guess] == path {
            guess += 1
            return guess - 1
        }
        if let known = places[path] {
            guess = known + 1
            return known
        }
        guard !isComplete else {
            throw TableError(line: line, "has a key that it had not before: the file changed")
        }
        guard paths.count < JSONRowParser.maximumColumns else {
            throw TableError(
                line: line, "names more than \(JSONRowParser.maximumColumns) columns")
        }
        paths.append(path)
        slots.append(Slot())
        places[path] = paths.count - 1
        guess = paths.count
        return paths.count - 1
    }
}

// MARK: - Values

extension JSONRowParser {
    @inline(__always)
    private func peek(_ text: UnsafeBufferPointer<UInt8>) -> UInt8? {
        at < text.count ? unsafe text[at] : nil
    }

    @inline(__always)
    private mutating func skipSpace(_ text: UnsafeBufferPointer<UInt8>) {
        while let byte = unsafe peek(text), byte == 0x20 || byte == 0x0d || byte == 0x09 { at += 1 }
    }

    /// Reads the string at `at`: where its text stands.
    private mutating func string(
        _ text: UnsafeBufferPointer<UInt8>
    ) throws(TableError) -> (start: Int, count: Int, isCopied: Bool) {
        at += 1
        let start = at
        while let byte = unsafe peek(text), byte != 0x22, byte != 0x5c, byte >= 0x20 { at += 1 }
        if unsafe peek(text) == 0x22 {
            at += 1
            return (start, at - 1 - start, false)
        }
        let copyStart = copies.count
        unsafe copies.append(contentsOf: text[start..<at])
        while let byte = unsafe peek(text) {
            switch byte {
            case 0x22:
                at += 1
                return (copyStart, copies.count - copyStart, true)
            case 0x5c: unsafe try escape(text)
            case 0..<0x20: throw fault("there is a control character")
            default:
                copies.append(byte)
                at += 1
            }
        }
        throw fault("a text does not end")
    }

    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) throws(TableError) {
        guard at + 1 < text.count else { throw fault("a text does not end") }
        at += 2
        switch unsafe text[at - 1] {
        case 0x22: copies.append(0x22)
        case 0x5c: copies.append(0x5c)
        case 0x2f: copies.append(0x2f)
        case UInt8(ascii: "b"): copies.append(0x08)
        case UInt8(ascii: "f"): copies.append(0x0c)
        case UInt8(ascii: "n"): copies.append(0x0a)
        case UInt8(ascii: "r"): copies.append(0x0d)
        case UInt8(ascii: "t"): copies.append(0x09)
        case UInt8(ascii: "u"): unsafe try unicode(text)
        default: throw fault("there is an unknown escape")
        }
    }

    private mutating func unicode(_ text: UnsafeBufferPointer<UInt8>) throws(TableError) {
        var code = unsafe try digits(text)
        if code & 0xfc00 == 0xd800, unsafe peek(text) == 0x5c, at + 1 < text.count,
            unsafe text[at + 1] == UInt8(ascii: "u")
        {
            at += 2
            let low = unsafe try digits(text)
            guard low & 0xfc00 == 0xdc00 else { throw fault("there is half a character") }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("there is half a character") }
        copies.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func digits(_ text: UnsafeBufferPointer<UInt8>) throws(TableError) -> UInt32 {
        guard at + 4 <= text.count else { throw fault("a text does not end") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            let byte = unsafe text[at]
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault("expected a hexadecimal digit")
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }

    /// Reads a number or a name at `at`. Besides JSON's own `NaN`, which is no value, and the infinities
    /// are read: many programs write them.
    private mutating func word(_ text: UnsafeBufferPointer<UInt8>) throws(TableError) -> Kind {
        let start = at
        while let byte = unsafe peek(text),
            byte != 0x2c, byte != 0x7d, byte != 0x5d, byte != 0x20, byte != 0x09, byte != 0x0d
        {
            at += 1
        }
        let word = unsafe UnsafeBufferPointer(rebasing: text[start..<at])
        switch unsafe word.first {
        case UInt8(ascii: "t") where unsafe word.elementsEqual("true".utf8): return .bool
        case UInt8(ascii: "f") where unsafe word.elementsEqual("false".utf8): return .bool
        case UInt8(ascii: "n") where unsafe word.elementsEqual("null".utf8): return .null
        case UInt8(ascii: "N") where unsafe word.elementsEqual("NaN".utf8): return .null
        case UInt8(ascii: "I") where unsafe word.elementsEqual("Infinity".utf8): return .number
        case UInt8(ascii: "-") where unsafe word.elementsEqual("-Infinity".utf8): return .number
        default:
            if unsafe JSONRowParser.isNumber(word) { return .number }
            at = start
            throw fault("expected a value")
        }
    }

    /// Whether the text is a number by JSON's grammar.
    private static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = unsafe text[...]
        func digits() -> Int {
            let count = unsafe rest.prefix { (0x30...0x39).contains($0) }.count
            unsafe rest = unsafe rest.dropFirst(count)
            return count
        }
        if unsafe rest.first == UInt8(ascii: "-") { unsafe rest = unsafe rest.dropFirst() }
        let startsWithZero = unsafe rest.first == 0x30
        let whole = digits()
        guard whole > 0, !(startsWithZero && whole > 1) else { return false }
        if unsafe rest.first == UInt8(ascii: ".") {
            unsafe rest = unsafe rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if let mark = unsafe rest.first, mark | 0x20 == UInt8(ascii: "e") {
            unsafe rest = unsafe rest.dropFirst()
            if let sign = unsafe rest.first, sign == 0x2b || sign == 0x2d {
                unsafe rest = unsafe rest.dropFirst()
            }
            guard digits() > 0 else { return false }
        }
        return unsafe rest.isEmpty
    }

    /// Copies the value at `at` without the space between its parts.
    private mutating func copy(
        _ text: UnsafeBufferPointer<UInt8>, depth: Int
    ) throws(TableError) {
        guard depth <= JSONRowParser.maximumDepth else { throw fault("it is nested too deeply") }
        let first = unsafe peek(text)
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else {
            let start = at
            if first == 0x22 {
                // As it stands, escapes and all.
                let before = copies.count
                _ = unsafe try string(text)
                copies.removeSubrange(before...)
            } else {
                _ = unsafe try word(text)
            }
            return unsafe copies.append(contentsOf: text[start..<at])
        }
        let isArray = first == UInt8(ascii: "[")
        let close = isArray ? UInt8(ascii: "]") : UInt8(ascii: "}")
        unsafe take(text)
        if unsafe peek(text) == close { return unsafe take(text) }
        while true {
            if !isArray {
                guard unsafe peek(text) == 0x22 else { throw fault("expected a key") }
                unsafe try copy(text, depth: depth + 1)
                unsafe skipSpace(text)
                guard unsafe peek(text) == UInt8(ascii: ":") else { throw fault("expected ':'") }
                unsafe take(text)
            }
            unsafe try copy(text, depth: depth + 1)
            unsafe skipSpace(text)
            let next = unsafe peek(text)
            guard next == UInt8(ascii: ",") || next == close else {
                throw fault("expected ',' or the end of a list")
            }
            unsafe take(text)
            if next == close { return }
        }
    }

    /// Copies one byte, and skips the space behind it.
    private mutating func take(_ text: UnsafeBufferPointer<UInt8>) {
        unsafe copies.append(text[at])
        at += 1
        unsafe skipSpace(text)
    }
}

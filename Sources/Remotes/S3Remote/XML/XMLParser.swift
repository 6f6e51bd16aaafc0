import Vocabulary

/// Reads XML by recursive descent, with bounds.
struct XMLParser {
    private let bytes: [UInt8]
    private var offset = 0

    private static let maximumBytes = 16 << 20
    private static let maximumDepth = 32

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(DecodeError) -> XMLElement {
        guard bytes.count <= XMLParser.maximumBytes else {
            throw DecodeError(at: 0, "longer than 16 MiB")
        }
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { offset = 3 }
        if rest(startsWith: "<?xml") {
            while !rest(startsWith: "?>") { try advance() }
            offset += 2
        }
        skipBlanks()
        let root = try element(depth: 0)
        skipBlanks()
        guard offset == bytes.count else { throw expected("the end") }
        return root
    }

    private mutating func element(depth: Int) throws(DecodeError) -> XMLElement {
        guard depth < XMLParser.maximumDepth else { throw expected("fewer levels") }
        try take("<")
        let name = try self.name()
        var element = XMLElement(XMLParser.local(name))
        try attributes()
        if rest(startsWith: "/>") {
            offset += 2
            return element
        }
        try take(">")
        var text: [UInt8] = []
        while !rest(startsWith: "</") {
            guard offset < bytes.count else { throw expected("an end of '\(element.name)'") }
            switch bytes[offset] {
            case 0x3c: element.children.append(try self.element(depth: depth + 1))
            case 0x26: text += try reference()
            default:
                try checkCharacter()
                text.append(bytes[offset])
                offset += 1
            }
        }
        offset += 2
        guard try self.name() == name else { throw expected("the end of '\(element.name)'") }
        skipBlanks()
        try take(">")
        guard let valid = String(validating: text, as: UTF8.self) else {
            throw expected("UTF-8")
        }
        element.text = valid
        return element
    }

    private mutating func attributes() throws(DecodeError) {
        while true {
            let start = offset
            skipBlanks()
            guard offset < bytes.count else { throw expected("'>'") }
            if bytes[offset] == 0x3e || bytes[offset] == 0x2f { return }
            guard offset > start else { throw expected("a blank") }
            _ = try name()
            skipBlanks()
            try take("=")
            skipBlanks()
            guard offset < bytes.count, bytes[offset] == 0x22 || bytes[offset] == 0x27 else {
                throw expected("a quote")
            }
            let quote = bytes[offset]
            try advance()
            while bytes[offset] != quote {
                guard bytes[offset] != 0x3c else { throw expected("a quote") }
                try checkCharacter()
                try advance()
            }
            offset += 1
        }
    }

    /// `&lt;`, `&#10;` and their like.
    private mutating func reference() throws(DecodeError) -> [UInt8] {
        let start = offset
        offset += 1
        var word: [UInt8] = []
        while offset < bytes.count, bytes[offset] != 0x3b, word.count < 10 {
            word.append(bytes[offset])
            offset += 1
        }
        try take(";")
        switch String(decoding: word, as: UTF8.self) {
        case "lt": return [0x3c]
        case "gt": return [0x3e]
        case "amp": return [0x26]
        case "quot": return [0x22]
        case "apos": return [0x27]
        case let text where text.hasPrefix("#x"):
            return try character(Array(word.dropFirst(2)), radix: 16, start)
        case let text where text.hasPrefix("#"):
            return try character(Array(word.dropFirst()), radix: 10, start)
        default: throw DecodeError(at: start, "unknown entity")
        }
    }

    private func character(
        _ digits: [UInt8], radix: Int, _ start: Int
    ) throws(DecodeError) -> [UInt8] {
        let text = String(decoding: digits, as: UTF8.self)
        guard let first = digits.first, first != 0x2b, first != 0x2d,
            let number = UInt32(text, radix: radix), let scalar = Unicode.Scalar(number),
            number >= 0x20 || [0x09, 0x0a, 0x0d].contains(number)
        else { throw DecodeError(at: start, "no character") }
        return Array(String(Character(scalar)).utf8)
    }

    // MARK: - Pieces

    private mutating func name() throws(DecodeError) -> [UInt8] {
        let start = offset
        while offset < bytes.count, XMLParser.isNameByte(bytes[offset]) { offset += 1 }
        let name = Array(bytes[start..<offset])
        guard let first = name.first, name.count <= 256, first != 0x2d, first != 0x2e,
            !(0x30...0x39).contains(first)
        else { throw DecodeError(at: start, "expected a name") }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3a, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x80...0xff: true
        default: false
        }
    }

    private static func local(_ name: [UInt8]) -> String {
        String(decoding: name.split(separator: 0x3a).last ?? [], as: UTF8.self)
    }

    private func checkCharacter() throws(DecodeError) {
        let byte = bytes[offset]
        guard byte >= 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d else {
            throw expected("no control character")
        }
    }

    private mutating func skipBlanks() {
        while offset < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[offset]) { offset += 1 }
    }

    private mutating func advance() throws(DecodeError) {
        offset += 1
        guard offset < bytes.count else { throw expected("more") }
    }

    private mutating func take(_ text: String) throws(DecodeError) {
        guard rest(startsWith: text) else { throw expected("'\(text)'") }
        offset += text.utf8.count
    }

    private func rest(startsWith text: String) -> Bool { bytes[offset...].starts(with: text.utf8) }

    private func expected(_ what: String) -> DecodeError {
        DecodeError(at: offset, "expected \(what)")
    }
}

package import Vocabulary

/// One line that strace writes with `-f -y -xx -o FILE`: what a process asked of the system, and
/// what it got.
///
/// strace cuts a call in two lines when another process comes between; `FileAccesses` joins them.
package struct TraceLine: Hashable, Sendable {
    /// What the line tells.
    package enum Event: Hashable, Sendable {
        /// A call that has ended.
        case call(SystemCall)
        /// The beginning of a call.
        case unfinished([UInt8])
        /// The rest of a call.
        case resumed([UInt8])
        /// The process is no more.
        case exited
        /// A signal, or another thing that no file has to do with.
        case other
    }

    /// The process, or thread.
    package let process: Int
    /// What it did.
    package let event: Event

    /// A longer line is refused.
    package static let maximumBytes = 256 << 10

    /// Reads a line, without its newline. Throws for what strace does not write.
    package init(parsing line: [UInt8]) throws(DecodeError) {
        guard line.count <= TraceLine.maximumBytes else {
            throw DecodeError(at: TraceLine.maximumBytes, "the line is too long")
        }
        var scanner = TraceScanner(line)
        process = try scanner.number()
        scanner.skipSpaces()
        if scanner.skip("+++ ") {
            event = .exited
        } else if scanner.skip("--- ") {
            event = .other
        } else if scanner.skip("<... ") {
            guard let end = scanner.find(" resumed>") else {
                throw DecodeError(at: scanner.position, "'resumed>' is missing")
            }
            event = .resumed(Array(line[(end + 9)...]))
        } else if let end = TraceLine.endOfUnfinished(line) {
            event = .unfinished(Array(line[scanner.position..<end]))
        } else {
            event = .call(try SystemCall(parsing: Array(line[scanner.position...])))
        }
    }

    /// Where `<unfinished ...>` begins, at the end of a line.
    private static func endOfUnfinished(_ line: [UInt8]) -> Int? {
        let mark = Array("<unfinished ...>".utf8)
        guard line.suffix(mark.count) == mark[...] else { return nil }
        return line.count - mark.count
    }
}

/// A call of the system with its arguments as strace writes them.
package struct SystemCall: Hashable, Sendable {
    /// An argument: its text, the string that it is, or the path behind a descriptor.
    package struct Argument: Hashable, Sendable {
        /// What stands outside of quotes and brackets: `O_RDONLY|O_CLOEXEC`.
        package fileprivate(set) var text: [UInt8] = []
        /// What stands in quotes.
        package fileprivate(set) var string: [UInt8]?
        /// What stands in angle brackets behind a descriptor.
        package fileprivate(set) var path: [UInt8]?

        /// Whether a word is among the text's.
        func has(_ word: String) -> Bool {
            text.split { !($0 == 0x5f || isLetterOrDigit($0)) }.contains {
                $0.elementsEqual(word.utf8)
            }
        }

        private func isLetterOrDigit(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                || (0x61...0x7a).contains(byte)
        }
    }

    /// The call's name.
    package let name: String
    /// Its arguments.
    package let arguments: [Argument]
    /// What it returned: negative for a failure, nil where that is not known.
    package let result: Int?
    /// The path behind a returned descriptor.
    package let resultPath: [UInt8]?

    /// Reads `name(arguments) = result`. Throws for anything else.
    package init(parsing text: [UInt8]) throws(DecodeError) {
        var scanner = TraceScanner(text)
        name = try scanner.name()
        try scanner.expect(0x28)
        var arguments: [Argument] = []
        if !scanner.skip(")") {
            while true {
                scanner.skipSpaces()
                arguments.append(try scanner.argument())
                if scanner.skip(")") { break }
                try scanner.expect(0x2c)
            }
        }
        self.arguments = arguments
        scanner.skipSpaces()
        try scanner.expect(0x3d)
        scanner.skipSpaces()
        // A call that never returned has a question mark here.
        if scanner.skip("?") {
            (result, resultPath) = (nil, nil)
            return
        }
        let isNegative = scanner.skip("-")
        let number: Int = try scanner.number()
        result = isNegative ? -number : number
        resultPath = scanner.skip("<") ? try scanner.escaped(until: 0x3e) : nil
    }
}

/// Goes through the text of a line.
private struct TraceScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func failure(_ reason: String) -> DecodeError { DecodeError(at: position, reason) }

    mutating func skipSpaces() { while next == 0x20 { position += 1 } }

    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        let isHere = "\(text)".utf8.elementsEqual(bytes[position..<position + count])
        if isHere { position += count }
        return isHere
    }

    mutating func expect(_ byte: UInt8) throws(DecodeError) {
        guard next == byte else { throw failure("'\(printable([byte]))' is missing") }
        position += 1
    }

    /// Where the text is found from here on.
    func find(_ text: String) -> Int? {
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count else { return nil }
        return (position...max(position, bytes.count - wanted.count)).first {
            $0 + wanted.count <= bytes.count && bytes[$0..<$0 + wanted.count] == wanted[...]
        }
    }

    mutating func number() throws(DecodeError) -> Int {
        var value = 0
        let start = position
        if skip("0x") { return try hexadecimal() }
        while let byte = next, (0x30...0x39).contains(byte) {
            guard value < 1 << 58 else { throw failure("the number is too large") }
            value = value * 10 + Int(byte - 0x30)
            position += 1
        }
        guard position > start else { throw failure("a number is missing") }
        return value
    }

    /// An address is worth nothing here, as long as it is one.
    private mutating func hexadecimal() throws(DecodeError) -> Int {
        while let byte = next, TraceScanner.digit(byte) != nil { position += 1 }
        return 0
    }

    mutating func name() throws(DecodeError) -> String {
        let start = position
        while let byte = next,
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
        { position += 1 }
        guard position > start else { throw failure("the name of a call is missing") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Up to the comma or parenthesis behind an argument; brackets in it may nest.
    mutating func argument() throws(DecodeError) -> SystemCall.Argument {
        var argument = SystemCall.Argument()
        var depth = 0
        while let byte = next {
            switch byte {
            case 0x22:
                position += 1
                let string = try escaped(until: 0x22)
                if argument.string == nil { argument.string = string }
            case 0x3c where depth == 0:
                position += 1
                argument.path = try escaped(until: 0x3e)
            case 0x28, 0x5b, 0x7b:
                depth += 1
                position += 1
            case 0x29 where depth == 0, 0x2c where depth == 0: return argument
            case 0x29, 0x5d, 0x7d:
                depth -= 1
                guard depth >= 0 else { throw failure("a bracket closes nothing") }
                position += 1
            default:
                argument.text.append(byte)
                position += 1
            }
        }
        throw failure("the call does not end")
    }

    /// What stands before `end`, escapes replaced.
    mutating func escaped(until end: UInt8) throws(DecodeError) -> [UInt8] {
        var result: [UInt8] = []
        while let byte = next {
            position += 1
            if byte == end { return result }
            result.append(byte == 0x5c ? try escape() : byte)
        }
        throw failure("a text does not end")
    }

    private mutating func escape() throws(DecodeError) -> UInt8 {
        guard let byte = next else { throw failure("a text does not end") }
        if let octal = octal() { return octal }
        position += 1
        switch byte {
        case 0x78:
            guard position + 2 <= bytes.count, let high = TraceScanner.digit(bytes[position]),
                let low = TraceScanner.digit(bytes[position + 1])
            else { throw failure("an escape is no byte") }
            position += 2
            return high << 4 | low
        case 0x6e: return 0x0a
        case 0x74: return 0x09
        case 0x72: return 0x0d
        case 0x66: return 0x0c
        case 0x76: return 0x0b
        default: return byte
        }
    }

    /// One to three digits from 0 to 7.
    private mutating func octal() -> UInt8? {
        let digits = bytes[position...].prefix(3).prefix { (0x30...0x37).contains($0) }
        guard !digits.isEmpty else { return nil }
        position += digits.count
        return UInt8(truncatingIfNeeded: digits.reduce(0) { $0 << 3 | Int($1 - 0x30) })
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }
}

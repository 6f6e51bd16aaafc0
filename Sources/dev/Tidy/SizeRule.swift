/// How long files and functions are. Direction beats size, but size is what creeps.
struct Sizes {
    static let fileLimit = 800
    static let functionLimit = 70

    var files: [Int] = []
    var functions: [Int] = []
    var findings: [Finding] = []

    init(_ sources: [SwiftSource]) {
        for source in sources {
            files.append(source.lines.count)
            if source.lines.count > Sizes.fileLimit {
                findings.append(
                    Finding(
                        file: source.path, line: 0, rule: "size",
                        message: "\(source.lines.count) lines, more than \(Sizes.fileLimit)"))
            }
            for function in functionExtents(of: source) {
                functions.append(function.count)
                guard function.count > Sizes.functionLimit else { continue }
                findings.append(
                    Finding(
                        file: source.path, line: function.lowerBound + 1, rule: "size",
                        message:
                            "a function of \(function.count) lines, more than \(Sizes.functionLimit)"
                    ))
            }
        }
    }

    /// `files: 120, median 90, p90 300, longest 640 lines`.
    var summary: [String] {
        [("files", files), ("functions", functions)].map { name, lengths in
            let sorted = lengths.sorted()
            guard let longest = sorted.last else { return "\(name): none" }
            let median = sorted[sorted.count / 2]
            let high = sorted[sorted.count * 9 / 10]
            return
                "\(name): \(sorted.count), median \(median), p90 \(high), longest \(longest) lines"
        }
    }
}

/// The lines, from the declaration to the closing brace, of every function, initialiser and
/// subscript with a body.
func functionExtents(of source: SwiftSource) -> [Range<Int>] {
    var scan = FunctionScan(source.code)
    return scan.extents()
}

private struct FunctionScan {
    private let text: [UInt8]
    private var lineOf: [Int] = []

    init(_ lines: [String]) {
        var text: [UInt8] = []
        for (number, line) in lines.enumerated() {
            text += line.utf8
            text.append(UInt8(ascii: "\n"))
            lineOf += Array(repeating: number, count: line.utf8.count + 1)
        }
        self.text = text
    }

    mutating func extents() -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = 0
        while position < text.count {
            guard isWordByte(text[position]) else {
                position += 1
                continue
            }
            let start = position
            while position < text.count, isWordByte(text[position]) { position += 1 }
            guard isFunctionKeyword(start..<position), let open = bodyStart(after: position),
                let close = closingBrace(of: open)
            else { continue }
            found.append(lineOf[start]..<(lineOf[close] + 1))
        }
        return found
    }

    private func isFunctionKeyword(_ range: Range<Int>) -> Bool {
        if range.lowerBound > 0, text[range.lowerBound - 1] == UInt8(ascii: ".") { return false }
        return ["func", "init", "subscript", "deinit"].contains {
            text[range].elementsEqual($0.utf8)
        }
    }

    /// The brace that opens the body, or nil for a requirement and for a call.
    private func bodyStart(after start: Int) -> Int? {
        var depth = 0
        var index = start
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"):
                depth -= 1
                if depth < 0 { return nil }
            case UInt8(ascii: "{"):
                if depth == 0 { return index }
                guard let close = closingBrace(of: index) else { return nil }
                index = close
            case UInt8(ascii: "}") where depth == 0: return nil
            case UInt8(ascii: "\n") where depth == 0:
                if !goesOn(after: index) { return nil }
            default: break
            }
            index += 1
        }
        return nil
    }

    /// Whether the line after `index` goes on with a signature.
    private func goesOn(after index: Int) -> Bool {
        var start = index
        while start < text.count, text[start] == 0x20 || text[start] == 0x0a { start += 1 }
        guard start < text.count else { return false }
        if [UInt8(ascii: "{"), UInt8(ascii: "-"), UInt8(ascii: "(")].contains(text[start]) {
            return true
        }
        var end = start
        while end < text.count, isWordByte(text[end]) { end += 1 }
        let word = String(decoding: text[start..<end], as: UTF8.self)
        if ["where", "async", "throws", "rethrows"].contains(word) { return true }
        // A list of requirements, or of generic parameters, that goes on after a comma.
        var before = index
        while before > 0, text[before] == 0x20 || text[before] == 0x0a { before -= 1 }
        return text[before] == UInt8(ascii: ",") || text[before] == UInt8(ascii: "<")
            || word == ""
    }

    private func closingBrace(of open: Int) -> Int? {
        var depth = 0
        for index in open..<text.count {
            if text[index] == UInt8(ascii: "{") { depth += 1 }
            if text[index] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}

/// The places in `line` where `word` stands as a word of its own.
func places(of word: String, in line: String) -> [Int] {
    let text = Array(line.utf8)
    let wanted = Array(word.utf8)
    guard text.count >= wanted.count else { return [] }
    let startsAsWord = wanted.first.map(isWordByte) ?? false
    let endsAsWord = wanted.last.map(isWordByte) ?? false
    return (0...(text.count - wanted.count)).filter { start in
        let end = start + wanted.count
        guard text[start] == wanted[0], text[start..<end].elementsEqual(wanted) else {
            return false
        }
        if startsAsWord, start > 0, isWordByte(text[start - 1]) { return false }
        return !(endsAsWord && end < text.count && isWordByte(text[end]))
    }
}

/// Whether `word` stands in `line`, not behind a dot.
func calls(_ word: String, in line: String) -> Bool {
    let text = Array(line.utf8)
    return places(of: word, in: line).contains { $0 == 0 || text[$0 - 1] != UInt8(ascii: ".") }
}

func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x80...: true
    default: false
    }
}

/// The identifiers and keywords of a line of code, in order.
func words(_ line: String) -> [String] {
    line.utf8.split { !isWordByte($0) }.map { String(Substring($0)) }
}

/// `DiffFileHelper` as `Diff`, `File`, `Helper`.
func camelParts(_ name: String) -> [String] {
    var parts: [String] = []
    for character in name {
        if character.isUppercase || parts.isEmpty {
            parts.append(String(character))
        } else {
            parts[parts.count - 1].append(character)
        }
    }
    return parts
}

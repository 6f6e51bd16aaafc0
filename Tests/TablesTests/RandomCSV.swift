import Tables

/// Valid files with everything in them that makes reading hard.
enum RandomCSV {
    static func valid(_ numbers: inout SeededNumbers) -> [UInt8] {
        let width = Int.random(in: 1...6, using: &numbers)
        let lineEnd = Bool.random(using: &numbers) ? "\n" : "\r\n"
        var text = Bool.random(using: &numbers) ? "" : "\u{feff}"
        text += (0..<width).map { "c\($0)" }.joined(separator: ",") + lineEnd
        for _ in 0..<Int.random(in: 0...60, using: &numbers) {
            if width > 1, Int.random(in: 0..<20, using: &numbers) == 0 { text += lineEnd }
            text += (0..<width).map { _ in field(&numbers) }.joined(separator: ",") + lineEnd
        }
        if Bool.random(using: &numbers), text.hasSuffix(lineEnd) {
            text.removeLast()
        }
        return Array(text.utf8)
    }

    private static func field(_ numbers: inout SeededNumbers) -> String {
        switch Int.random(in: 0..<9, using: &numbers) {
        case 0: return "\"a \"\"b\"\"\nc,d\""
        case 1: return "\"\""
        case 2: return "\"\"\"\""
        case 3: return "ü日本"
        case 4: return String(Int.random(in: -99...99_999, using: &numbers))
        case 5: return "x\"y"
        case 6:
            return "\"" + String(repeating: "q,\n", count: Int.random(in: 0...90, using: &numbers))
                + "\""
        case 7: return String(repeating: "z", count: Int.random(in: 1...90, using: &numbers))
        default: return "NA"
        }
    }
}

/// The same reading, as simply as it can be written.
enum NaiveCSV {
    static func read(_ bytes: [UInt8]) throws -> ReadTable {
        var rest = bytes[...]
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        var rows: [([String], [UInt8])] = []
        while !rest.isEmpty {
            let row = nextRow(&rest)
            if !(row.1.isEmpty && rows.first.map { $0.0.count > 1 } ?? true) { rows.append(row) }
        }
        var table = ReadTable()
        table.names = rows.first?.0 ?? []
        table.delimiter = 0x2c
        table.rows = rows.dropFirst().map(\.0)
        table.rawRows = rows.dropFirst().map(\.1)
        return table
    }

    private static func nextRow(_ rest: inout ArraySlice<UInt8>) -> ([String], [UInt8]) {
        var fields: [[UInt8]] = [[]]
        var raw: [UInt8] = []
        var quoted = false
        var atStart = true
        while let byte = rest.popFirst() {
            if quoted {
                raw.append(byte)
                if byte != 0x22 {
                    fields[fields.count - 1].append(byte)
                } else if rest.first == 0x22 {
                    raw.append(0x22)
                    rest.removeFirst()
                    fields[fields.count - 1].append(0x22)
                } else {
                    quoted = false
                }
                continue
            }
            if byte == 0x0a { break }
            if byte == 0x0d, rest.isEmpty || rest.first == 0x0a { continue }
            raw.append(byte)
            if byte == 0x22, atStart {
                quoted = true
                atStart = false
            } else if byte == 0x2c {
                fields.append([])
                atStart = true
            } else {
                fields[fields.count - 1].append(byte)
                atStart = false
            }
        }
        return (fields.map { String(decoding: $0, as: UTF8.self) }, raw)
    }
}

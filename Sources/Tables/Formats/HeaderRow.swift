import Vocabulary

/// One row read slowly and simply: the header, and rows that are about to be complained of.
struct HeaderRow {
    /// The fields' text, without quotes.
    var fields: [[UInt8]] = []
    /// The offset behind the row's text, before its line end.
    var textEnd = 0
    /// The offset behind the line end.
    var next = 0

    /// What a row looks like when it is not one.
    enum Fault: Error, Equatable {
        /// The bytes end before the row does.
        case incomplete(inQuotes: Bool)
        case textAfterQuote
    }

    /// Reads the row at the start of `bytes`; when they are the file's last ones, their end is the
    /// row's end too.
    init(reading bytes: ArraySlice<UInt8>, delimiter: UInt8, isFinal: Bool) throws(Fault) {
        var field: [UInt8] = []
        var inQuotes = false
        var wasQuoted = false
        var index = bytes.startIndex
        func isLineEnd(_ place: Int) -> Bool {
            if place == bytes.endIndex { return isFinal }
            if bytes[place] == 0x0a { return true }
            guard bytes[place] == 0x0d else { return false }
            return place + 1 == bytes.endIndex ? isFinal : bytes[place + 1] == 0x0a
        }
        while true {
            if inQuotes {
                guard index < bytes.endIndex else { throw .incomplete(inQuotes: true) }
                if bytes[index] != 0x22 {
                    field.append(bytes[index])
                } else if index + 1 < bytes.endIndex, bytes[index + 1] == 0x22 {
                    field.append(0x22)
                    index += 1
                } else {
                    inQuotes = false
                }
            } else if isLineEnd(index) {
                break
            } else if index == bytes.endIndex {
                throw .incomplete(inQuotes: false)
            } else if bytes[index] == delimiter {
                fields.append(field)
                field = []
                wasQuoted = false
            } else if bytes[index] == 0x22, field.isEmpty, !wasQuoted {
                inQuotes = true
                wasQuoted = true
            } else if wasQuoted {
                // A lone CR before the end of what we have may still become a line end.
                if bytes[index] == 0x0d, index + 1 == bytes.endIndex {
                    throw .incomplete(inQuotes: false)
                }
                throw .textAfterQuote
            } else {
                field.append(bytes[index])
            }
            index += 1
        }
        fields.append(field)
        textEnd = index
        next = index
        if next < bytes.endIndex, bytes[next] == 0x0d { next += 1 }
        if next < bytes.endIndex, bytes[next] == 0x0a { next += 1 }
    }
}

extension HeaderRow {
    /// The most columns a table may have.
    static let maximumColumns = 100_000

    /// The checked column names: a name that is empty becomes `column_N`, counted from 1. Names are not all
    /// numbers, unless it is known that they are names.
    func columnNames(line: Int, areNames: Bool = false) throws(TableError) -> [String] {
        guard fields.count <= HeaderRow.maximumColumns else {
            throw TableError(
                line: line, "has \(fields.count) columns, at most \(HeaderRow.maximumColumns) fit")
        }
        var names: [String] = []
        var seen: Set<String> = []
        for (index, field) in fields.enumerated() {
            if field.contains(0) { throw .zeroByte(line: line) }
            if field.contains(0x0d) {
                throw TableError(line: line, "has a carriage return that does not end the line")
            }
            guard let text = String(validating: field, as: UTF8.self) else {
                throw .notUTF8(line: line)
            }
            let name = text.isEmpty ? "column_\(index + 1)" : text
            guard seen.insert(name).inserted else {
                throw .duplicateColumn(line: line, name: name)
            }
            names.append(name)
        }
        if !areNames, looksLikeData {
            throw TableError(
                line: line, "holds only numbers, where the names of the columns should stand")
        }
        return names
    }

    /// Only numbers, but not 0, 1, 2 …, which some programs write for columns without names.
    private var looksLikeData: Bool {
        var isCount = true
        for (index, field) in fields.enumerated() {
            let value = FieldSyntax.float(of: field)
            if value == nil, !field.isEmpty { return false }
            if field.isEmpty, index > 0 { return false }
            if let value, value != Double(index), value != Double(index - 1) { isCount = false }
        }
        return !isCount
    }
}

package import Vocabulary

/// Bytes that are not a table. Says the line, never what stands in it.
package struct TableError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, counted from 1 as an editor does (newlines inside quotes count); nil when the
    /// failure is not about a line.
    package let line: Int?
    /// What is wrong, as the rest of a sentence that starts with the line.
    package let reason: String
    /// The encoding in which the bytes are text, where it is one that is not read.
    package let encoding: String?

    /// Makes the error.
    package init(line: Int?, _ reason: String, encoding: String? = nil) {
        self.line = line
        self.reason = reason
        self.encoding = encoding
    }

    /// `line 12 has 5 fields, expected 19`.
    package var description: String {
        guard let line else { return reason }
        return "line \(line) \(reason)"
    }

    /// The same failure above the byte level, naming the table.
    package func named(_ name: String) -> StoreError {
        StoreError(
            .malformed, "cannot read '\(name)' as a table: \(description)", subject: name,
            advice: encoding.map {
                "convert it: 'iconv -f \($0) -t UTF-8 < OLD > NEW', or save it as UTF-8 (in Excel "
                    + "\"CSV UTF-8\")"
            } ?? "correct the file, or give it a name that promises no table",
            cause: self)
    }
}

extension RowReader {
    /// The longest row, for messages.
    static var maximumRowText: String { "\(ByteCount(maximumRowBytes))" }
}

extension TableError {
    static func ragged(line: Int, fields: Int, expected: Int) -> TableError {
        TableError(
            line: line, "has \(fields) \(fields == 1 ? "field" : "fields"), expected \(expected)")
    }

    static func duplicateColumn(line: Int, name: String) -> TableError {
        TableError(line: line, "names the column '\(printable(Array(name.utf8)))' twice")
    }

    static func rowTooLong(line: Int, inQuotes: Bool) -> TableError {
        let limit = RowReader.maximumRowText
        guard inQuotes else { return TableError(line: line, "is longer than \(limit)") }
        return TableError(line: line, "opens a quote that does not close within \(limit)")
    }

    static func unclosedQuote(line: Int) -> TableError {
        TableError(line: line, "opens a quote that never closes")
    }

    static func textAfterQuote(line: Int) -> TableError {
        TableError(line: line, "has text behind a closing quote")
    }

    static func zeroByte(line: Int) -> TableError { TableError(line: line, "has a NUL byte") }

    static func notUTF8(line: Int) -> TableError { TableError(line: line, "is not UTF-8 text") }

    static func wideText(_ text: WideText) -> TableError {
        TableError(
            line: nil, "it is \(text.rawValue) text, and only UTF-8 is read",
            encoding: text.rawValue)
    }
}

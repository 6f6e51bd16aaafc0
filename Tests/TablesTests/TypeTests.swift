import Tables
import Testing
import Vocabulary

@Suite struct TypeTests {
    @Test(arguments: [
        ("1\n2\n-3", "int"), ("0\n9223372036854775807\n-9223372036854775808", "int"),
        ("9223372036854775808", "float"), ("1\n2.5", "float"), ("1e5\n-1.5E-3\n.5\n5.", "float"),
        ("inf\n-Infinity\n1", "float"), ("-0", "float"), ("+5", "string"), ("007", "string"),
        ("0.5\n00.5", "string"), ("1.2.3", "string"), ("1e", "string"), (".", "string"),
        ("-", "string"), ("1_000", "string"), ("0x10", "string"), (" 1", "string"),
        ("true\nfalse\nTrue\nFALSE", "bool"), ("true\n1", "string"), ("yes", "string"),
        ("2013-01-31\n2000-02-29", "date"), ("2013-02-29", "string"), ("2013-13-01", "string"),
        ("2013-1-1", "string"), ("2013-01-31T10:00:00Z\n2013-01-31 10:00", "timestamp"),
        ("2013-01-31T10:00:00.123456789+01:00", "timestamp"), ("2013-01-31T24:00:00Z", "string"),
        ("2013-01-31\n2013-01-31T10:00:00Z", "string"), ("1\nNA", "int?"), ("NA\n1\n\"\"", "int?"),
        ("2.5\nNaN\nnull", "float?"), ("x\nN/A", "string?"), ("NA\nNULL", "string?"),
        ("None", "string"), ("\"12\"\n13", "int"), ("\"NA\"\n13", "int?"), ("1\nx\n2", "string"),
        ("x\n1\nnan", "string?"), ("2013-01-31\nnan", "date?"), ("true\nNA", "bool?"),
        ("2013-01-31T10:00:00Z\n2013-01-31T10:00:00Z\nNA", "timestamp?"),
    ])
    func `a column has the narrowest type of all its values`(_ values: String, _ type: String)
        throws
    {
        #expect(try scan("v\n\(values)\n").columns.map(\.typeText) == [type])
        let reversed = values.split(separator: "\n").reversed().joined(separator: "\n")
        #expect(try scan("v\n\(reversed)\n").columns.map(\.typeText) == [type])
    }

    @Test func `a table without rows has text columns`() throws {
        let summary = try scan("a,b\n")
        #expect(summary.rowCount == 0)
        #expect(summary.columns.map(\.typeText) == ["string", "string"])
    }

    @Test(arguments: [
        ("2013-01-31T10:00:00Z", 1_359_626_400_000_000), ("1970-01-01 00:00", 0),
        ("2013-01-31T10:00:00.5+01:30", 1_359_621_000_500_000),
        ("1969-12-31T23:59:59.999999999Z", -1), ("2013-01-31T10:00:00-0130", 1_359_631_800_000_000),
    ])
    func `a timestamp is microseconds of UTC`(_ text: String, _ micros: Int64) {
        let value = Array(text.utf8).withUnsafeBufferPointer { FieldSyntax.timestamp($0) }
        #expect(value == micros)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `numbers are rounded as the standard library rounds them`(_ seed: UInt64) {
        var numbers = SeededNumbers(seed)
        let value = Double(bitPattern: numbers.next())
        let short = Double(Int.random(in: -999_999...999_999, using: &numbers)) / 1000
        for text in ["\(value)", "\(short)", "\(numbers.next())", "0.1", "5e-324", "1e400"] {
            let parsed = Array(text.utf8).withUnsafeBufferPointer { FieldSyntax.float($0) }
            guard text.first(where: \.isNumber) != nil else { continue }
            #expect(parsed?.bitPattern == Double(text)?.bitPattern, "\(text)")
        }
    }
}

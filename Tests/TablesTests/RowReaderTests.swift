import Testing
import Vocabulary

@testable import Tables

/// Text in UTF-16, without a byte order mark.
private func wide(_ text: String, isLittleEndian: Bool) -> [UInt8] {
    text.utf16.flatMap { unit in
        let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)]
        return isLittleEndian ? bytes : bytes.reversed()
    }
}

@Suite struct RowReaderTests {
    @Test(arguments: [
        ("a,b\n1,2\n", [["1", "2"]]),
        ("a,b\n1,2", [["1", "2"]]),
        ("a,b\r\n1,2\r\n3,4\r\n", [["1", "2"], ["3", "4"]]),
        ("a,b\r\n1,2\r", [["1", "2"]]),
        ("\u{feff}a,b\n1,2\n", [["1", "2"]]),
        ("a,b\n\"1,5\",\"x\ny\"\n", [["1,5", "x\ny"]]),
        ("a,b\n\"say \"\"hi\"\"\",\"\"\n", [["say \"hi\"", ""]]),
        ("a,b\n\"\"\"\",\"\"\"\"\n", [["\"", "\""]]),
        ("a,b\n5\" pipe,x\"\n", [["5\" pipe", "x\""]]),
        ("a,b\n,\n", [["", ""]]),
        ("a,b\n\n1,2\n\r\n\n3,4\n\n", [["1", "2"], ["3", "4"]]),
        ("\n\r\na,b\n1,2\n", [["1", "2"]]),
        ("a\n1\n\n2\n", [["1"], [""], ["2"]]),
        ("a,b\n1,\"x\"", [["1", "x"]]),
        ("a,b\n1,\"x\"\r", [["1", "x"]]),
        ("\"a\",\"b\"\n1,2\n", [["1", "2"]]),
        ("a,b\n\"x\r\ny\",2\r\n", [["x\r\ny", "2"]]),
        ("a,b\nä,日本\n", [["ä", "日本"]]),
        ("a,b\n", []),
        ("a,b", []),
    ])
    func `rows are read as RFC 4180 says`(_ text: String, _ rows: [[String]]) throws {
        for size in [1, 2, 3, 1 << 20] {
            let table = try read(text, bufferSizes: [size])
            #expect(table.rows == rows)
            #expect(table.names.count == (rows.first?.count ?? 2))
        }
    }

    @Test(arguments: [
        ("", "it is empty: there is no header"),
        ("\n\n", "it is empty: there is no header"),
        ("\u{feff}", "it is empty: there is no header"),
        ("a,b\n1,2\n1,2,3\n", "line 3 has 3 fields, expected 2"),
        ("a,b\n1\n", "line 2 has 1 field, expected 2"),
        ("a,b\n\"x\ny\",2\n1\n", "line 4 has 1 field, expected 2"),
        ("a,b\n\n\n1", "line 4 has 1 field, expected 2"),
        ("a,a\n1,2\n", "line 1 names the column 'a' twice"),
        ("a,b\n1,\u{0}\n", "line 2 has a NUL byte"),
        ("a\u{0},b\n1,2\n", "line 1 has a NUL byte"),
        ("a,b\n1,\"2\n3,4\n", "line 2 opens a quote that never closes"),
        ("\"a,b\n1,2\n", "line 1 opens a quote that never closes"),
        ("a,b\n\"1\"x,2\n", "line 2 has text behind a closing quote"),
        ("a,\"b\"x\n1,2\n", "line 1 has text behind a closing quote"),
        ("a,b\r1,2\r", "line 1 has a carriage return that does not end the line"),
        (
            "1.5,2.5\n3,4\n",
            "line 1 holds only numbers, where the names of the columns should stand"
        ),
    ])
    func `a file that is no table is refused with its line`(_ text: String, _ why: String) throws {
        for size in [1, 2, 5, 1 << 20] {
            let error = #expect(throws: TableError.self) {
                try read(text, bufferSizes: [size])
            }
            #expect(error?.description == why)
        }
    }

    @Test(arguments: [
        (WideText.utf16, [0xff, 0xfe] + wide("id,name\n1,x\n", isLittleEndian: true)),
        (.utf16, [0xfe, 0xff] + wide("id,name\n1,x\n", isLittleEndian: false)),
        (.utf16LittleEndian, wide("id,name\r\n1,x\r\n", isLittleEndian: true)),
        (.utf16BigEndian, wide("id,name\r\n1,x\r\n", isLittleEndian: false)),
        (.utf16LittleEndian, wide("\"a\",\"b\"\n", isLittleEndian: true)),
        (.utf16LittleEndian, wide("名前,値段\n1,2\n", isLittleEndian: true)),
        (.utf16BigEndian, wide("名前,値段\n1,2\n", isLittleEndian: false)),
        (.utf32, [0xff, 0xfe, 0, 0, 0x61, 0, 0, 0, 0x0a, 0, 0, 0]),
        (.utf32, [0, 0, 0xfe, 0xff, 0, 0, 0, 0x61, 0, 0, 0, 0x0a]),
    ])
    func `text of two or four bytes a character is told, with what converts it`(
        _ text: WideText, _ bytes: [UInt8]
    ) throws {
        for size in [1, 3, 1 << 20] {
            let error = #expect(throws: TableError.self) {
                try read(bytes, bufferSizes: [size])
            }
            #expect(error?.description == "it is \(text.rawValue) text, and only UTF-8 is read")
            let told = error?.named("a.csv")
            #expect(told?.advice?.contains("iconv -f \(text.rawValue) -t UTF-8") == true)
        }
    }

    @Test func `a NUL byte alone makes no other encoding`() throws {
        for text in ["a,b\u{0}\n1,2\n", "a\u{0}b\u{0}\u{0}c\n", "a,b\n1,2\n\u{0}"] {
            #expect(WideText(firstBytes: text.utf8) == nil, "\(Array(text.utf8))")
        }
        #expect(WideText(firstBytes: Array("a,b\n".utf8)) == nil)
        #expect(WideText(firstBytes: []) == nil)
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
            [0x80],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused`(_ bad: [UInt8]) throws {
        let bytes = Array("a,b\nok,fine\nx,".utf8) + bad + Array("\ny,z\n".utf8)
        let error = #expect(throws: TableError.self) { try read(bytes) }
        #expect(error?.description == "line 3 is not UTF-8 text")
        let header = #expect(throws: TableError.self) { try read(bad + Array(",b\n1,2\n".utf8)) }
        #expect(header?.description == "line 1 is not UTF-8 text")
    }

    @Test(arguments: [
        ("a,b,c\n1,2,3\n", ","), ("a;b;c\n1,5;2,5;3\n", ";"), ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"), ("a\n1\n", ","), ("a;b,c\n1;2,3\n4;5,6\n", ","),
        ("x;y, z\n1;2\n3;4\n", ";"), ("\"a;b;c\",d\n1,2\n", ","),
    ])
    func `the delimiter is found from the file`(_ text: String, _ delimiter: Character) throws {
        #expect(try read(text).delimiter == delimiter.asciiValue)
    }

    @Test func `a tsv is never delimited by anything but tabs`() throws {
        let table = try read(Array("a,b\tc\n1,2\t3\n".utf8), format: CSVFormat.tsv)
        #expect(table.names == ["a,b", "c"])
        #expect(table.rows == [["1,2", "3"]])
    }

    @Test(arguments: [
        ("data/x.csv", "csv"), ("X.CSV", "csv"), ("a.tsv", "tsv"), ("a.txt", nil), (".csv", nil),
        ("csv", nil), ("a.txt.gz", nil),
    ])
    func `a name promises a format by its end`(_ name: String, _ format: String?) {
        #expect(TableFormats.format(forName: Array(name.utf8))?.name == format)
    }

    @Test func `columns without a name are numbered`() throws {
        #expect(try read(",a,\n1,2,3\n").names == ["column_1", "a", "column_3"])
        #expect(try read(",0,1\n1,2,3\n").names == ["column_1", "0", "1"])
    }

    @Test func `a raw row is the file's bytes without the line end`() throws {
        let table = try read("a,b\r\n\"x\",1\r\n y ,\"\"\"2\"\n")
        #expect(table.rawRows == ["\"x\",1", " y ,\"\"\"2\""].map { Array($0.utf8) })
    }

    @Test func `rows longer than a window are read, and rows over the bound refused`() throws {
        let long = String(repeating: "x", count: 300_000)
        let text = "a,b\n1,\(long)\n\"\(long)\n\",2\n3,4\n"
        for sizes in [[1 << 20], [1000, 77], [70_000]] {
            let table = try read(text, bufferSizes: sizes)
            #expect(table.rows.map(\.[1].utf8.count) == [300_000, 1, 1])
            #expect(table.rows[1][0].utf8.count == 300_001)
        }
        var endless = Array("a,b\n1,2\n3,\"".utf8)
        endless += [UInt8](repeating: 0x78, count: RowReader.maximumRowBytes + 10)
        for sizes in [[1 << 30], [1 << 18]] {
            let error = #expect(throws: TableError.self) { try read(endless, bufferSizes: sizes) }
            #expect(error?.line == 3)
            #expect(error?.reason.contains("opens a quote that does not close within") == true)
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `what is read never depends on the buffers`(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let bytes = RandomCSV.valid(&numbers)
        let whole = try read(bytes)
        #expect(whole == (try NaiveCSV.read(bytes)))
        for _ in 0..<3 {
            let sizes = (0..<5).map { _ in Int.random(in: 1...700, using: &numbers) }
            #expect(try read(bytes, bufferSizes: sizes) == whole)
        }
    }

    @Test(arguments: 0..<150 as Range<UInt64>)
    func `damaged text is read alike by any cut, or refused alike, and never traps`(
        _ seed: UInt64
    ) throws {
        var numbers = SeededNumbers(seed &+ 1000)
        var bytes = RandomCSV.valid(&numbers)
        let pool: [UInt8] = [0x22, 0x2c, 0x0a, 0x0d, 0x00, 0xff, 0xc3, 0x41, 0x3b]
        for _ in 0..<Int.random(in: 1...4, using: &numbers) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            switch Int.random(in: 0..<3, using: &numbers) {
            case 0: bytes[place] = pool[Int.random(in: 0..<pool.count, using: &numbers)]
            case 1: bytes.insert(pool[Int.random(in: 0..<pool.count, using: &numbers)], at: place)
            default: bytes.remove(at: place)
            }
        }
        let whole = Result { try read(bytes) }.mapError { "\($0)" as Failure }
        let sizes = (0..<5).map { _ in Int.random(in: 1...300, using: &numbers) }
        let cut = Result { try read(bytes, bufferSizes: sizes) }.mapError { "\($0)" as Failure }
        #expect(whole == cut)
        _ = try? scan(bytes, bufferSizes: sizes)
    }
}

/// An error by its text, to compare.
struct Failure: Error, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    let text: String
    init(stringLiteral text: String) { self.text = text }
}

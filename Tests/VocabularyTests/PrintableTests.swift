import Testing
import Vocabulary

@Suite struct PrintableTests {
    @Test func `names are shown so that none drives a terminal and no two look the same`() {
        #expect(printable(Array("a b/ü".utf8)) == "a b/ü")
        #expect(printable(Array("\u{1b}[2J\n\t\\".utf8)) == "\\x1b[2J\\x0a\\x09\\x5c")
        #expect(printable([0x61, 0xff, 0x5c]) == "a\\xff\\x5c")
        #expect(printable(Array("\u{9b}".utf8)) == "\\xc2\\x9b")
    }

    @Test func `texts keep their backslashes and tabs`() {
        #expect(printableText(Array("sed 's/\\./x/'\tü".utf8)) == "sed 's/\\./x/'\tü")
        #expect(printableText(Array("\u{1b}\n\u{7f}\u{9b}".utf8)) == "\\x1b\\x0a\\x7f\\xc2\\x9b")
        #expect(printableText([0xff, 0x5c, 0x09, 0x0d]) == "\\xff\\\t\\x0d")
    }
}

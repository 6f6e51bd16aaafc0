import Remotes
import Testing
import Vocabulary

@Suite struct XMLTests {
    private func parse(_ text: String) throws -> XMLElement {
        try XMLElement(parsing: Array(text.utf8))
    }

    @Test func `elements, text, entities and prefixes are read`() throws {
        let root = try parse(
            """
            <?xml version="1.0"?>
            <a:R xmlns:a="x" b='<' c = "d"><E>one &lt;&#233;&#x20AC;&gt;</E><F/><E>two</E></a:R >

            """.replacingAngle())
        #expect(root.name == "R" && root.children.count == 3)
        #expect(root["E"]?.text == "one <é€>")
        #expect(root.all("E").map(\.text) == ["one <é€>", "two"])
        #expect(root["F"]?.text == "" && root["G"] == nil)
    }

    @Test(arguments: [
        "", "x", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "<!DOCTYPE a><a/>", "<a><!-- c --></a>",
        "<a><![CDATA[x]]></a>", "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#+5;</a>",
        "<a>&", "<a>&lt</a>", "<a b></a>", "<a b=c></a>", "<a b=\"c></a>", "<1/>", "<a\u{1}/>",
        "<a>\u{0}</a>", "<?xml", "<a b=\"c\"d=\"e\"/>", "< a/>", "<a", "<", "<a b=\"",
    ])
    func `what is no small plain document is refused`(text: String) {
        #expect(throws: DecodeError.self) { try parse(text) }
    }

    @Test func `depth and text are bounded`() throws {
        func nested(_ count: Int) -> String {
            String(repeating: "<a>", count: count) + String(repeating: "</a>", count: count)
        }
        #expect(try parse(nested(32)).name == "a")
        #expect(throws: DecodeError.self) { try parse(nested(33)) }
        #expect(throws: DecodeError.self) { try parse(nested(100_000)) }
        #expect(throws: DecodeError.self) {
            try XMLElement(parsing: [0x3c, 0x61, 0x3e, 0xff] + Array("</a>".utf8))
        }
    }
}

extension String {
    /// An attribute may hold `<` only as an entity.
    fileprivate func replacingAngle() -> String {
        split(separator: "'<'").joined(separator: "'&lt;'")
    }
}

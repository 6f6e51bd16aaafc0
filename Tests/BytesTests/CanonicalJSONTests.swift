import Bytes
import Testing
import Vocabulary

@Suite struct CanonicalJSONTests {
    private func canonical(_ text: String) throws -> String {
        String(decoding: try JSONValue(parsing: Array(text.utf8)).canonical, as: UTF8.self)
    }

    /// RFC 8785, section 3.2.2: the example with literals, numbers and a string.
    @Test func `the example of RFC 8785 is written as the RFC writes it`() throws {
        let input = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let expected = #"""
            {"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}
            """#
        #expect(try canonical(input) == expected)
    }

    /// RFC 8785, section 3.2.3: keys sort by UTF-16 code units.
    @Test func `keys are sorted as in the RFC's sorting example`() throws {
        let input = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
             "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
             "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#
        let values = try canonical(input).split(separator: ",").map {
            String(
                $0.split(separator: ":", maxSplits: 1)[1].drop { $0 == "\"" }.prefix { $0 != "\"" })
        }
        #expect(
            values == [
                "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis",
                "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
            ])
    }

    /// RFC 8785, appendix B: IEEE 754 bits and the text they must give.
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func `numbers are written as in the RFC's table`(bits: UInt64, text: String) {
        #expect(shortestText(Double(bitPattern: bits)) == text)
    }

    @Test func `every written number reads back as the same bits`() {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state ^ state >> 29)
            guard value.isFinite, value != 0 else { continue }
            #expect(Double(shortestText(value)) == value)
        }
    }

    @Test func `canonical text is a fixed point`() throws {
        let text = #"{"a":[1,2.5,{"b":null}],"z":"\u0001é"}"#
        #expect(try canonical(canonical(text)) == canonical(text))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "1.", ".5", "1e", "+1", "nul",
        "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"abc", "1 2", "1e999", "NaN",
        "'a'", "{1:2}", "[1 2]", "\u{feff}1",
    ])
    func `what is not strict JSON is refused`(text: String) {
        #expect(throws: DecodeError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func `text that is no UTF-8 is refused`() {
        #expect(throws: DecodeError.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func `nesting is bounded`() throws {
        let deep = Array(String(repeating: "[", count: 200).utf8)
        #expect(throws: DecodeError(at: 129, "nested too deeply")) { try JSONValue(parsing: deep) }
        let fine = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(try canonical(fine) == fine)
    }

    @Test func `whole numbers beyond 2^53 become the nearest double`() throws {
        #expect(try canonical("9007199254740993") == "9007199254740992")
        #expect(
            try JSONValue(parsing: Array("9007199254740991".utf8))
                == .integer(9_007_199_254_740_991))
        #expect(try canonical("-0") == "0")
    }

    @Test func `pretty text is the same document`() throws {
        let value: JSONValue = ["b": [1, 2], "a": [:], "c": [], "d": ["x": "y"]]
        #expect(try JSONValue(parsing: Array(value.pretty.utf8)) == value)
        #expect(value.pretty.hasPrefix("{\n  \"a\": {},\n  \"b\": [\n    1,\n    2\n  ],"))
    }
}

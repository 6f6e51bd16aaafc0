import Bytes
import Testing

@Suite struct YAMLTests {
    private func json(_ text: String) throws -> JSONValue? {
        try parseYAML(Array(text.utf8))?.jsonValue
    }

    @Test func `a stage file's constructs become values`() throws {
        let text = """
            # comment
            stages:
              split:
                split: {data: data/flights.csv, test: 0.2, by: key(flight), seed: 7}
                outs: [work/train.csv, work/test.csv]
              two:
                cmd: |
                  echo one
                  echo two
                flag: yes
                none:
            """
        #expect(
            try json(text) == [
                "stages": [
                    "split": [
                        "split": [
                            "data": "data/flights.csv", "test": 0.2, "by": "key(flight)", "seed": 7,
                        ],
                        "outs": ["work/train.csv", "work/test.csv"],
                    ],
                    "two": ["cmd": "echo one\necho two\n", "flag": "yes", "none": nil],
                ]
            ])
    }

    @Test(
        arguments: [
            ("1", 1), ("-7", -7), ("+3", 3), ("0x1f", 31), ("0o17", 15), ("1.5", 1.5),
            ("1e3", 1000.0),
            (".5", 0.5), ("1.", 1.0), ("true", true), ("False", false), ("~", nil), ("null", nil),
            ("'1'", "1"), ("\"true\"", "true"), ("1.2.3", "1.2.3"), (".nan", ".nan"),
            ("1e999", "1e999"),
            ("2026-11-23", "2026-11-23"), ("0x", "0x"), ("1_000", "1_000"), (".", "."),
            ("12e", "12e"), ("007", 7), ("9223372036854775808", 9_223_372_036_854_775_808.0),
        ] as [(String, JSONValue)])
    func `scalars follow the core schema`(text: String, value: JSONValue) throws {
        #expect(try json("k: " + text)?["k"] == value)
    }

    @Test(arguments: [
        ("a: 1\na: 2", 2), ("a: &x 1", 1), ("a: *x", 1), ("a: !!str 1", 1), ("a: 1\n---\nb: 2", 2),
        ("? [1]\n: 2", 1), ("a: [1", 2), ("a:\n\t- b", 2), ("<<<<<<< HEAD\na: 1", 2), ("\"a", 1),
    ])
    func `what we do not accept is refused with its line`(text: String, line: Int) {
        #expect {
            try parseYAML(Array(text.utf8))
        } throws: { error in
            (error as? YAMLError).map { abs($0.line - line) <= 1 } ?? false
        }
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(throws: YAMLError.self) { try parseYAML([0x61, 0x3a, 0x20, 0xff, 0xfe]) }
    }

    @Test func `depth, size and nodes are bounded`() {
        #expect(throws: YAMLError.self) {
            try parseYAML(Array(String(repeating: "[", count: 1000).utf8))
        }
        var limits = YAMLLimits()
        limits.maximumNodes = 10
        #expect(throws: YAMLError.self) {
            try parseYAML(Array("[1,1,1,1,1,1,1,1,1,1,1]".utf8), limits: limits)
        }
        limits.maximumBytes = 3
        #expect(throws: YAMLError.self) { try parseYAML(Array("abcd".utf8), limits: limits) }
    }

    @Test func `an empty text is no document`() throws {
        #expect(try parseYAML([])?.jsonValue == nil)
        #expect(try parseYAML(Array("# only a comment\n".utf8))?.jsonValue == nil)
    }

    @Test func `nodes know their place`() throws {
        let root = try #require(try parseYAML(Array("a: 1\nb:\n  - x\n  - y\n".utf8)))
        let element = try #require(root["b"]?.sequence?.last)
        #expect(element.line == 4)
        #expect(element.column == 5)
    }

    @Test(arguments: [
        "plain", "two words", "", "null", "true", "yes", "1", "1.5", "a: b", "# x", "-", "é",
        "a\nb",
        "\u{7f}", "\u{85}", "\u{2028}", "tab\there", "quote\"s", "back\\slash", "/abs/path",
        "data/flights.csv", "2026-11-23", "@x", "%x", "~", "[x]", "{x}", "*a", "&a", "!t", "😀",
    ])
    func `written text reads back as the same text`(text: String) throws {
        let document = YAMLText.block([(text, .text(text)), ("list", .list([.text(text)]))])
            .document
        guard text != "list" else { return }
        #expect(try json(document) == .object([text: .string(text), "list": [.string(text)]]))
    }

    @Test(arguments: [998, 999, 1_024, 5_000])
    func `keys of any length are read back`(length: Int) throws {
        for letter in ["k", "ä", "\"", "😀"] {
            let key = String(repeating: letter, count: length)
            let pairs: [(String, YAMLText)] = [(key, .literal("1")), ("z", .literal("2"))]
            let value: JSONValue = .object([key: 1, "z": 2])
            #expect(try json(YAMLText.block(pairs).document) == value)
            #expect(try json(YAMLText.block([("in", .flow(pairs))]).document) == ["in": value])
            #expect(try json(YAMLText.list([.block(pairs)]).document) == [value])
            let nested = YAMLText.block([(key, .block(pairs)), ("z", .list([.block(pairs)]))])
            #expect(try json(nested.document) == .object([key: value, "z": [value]]))
        }
    }

    @Test func `nested values are laid out the same way each time`() {
        let value = YAMLText.block([
            ("version", .literal("1")),
            ("columns", .flow([("year", .text("int")), ("dep", .text("int?"))])),
            (
                "stages",
                .block([
                    ("one", .block([("outs", .list([.text("a"), .block([("b", .text("c"))])]))]))
                ])
            ),
            ("empty", .block([])),
        ])
        #expect(
            value.document == """
                version: 1
                columns: {year: int, dep: "int?"}
                stages:
                  one:
                    outs:
                      - a
                      - b: c
                empty: {}

                """)
    }

    @Test func `any JSON document survives being written as YAML`() throws {
        let value: JSONValue = [
            "a": [1, -2.5, "x", nil, true, [], [:], [[1], ["k": [2]]]], "b c": ["d": ["e": 1e300]],
        ]
        #expect(try json(YAMLText(value).document) == value)
    }
}

import Bytes
import Testing

@testable import Pipelines

@Suite struct PythonConstantsTests {
    private func values(_ text: String) throws -> JSONValue {
        try PythonConstants.values(in: Array(text.utf8))
    }

    @Test func `literals of every kind are read`() throws {
        let found = try values(
            #"""
            """The module's text."""
            import os
            INT = 1_000  # a comment
            HEX, other = 0x1f, 2
            hexadecimal = 0xFF
            octal = -0o17
            binary = 0b101
            rate: float = 1e-3
            half = .5
            whole = 2.
            yes = True; no = False; nothing = None
            text = 'it''s' " two"
            raw = r'\d+'
            escaped = 'a\tb\\ \x41\u00e9\101\q'
            long = """one
            = 'two'"""
            layers = [
                64,  # first
                32,
            ]
            pair = 1, 'b'
            one = (5)
            single = (5,)
            nested = {'a': [1, {'b': None}], "c": (),}
            joined = 1 + \
                2
            carried = \
                3
            """#)
        let expected: JSONValue = [
            "INT": 1000, "hexadecimal": 255, "octal": -15, "binary": 5, "rate": 0.001, "half": 0.5,
            "whole": 2.0, "yes": true, "no": false, "nothing": nil, "text": "its two",
            "raw": "\\d+", "escaped": "a\tb\\ A\u{e9}A\\q", "long": "one\n= 'two'",
            "layers": [64, 32], "pair": [1, "b"], "one": 5, "single": [5],
            "nested": ["a": [1, ["b": nil]], "c": []], "carried": 3,
        ]
        #expect(found.canonical == expected.canonical)
    }

    @Test func `classes are mappings, what is set on self included`() throws {
        let found = try values(
            """
            class Train(Base, metaclass=M):
                '''What it does.'''
                rate = 0.1
                class Inner:
                    depth: int = 3
                def __init__(self, size: int = 4) -> None:
                    self.size = 8
                    self.given = size
                    local = 1
                    if size:
                        self.hidden = 2
                def other(self):
                    self.no = 1
                after = 'x'
            class Empty: pass
            class Short: a = 1; b = 2
            last = 1
            """)
        #expect(
            found == [
                "Train": ["rate": 0.1, "Inner": ["depth": 3], "size": 8, "after": "x"],
                "Short": ["a": 1, "b": 2], "last": 1,
            ])
    }

    @Test func `what is not constant, or not surely so, is left out`() throws {
        let found = try values(
            """
            a = f(1)
            b = [1, x]
            c = 1
            c = g()
            d = 1
            d += 1
            e = b'x'
            f = f'{a}'
            g = 1 if a else 2
            h = 1j
            i = '\\N{BULLET}'
            j = 010
            k = 1_
            l: int
            m == 2
            n = {1, 2}
            o = 1e999
            p = -'x'
            if True:
                q = 1
            else: r = 2
            try: s = 1
            except E: t = 1
            for u in v: w = 1
            x = y = 1
            z.a = 1
            def fn():
                aa = 1
            ok = 1
            """)
        #expect(found == ["ok": 1])
    }

    @Test func `what nests deeper than anybody writes is left out`() throws {
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(try values("a = \(deep)\nb = 1") == ["b": 1])
    }

    @Test(arguments: [
        ("a = 1\nb = 'x\n", 2), ("a = [1,\n2\n", 1), ("\n\na = 1)\n", 3),
        ("x = '''a\nb", 1), ("x = '\\", 1),
    ])
    func `a program that breaks off is refused with its line`(text: String, line: Int) {
        let failure = #expect(throws: PythonConstants.Failure.self) { try values(text) }
        #expect(failure?.line == line)
    }

    @Test func `every beginning of a program is read or refused`() throws {
        let text = Array(
            "class A(B):\n  x: T = {'a': [1, -2.5e-3, r'\\d', '''t''']}  # c\n  def __init__(s):\n    self.y = 'z'\\\n\n"
                .utf8)
        for length in text.indices {
            _ = try? PythonConstants.values(in: Array(text[..<length]))
            _ = try? PythonConstants.values(in: Array(text[length...]))
        }
        #expect(try PythonConstants.values(in: text)["A"]?["y"] == "z")
        #expect(throws: PythonConstants.Failure.self) {
            try PythonConstants.values(in: [0x61, 0x3d, 0xff])
        }
    }
}

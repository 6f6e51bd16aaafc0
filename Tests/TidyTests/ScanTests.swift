import Testing

@testable import dev

@Suite struct ScanTests {
    private func code(_ text: String) -> [String] {
        SwiftSource(path: "Sources/A/A.swift", text: text).code
    }

    private func extents(_ text: String) -> [Range<Int>] {
        functionExtents(of: SwiftSource(path: "Sources/A/A.swift", text: text))
    }

    @Test func `comments and literals are blanked, code keeps its columns`() {
        #expect(code("a // b") == ["a     "])
        #expect(code("a /* b /* c */ d */ e") == ["a                   e"])
        #expect(!code("f(\"x { y\")")[0].contains("{"))
    }

    @Test(arguments: [
        "\"a \\\"{\\\" b\"", "\"\\(f(\"{\"))\"", "#\"\\ { \"# ", "\"\"\"\n{ \"quoted\"\n\"\"\"",
        "#\"\"\"\n{ \\(no)\n\"\"\"#", "\"\\\\\"",
    ])
    func `no brace of a literal is taken for code`(literal: String) {
        let lines = code("let a = \(literal); let after = 1")
        #expect(!lines.contains { $0.contains("{") })
        #expect(lines.last?.contains("after") == true)
    }

    @Test func `a function reaches from its declaration to its brace`() {
        #expect(extents("func a() {\n    b()\n}\n") == [0..<3])
        #expect(
            extents("func a(\n    b: Int = { 1 }()\n) throws\n    -> Int\n{\n    b\n}") == [0..<7])
        #expect(extents("init() { }\ndeinit { }") == [0..<1, 1..<2])
    }

    @Test func `requirements and calls have no body`() {
        #expect(extents("protocol P {\n    func a()\n    func b() -> Int\n    init()\n}") == [])
        #expect(extents("let a = A.init()\nif x {\n}") == [])
    }

    @Test func `a raw identifier is one name`() {
        #expect(extents("@Test func `one { sentence`() {\n}") == [0..<2])
    }

    @Test func `long functions and files are held against the limits`() {
        let body = Array(repeating: "    a()", count: 80).joined(separator: "\n")
        let sizes = Sizes([
            SwiftSource(path: "Sources/A/A.swift", text: "func a() {\n\(body)\n}"),
            SwiftSource(
                path: "Sources/A/B.swift", text: String(repeating: "\n", count: 900)),
        ])
        #expect(sizes.findings.map(\.file) == ["Sources/A/A.swift", "Sources/A/B.swift"])
    }
}

import Testing

@testable import dev

@Suite struct RuleTests {
    private func source(_ text: String, path: String = "Sources/Objects/Pack.swift") -> SwiftSource
    {
        SwiftSource(path: path, text: text)
    }

    private func rules(_ text: String, path: String = "Sources/Objects/Pack.swift") -> [String] {
        CodeRules.findings(source(text, path: path)).map(\.rule)
    }

    @Test func `the plan of the house has no arrow that points up or sideways`() {
        #expect(House.plan.crookedArrows() == [])
    }

    @Test(arguments: [
        ("import Bytes", nil),
        ("package import Vocabulary", nil),
        ("@preconcurrency import Platform", nil),
        ("import Synchronization", nil),
        ("// import Foundation", nil),
        ("import Foundation", "44 MB"),
        ("import Remotes", "not below it"),
        ("import Commands", "not below it"),
        ("import struct Tables.Table", "not below it"),
        ("import ArgumentParser", "not in the plan"),
    ])
    func `an import is judged by the plan`(line: String, expected: String?) {
        let found = importFindings([source(line)], house: .plan)
        #expect(found.count == (expected == nil ? 0 : 1))
        if let expected { #expect(found.first?.message.contains(expected) == true) }
    }

    @Test func `a C library has one importer`() {
        let house = House(rooms: [
            "CZstd": .init(-1), "A": .init(1, ["CZstd"]), "B": .init(1, ["CZstd"]),
        ])
        let found = importFindings(
            [
                source("import CZstd", path: "Sources/A/A.swift"),
                source("import CZstd", path: "Sources/B/B.swift"),
            ], house: house)
        #expect(found.map(\.message) == ["CZstd is imported by A, B"])
    }

    @Test(arguments: [
        ("let a = try! load()", ["traps"]),
        ("let a = b as! Int", ["traps"]),
        ("fatalError(\"no\")", ["traps"]),
        ("print(1)", ["print"]),
        ("console.print(1)", []),
        ("let text = \"try! print(1) fatalError\"", []),
        ("// try! is forbidden", []),
        ("struct PackHelper {}", ["names"]),
        ("enum Util {}", ["names"]),
        ("struct BaseChoice {}", []),
        ("// TODO: later", ["todo"]),
        ("// TODO(#12): later", []),
        ("final class Cache: @unchecked Sendable {}", ["reasons"]),
        ("final class Cache: @unchecked Sendable {}  // all state is in the mutex below", []),
    ])
    func `a line is judged by its code, not by its prose`(line: String, expected: [String]) {
        #expect(rules(line) == expected)
    }

    @Test func `only those who speak to people print`() {
        #expect(rules("print(1)", path: "Sources/dev/Dev.swift") == [])
    }

    @Test func `a placeholder and an empty name are found by the file's name`() {
        #expect(rules("", path: "Sources/Objects/Placeholder.swift") == ["names"])
        #expect(rules("", path: "Sources/Objects/PackManager.swift") == ["names"])
        #expect(rules("", path: "Sources/Objects/Pack+Utils.swift") == ["names"])
    }

    @Test func `tests outside a suite are found`() {
        let path = "Tests/ObjectsTests/PackTests.swift"
        #expect(rules("@Test func a() {}", path: path) == ["suites"])
        #expect(rules("@Suite struct S { @Test func a() {} }", path: path) == [])
    }

    @Test func `what other targets see needs a comment`() {
        let found = documentationFindings([
            source(
                """
                /// Said.
                package struct A {
                    package let bare: Int
                    /// Said.
                    @discardableResult
                    package func said() {}
                    package func bare(_ a: Int) {}
                    package var description: String { "" }
                    package static func < (left: A, right: A) -> Bool { true }
                    func inside() {}
                }
                """)
        ])
        #expect(found.map(\.line) == [3, 7])
    }

    @Test func `a protocol of ours speaks for its conformers`() {
        let found = documentationFindings([
            source("package protocol P {\n    /// Said.\n    var id: Int { get }\n}"),
            source("/// Said.\npackage struct A: P {\n    package let id: Int\n}"),
        ])
        #expect(found.map(\.line) == [1])
    }
}

/// Rules about single lines and names.
struct CodeRules {
    /// Words that a name may not end with (nor be): they say nothing about what a thing does.
    private static let empty: Set<String> = [
        "Util", "Utils", "Helper", "Helpers", "Manager", "Common", "Misc", "Base", "Handler",
    ]
    private static let typeKeywords: Set<String> = [
        "struct", "class", "enum", "protocol", "actor", "typealias",
    ]
    /// Targets that speak to people.
    private static let printers: Set<String> = ["Commands", "dev", "mlstore"]

    private let source: SwiftSource
    private var findings: [Finding] = []

    /// Everything that these rules hold against `source`.
    static func findings(_ source: SwiftSource) -> [Finding] {
        var rules = CodeRules(source: source)
        rules.checkFileName()
        for line in source.code.indices { rules.checkLine(line) }
        if source.isTest { rules.checkSuite() }
        return rules.findings
    }

    private init(source: SwiftSource) { self.source = source }

    private mutating func add(_ line: Int, _ rule: String, _ message: String) {
        findings.append(Finding(file: source.path, line: line + 1, rule: rule, message: message))
    }

    private mutating func checkFileName() {
        let file = source.path.split(separator: "/").last.map(String.init) ?? ""
        let name = file.split(separator: ".").first.map(String.init) ?? ""
        if name == "Placeholder" { add(-1, "names", "a placeholder was left behind") }
        for part in name.split(separator: "+") { checkName(String(part), line: -1) }
    }

    private mutating func checkName(_ name: String, line: Int) {
        guard let last = camelParts(name).last, CodeRules.empty.contains(last) else { return }
        add(line, "names", "'\(name)': say what it does instead of '\(last)'")
    }

    private mutating func checkLine(_ line: Int) {
        let code = source.code[line]
        let parts = words(code)
        for (index, word) in parts.enumerated()
        where CodeRules.typeKeywords.contains(word) && index + 1 < parts.count {
            checkName(parts[index + 1], line: line)
        }
        checkToDo(line)
        if !source.isTest {
            checkTraps(line, code)
            checkPromises(line, code)
        }
    }

    private mutating func checkTraps(_ line: Int, _ code: String) {
        for trap in ["try!", "as!"] where !places(of: trap, in: code).isEmpty {
            add(line, "traps", "'\(trap)' may trap on input: throw instead")
        }
        if calls("fatalError", in: code) {
            add(line, "traps", "'fatalError' is for nobody: throw, or use precondition")
        }
        if calls("print", in: code), code.contains("print("), !code.contains("func print"),
            !CodeRules.printers.contains(source.target)
        {
            add(line, "print", "only Commands and dev print")
        }
    }

    private mutating func checkPromises(_ line: Int, _ code: String) {
        for promise in ["@unchecked Sendable", "nonisolated(unsafe)"]
        where code.contains(promise) && !source.isExplained(at: line) {
            add(line, "reasons", "'\(promise)' needs a comment that proves it")
        }
    }

    private mutating func checkToDo(_ line: Int) {
        let comment = source.comments[line]
        for word in ["TODO", "FIXME"] where !places(of: word, in: comment).isEmpty {
            if !comment.contains("#") {
                add(line, "todo", "'\(word)' without the number of an issue")
            }
        }
    }

    private mutating func checkSuite() {
        let hasTest = source.code.contains { $0.contains("@Test") }
        let hasSuite = source.code.contains { $0.contains("@Suite") }
        if hasTest, !hasSuite { add(-1, "suites", "tests outside a @Suite") }
    }
}

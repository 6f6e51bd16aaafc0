import Testing
import Vocabulary
import Workspaces

@Suite struct IgnoreRulesTests {
    private func rules(_ text: String, in base: String? = nil) throws -> IgnoreRules {
        var rules = IgnoreRules()
        rules.append(Array(text.utf8), in: try base.map { try RepoPath($0) })
        return rules
    }

    private func covers(
        _ rules: IgnoreRules, _ path: String, _ isDirectory: Bool
    ) throws -> Bool {
        rules.ignores(try RepoPath(path), isDirectory: isDirectory)
    }

    private func coversWithParents(_ rules: IgnoreRules, _ path: String) throws -> Bool {
        rules.ignoresWithParents(try RepoPath(path), isDirectory: false)
    }

    @Test(arguments: [
        ("*.log", "a/b.log", true), ("*.log", "a/b.txt", false), ("/a", "a", true),
        ("/a", "b/a", false), ("a/b", "a/b", true), ("a/b", "c/a/b", false), ("a/*", "a/b", true),
        ("a/*", "a/b/c", false), ("**/x", "x", true), ("**/x", "a/b/x", true),
        ("a/**", "a", false), ("a/**", "a/b/c", true), ("a/**/z", "a/z", true),
        ("a/**/z", "a/b/c/z", true), ("a?c", "abc", true), ("a?c", "a/c", false),
        ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[]]x", "]x", true),
        ("[[:digit:]]x", "7x", true), ("\\*", "*", true), ("\\*", "a", false),
        ("#x", "#x", false), ("\\#x", "#x", true), ("\\!x", "!x", true), ("x ", "x", true),
        ("x\\ ", "x ", true), ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false),
        ("x\r", "x", true), ("dir/", "dir", false), ("", "x", false), ("/", "x", false),
    ])
    func `a pattern means what it means to git`(
        pattern: String, path: String, expected: Bool
    ) throws {
        let ignored = try rules(pattern).ignores(try RepoPath(path), isDirectory: false)
        #expect(ignored == expected)
    }

    @Test func `a pattern with a slash at its end is for folders`() throws {
        #expect(try rules("dir/").ignores(try RepoPath("a/dir"), isDirectory: true))
    }

    @Test func `the last rule that fits decides`() throws {
        let rules = try rules("*.csv\n!keep.csv\n")
        #expect(try !covers(rules, "a/keep.csv", false))
        #expect(try covers(rules, "a/other.csv", false))
    }

    @Test func `rules hold below the folder of their file`() throws {
        var rules = try rules("/x\n*.tmp\n", in: "a/b")
        #expect(try covers(rules, "a/b/x", false))
        #expect(try !covers(rules, "a/x", false))
        #expect(try covers(rules, "a/b/c/d.tmp", false))
        #expect(try !covers(rules, "d.tmp", false))
        rules.append(Array("!d.tmp".utf8), in: try RepoPath("a/b/c"))
        #expect(try !covers(rules, "a/b/c/d.tmp", false))
    }

    @Test func `what lies in an ignored folder is ignored`() throws {
        let rules = try rules("data/\n")
        #expect(try coversWithParents(rules, "data/a/b"))
        #expect(try !coversWithParents(rules, "date/a/b"))
    }
}

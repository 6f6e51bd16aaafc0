import ArgumentParser
import Testing

@testable import Commands

/// The words of a line up to a pipe or a redirection; quotes hold blanks together.
private func shellWords(_ line: Substring) -> [String] {
    var words: [String] = [""]
    var quote: Character?
    for character in line {
        if let open = quote {
            if character == open { quote = nil } else { words[words.count - 1].append(character) }
        } else if character == "'" || character == "\"" {
            quote = character
        } else if character == " " {
            if words.last?.isEmpty == false { words.append("") }
        } else if character == "|" || character == ">" {
            break
        } else {
            words[words.count - 1].append(character)
        }
    }
    return words.filter { !$0.isEmpty }
}

@Suite struct ManualTests {
    @Test func `every command has an example and tells its exit statuses`() throws {
        for page in try ToolDescription.ofProgram().allPages {
            #expect(page.discussion.contains("Examples:\n  mlstore"), "\(page.name)")
            #expect(page.discussion.contains("Exit status:"), "\(page.name)")
            #expect(!page.abstract.isEmpty, "\(page.name)")
            // Those that only hold others print nothing themselves.
            let takesJSON = page.usage.contains("--json")
            #expect(takesJSON == page.subcommands.isEmpty, "\(page.name)")
            for argument in page.arguments {
                #expect(!argument.abstract.isEmpty, "\(page.name) \(argument.label)")
            }
        }
    }

    @Test func `what the examples type is understood`() throws {
        for page in try ToolDescription.ofProgram().allPages {
            for line in page.discussion.split(separator: "\n") where line.hasPrefix("  mlstore ") {
                let words = shellWords(line)
                #expect(throws: Never.self, "\(line)") {
                    try MLStoreCommand.parseAsRoot(Array(words.dropFirst()))
                }
            }
        }
    }

    @Test func `pages quote what roff would take for a request`() throws {
        let tool = try ToolDescription.ofProgram()
        for page in tool.allPages {
            for line in manualPage(of: page, version: "1").split(separator: "\n") {
                let request = line.prefix { $0 != " " }
                let known = [
                    ".TH", ".SH", ".B", ".TP", ".PP", ".RS", ".RE", ".nf", ".fi", ".nh",
                ]
                #expect(!line.hasPrefix(".") || known.contains(String(request)))
                #expect(!line.hasPrefix("'"))
            }
        }
    }

    @Test func `a reference page has one title and closed code`() throws {
        for page in try ToolDescription.ofProgram().allPages {
            let lines = referencePage(of: page).split(separator: "\n")
            #expect(lines.count { $0.hasPrefix("# ") } == 1)
            #expect(lines.count { $0.hasPrefix("```") }.isMultiple(of: 2))
        }
    }

    @Test(arguments: [
        (["-C", "d", "status", "x"], ["status", "-C", "d", "x"]),
        (["--json", "-q", "status"], ["status", "--json", "-q"]),
        (["status", "--json"], ["status", "--json"]),
        (["--json"], ["--json"]),
        (["-C", "d", "remote", "list"], ["remote", "list", "-C", "d"]),
        (["--json", "params"], ["params", "--json"]),
        (["-q", "params", "diff", "HEAD"], ["params", "diff", "-q", "HEAD"]),
        (["-q", "nonsense", "list"], ["nonsense", "-q", "list"]),
        (["-C"], ["-C"]),
        (["--json", "--help"], ["--json", "--help"]),
    ])
    func `common options may stand before the command`(typed: [String], meant: [String]) {
        #expect(CommonOptions.behindSubcommand(typed) == meant)
    }
}

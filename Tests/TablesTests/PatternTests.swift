import Tables
import Testing

@Suite struct PatternTests {
    private func fault(_ text: String) -> String? {
        do throws(TextPattern.Fault) {
            _ = try TextPattern(text)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(arguments: [
        ("abc", ["abc"], ["ab", "abcd", ""]), ("^a.c$", ["abc", "a€c"], ["ac", "abbc"]),
        ("a*b+c?", ["b", "aabbc"], ["ac", "bcc"]), ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
        ("(ab){2,3}", ["abab", "ababab"], ["ab", "abababab"]), ("x{2}", ["xx"], ["x", "xxx"]),
        ("x{2,}", ["xx", "xxxxx"], ["x"]), ("(?:a|b)*c", ["c", "abac"], ["abd"]),
        ("[a-c]-[^a-c]", ["b-d", "a-é"], ["b-b", "d-d"]), ("[]x-]+", ["]x-"], ["a"]),
        (#"\d\D\w\W\s\S"#, ["1a_- x"], ["aa_- x"]),
        (#"\.\$\^\("#, [".$^("], ["a$^("]), (#"[\d.]+"#, ["1.5"], ["a"]), ("é+", ["éé"], ["e"]),
        (#"\t\n"#, ["\t\n"], ["tn"]),
    ]) func `whole texts match`(text: String, matching: [String], others: [String]) throws {
        let pattern = try TextPattern(text)
        for text in matching { #expect(pattern.matches(text), "\(pattern.text) \(text)") }
        for text in others { #expect(!pattern.matches(text), "\(pattern.text) \(text)") }
    }

    @Test func `patterns that say nothing are refused`() {
        let faults = [
            "*a": "repeats nothing", "a**": "repeats a repetition", "(a": "does not close",
            "a)": "did not open", "[a": "does not close", "a{x}": "no number of repetitions",
            "a{3,2}": "no number of repetitions", "a{1001}": "no number of repetitions",
            "[z-a]": "upside down", "a\\": "ends with a backslash", "\\q": "means nothing",
            "a^b": "inside", "(?=a)": "a kind that is not known",
            "((((a{100}){100}){100}){100})": "repeats too much",
            String(repeating: "(", count: 60): "nests too deeply",
            String(repeating: "a", count: 1001): "longer than",
        ]
        for (text, reason) in faults {
            #expect(fault(text)?.contains(reason) == true, "\(text): \(fault(text) ?? "")")
        }
    }

    @Test func `no pattern is slow`() throws {
        let long = String(repeating: "a", count: 300)
        let patterns = try ["(a*)*b", "(a|a|aa)*", "((a?){20}){20}"].map { try TextPattern($0) }
        #expect(patterns.map { $0.matches(long) } == [false, true, true])
    }
}

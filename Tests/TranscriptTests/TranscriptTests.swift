import Commands
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct TranscriptTests {
    /// Every transcript of the folder, by name.
    static let names: [String] = {
        let folder = BuiltProgram.root / "Tests/TranscriptTests/Transcripts"
        let entries = (try? LocalDisk().entriesWithStatus(of: folder)) ?? []
        return entries.map { String(decoding: $0.name, as: UTF8.self) }
            .filter { $0.hasSuffix(".md") }.sorted()
    }()

    @Test(arguments: names)
    func `the program prints what the transcript says`(name: String) throws {
        let folder = BuiltProgram.root / "Tests/TranscriptTests/Transcripts"
        try TranscriptSession(file: folder / name).check()
    }

    @Test(arguments: ["tutorial/getting-started.md", "how-to/review-a-dataset-change.md"])
    func `the program prints what the manual says`(page: String) throws {
        try TranscriptSession(file: BuiltProgram.root / "docs" / page).check()
    }

    @Test func `a console block is read as commands with their output`() {
        let transcript = Transcript(
            markdown: """
                # Title
                text
                ```console
                $ one
                out
                $ cat <<END
                > a
                >
                > END
                ```
                ## Next
                ```console
                $ two
                [exit 1]
                ```
                """)
        #expect(transcript.title == "Title")
        #expect(transcript.steps.map(\.command) == ["one", "cat <<END\na\n\nEND", "two"])
        #expect(transcript.steps.map(\.expected) == [["out"], [], ["[exit 1]"]])
        #expect(transcript.steps.map(\.heading) == [nil, nil, "Next"])
    }

    @Test(arguments: [
        ("abc", "abc", true), ("abc", "a[..]c", true), ("abc", "[..]", true), ("", "[..]", true),
        ("abc", "a[..]d", false), ("aXbYc", "a[..]b[..]c", true), ("ab", "ab[..]b", false),
        ("abb", "ab[..]b", true), ("abc", "abd", false),
    ])
    func `a pattern stands for any text in its gaps`(line: String, pattern: String, fits: Bool) {
        #expect(Transcript.matches(line: line, pattern: pattern) == fits)
    }

    @Test func `three dots stand for any number of lines`() {
        #expect(Transcript.matches(["a", "b", "c"], expected: ["a", "...", "c"]))
        #expect(Transcript.matches(["a", "c"], expected: ["a", "...", "c"]))
        #expect(Transcript.matches(["a"], expected: ["a", "..."]))
        #expect(!Transcript.matches(["a", "b"], expected: ["a", "...", "c"]))
        #expect(!Transcript.matches(["a", "b"], expected: ["a"]))
    }
}

import Testing
import Vocabulary
import Workspaces

@Suite struct ConfigTests {
    private func config(_ text: String) throws -> Config {
        try Config(parsing: Array(text.utf8), file: "config.toml")
    }

    @Test func `an edit changes one line and keeps the comments`() throws {
        let text = """
            # ours
            version = 1  # of the file

            [remote.origin]  # the bucket
            url = "file:///a#b"  # old
            # end

            """
        let edited = try config(text).setting("remote.origin.url", to: "s3://x/\"y\"")
        #expect(
            edited.text
                == text.replacing("\"file:///a#b\"", with: "\"s3://x/\\\"y\\\"\""))
        #expect(edited.remotes.map(\.url) == ["s3://x/\"y\""])
    }

    @Test func `a new remote gets a table of its own, and removing it takes that away`() throws {
        let text = "# mine\nversion = 1\n"
        let edited = try config(text).setting("remote.lab.url", to: "file:///data")
        #expect(edited.text == text + "\n[remote.lab]\nurl = \"file:///data\"\n")
        #expect(try edited.removing("remote.lab.url").text == text)
        #expect(try edited.setting("user.name", to: "Ada").string("user.name") == "Ada")
    }

    @Test func `what cannot be edited by lines is refused, not guessed`() throws {
        let config = try self.config("remote = { a = { url = \"x\" } }\n")
        let error = try #require(throws: StoreError.self) {
            try config.setting("remote.a.url", to: "y")
        }
        #expect(error.kind == .malformed)
        #expect(error.advice?.contains("by hand") == true)
    }

    @Test(arguments: ["[=]\n", "a = \"[\" # [\n [ \t.b]\n", "[[\n", "a = [1,\n2]\n[#x"])
    func `a table without a name is refused, where the parser would stop the process`(
        text: String
    ) throws {
        let error = try #require(throws: StoreError.self) { try config(text) }
        #expect(error.kind == .malformed)
    }

    @Test(arguments: [
        "a = 1979-05-27T", "a = [1979-05-27tT0:32:00Z]", "\n\na = 1979-05-27T_7:32:00Z\n",
        "a = {b = 1979-05-27T.07:32:00Z}", "a = 1979-05-27 1\n", "a = [1979-05-27 1]",
        "a = 19_79-05-27 1 # x", "a = {b = 1979-05-27 7}", "a = 1979-05-27 7,",
        "a = 1979-05-x7 7\n", "a =\u{a0}1979-05-27 7", "a = 1979-05-2= 7",
        "a = {b-c = 1, d = 1979-05-2= 7}", "a =1979-05-2= 7", "a = [{b = 1}, 1979-05-2= 7",
    ]) func `a date without the time that it announces is refused, as above`(text: String) throws {
        let error = try #require(throws: StoreError.self) { try config(text) }
        #expect(error.kind == .malformed)
    }

    @Test(arguments: ["a = [}", "a = [1, }\n", "a = [[1], {b = [ # c\n }\n", "a = {b = [}"])
    func `a list that is closed as a table is refused, as above`(text: String) throws {
        let error = try #require(throws: StoreError.self) { try config(text) }
        #expect(error.kind == .malformed)
    }

    @Test func `dates in strings, comments and with a time are read`() throws {
        let text =
            "name = \"1979-05-27Tx\" # 1979-05-27Tx\nat = 1979-05-27T07:32:00Z\nday = 1979-05-27\n"
            + "list = [1979-05-27 07:32:00, 1979-05-27 ] # 1979-05-27 1\n"
            + "20-3= 1\nmy-key= 2\nt = {a-b= 1, c-d= 2 }\n[x]\n2024-01-0= 1\nm-n = [ -1, 2 ]\n"
        #expect(try config(text).string("name") == "1979-05-27Tx")
    }

    @Test func `what only looks like a table without a name is read`() throws {
        let text = [
            "a = [", "  [ +1, -2 ],  # ]", "  [", "  ],", "]", #"b = """"#, "[=]", #"[.\""""""#,
            "c = '''[", "[.]'''", "[ user ]", #"name = "[=""#, #"["quoted"]"#, "",
        ]
        let read = try config(text.joined(separator: "\n"))
        #expect(read.string("user.name") == "[=")
    }

    @Test(arguments: ["version = [\n", "a = 1\na = 2\n", "version = \"1\"\n", "remote.a.url = 1\n"])
    func `nonsense is refused`(text: String) throws {
        let error = try #require(throws: StoreError.self) { try config(text) }
        #expect(error.kind == .malformed)
        #expect(error.message.contains("'config.toml'"))
    }

    @Test func `a newer version and bad edits are told apart`() throws {
        #expect(
            try #require(throws: StoreError.self) { try self.config("version = 2\n") }.kind
                == .newerFormat)
        let config = try self.config("")
        #expect(throws: StoreError.self) { try config.setting("user.nam", to: "x") }
        #expect(throws: StoreError.self) { try config.setting("remote.a/b.url", to: "x") }
        #expect(throws: StoreError.self) { try config.setting("core.threads", to: "-1") }
        #expect(throws: StoreError.self) { try config.removing("user.name") }
        #expect(try self.config("usr = 1\n").unknownKeys == ["usr"])
    }
}

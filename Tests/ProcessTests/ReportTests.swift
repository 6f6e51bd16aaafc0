import Platform
import TestSupport
import Testing
import Vocabulary

/// `mlstore report`, and the files that let a CI publish it.
@Suite struct ReportTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try succeed("git init -q -b main project && cd project && mlstore init -q")
        try folder.write("id,v\n1,a\n2,b\n", to: "project/t.csv")
        try folder.write("one", to: "project/d/a")
        try folder.write(
            "stages:\n  m: {cmd: 'cp t.csv m.out; echo {\\\"n\\\": $(wc -l < t.csv)} > m.json', "
                + "deps: [t.csv], outs: [m.out], metrics: [m.json]}\n", to: "project/mlstore.yaml")
        try succeed(
            "cd project && mlstore add -q t.csv d && mlstore repro -q && git add -A && git commit -q -m one"
        )
    }

    @discardableResult
    private func succeed(
        _ line: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try BuiltProgram.shell(line, in: folder.path)
        #expect(
            result.status == 0, "\(line): \(result.output)\(result.errors)",
            sourceLocation: sourceLocation)
        return result.output
    }

    /// A branch on which a table, a folder and a metric changed.
    private func change(_ cell: String = "c") throws {
        try succeed("cd project && git checkout -q -b topic")
        try folder.write("id,v\n1,a\n2,\(cell)\n3,d\n", to: "project/t.csv")
        try folder.write("two", to: "project/d/b")
        try succeed("cd project && mlstore add -q t.csv d && mlstore repro -q")
        try succeed("cd project && git add -A && git commit -q -m two")
    }

    @Test func `a report tells data, metrics and size from where the branch began`() throws {
        try change()
        try succeed("cd project && git checkout -q main && echo 1 > other && git add other")
        try succeed("cd project && git commit -q -m main && git checkout -q topic")
        let text = try succeed("cd project && mlstore report")
        #expect(text.hasPrefix("<!-- mlstore report -->\n\n## mlstore: main to HEAD\n"))
        #expect(
            text.contains("### t.csv   13 B -&gt; 17 B")
                || text.contains("### t.csv   13 B -&#62; 17 B"))
        #expect(text.contains("| id=2 | v | b | c |"))
        #expect(text.contains("m.json   metrics"))
        #expect(text.contains("| n | 3 | 4 | +1 |"))
        #expect(text.contains("1 added, 0 removed"))
        #expect(!text.contains("stages that are stale"))
        let hidden = try succeed("cd project && mlstore report main --no-values")
        #expect(hidden.contains("+1 added") && !hidden.contains("id=2"))
        #expect(try succeed("cd project && mlstore report HEAD").contains("no differences in data"))
    }

    @Test func `of a version with few new rows no profile is made, of one with many it is`() throws
    {
        func table(_ edited: Range<Int>) throws {
            var text = "id,word,v\n"
            for row in 0..<20_000 {
                let isEdited = edited.contains(row)
                text += "\(row),\(isEdited ? "edited" : "word \(row % 50)"),\(row % 700)\n"
            }
            try folder.write(text, to: "project/big.csv")
            try succeed(
                "cd project && mlstore add -q big.csv && git add -A && git commit -q -m big")
        }
        func kept() throws -> String {
            try succeed("cd project && ls .mlstore/state/profiles | sort")
        }
        try table(0..<0)
        try succeed("cd project && mlstore profile -q big.csv")
        let old = try kept()
        #expect(!old.isEmpty)
        try table(9_000..<9_050)
        let few = try succeed("cd project && mlstore report HEAD~")
        #expect(few.contains("50 changed") && !few.contains("drift"))
        #expect(try kept() == old)
        try table(9_000..<19_000)
        let many = try succeed("cd project && mlstore report HEAD~2")
        #expect(many.contains("drift of big.csv") && many.contains("word"))
        #expect(try kept().count > old.count)
    }

    @Test func `what was made from the old data is named, and the stage is stale`() throws {
        try succeed("cd project && git checkout -q -b topic")
        try folder.write("id,v\n1,z\n", to: "project/t.csv")
        try succeed("cd project && mlstore add -q t.csv && git commit -q -a -m two")
        let text = try succeed("cd project && mlstore report main")
        #expect(text.contains("**m.out** was made from the old version of **t.csv**"))
        #expect(text.contains("### stages that are stale"))
    }

    @Test func `a report is never longer than asked for`() throws {
        try succeed("cd project && git checkout -q -b topic")
        try succeed(
            "cd project && for i in $(seq 60); do echo x > many$i.txt; done && mlstore add -q many*.txt"
        )
        try succeed("cd project && git add -A && git commit -q -m two")
        let whole = try succeed("cd project && mlstore report main")
        #expect(whole.contains("many60"))
        let short = try succeed("cd project && mlstore report main --max-length 1200")
        #expect(short.count <= 1201)
        #expect(short.hasPrefix("<!-- mlstore report -->"))
        #expect(short.contains("did not fit"))
        let none = try BuiltProgram.shell(
            "mlstore report main --max-length 10", in: folder.path / "project")
        #expect(none.status == 2)
        let other = try BuiltProgram.shell(
            "git branch -m main trunk && mlstore report", in: folder.path / "project")
        #expect(other.status == 2 && other.errors.contains("nothing to compare with"))
    }

    @Test func `cells and names are text in a page, never markup`() throws {
        let hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>' & `|[x](javascript:y)"
        try change(hostile)
        for line in [
            "mlstore report main -q --html page.html",
            "mlstore diff main HEAD --format html > page.html",
        ] {
            try succeed("cd project && rm -f page.html && \(line)")
            let page = try folder.read("project/page.html")
            #expect(
                !page.contains("<script") && !page.contains("<img")
                    && !page.contains("onerror=alert(2)>"))
            #expect(page.contains("&lt;script&gt;alert(1)"))
            #expect(page.contains("default-src 'none'"))
            #expect(page.contains("<svg role"))
        }
        let text = try succeed("cd project && mlstore report main")
        #expect(
            !text.contains("<script") && !text.contains("<img") && !text.contains("](javascript"))
        try succeed("cd project && mlstore diff --stat main HEAD | grep -q 'rows     2 -> 3' ")
        #expect(try !succeed("cd project && mlstore diff --stat main HEAD").contains("id=2"))
    }

    @Test(.enabled(if: Browser.isInstalled, "there is no chromium"))
    func `a browser shows the page with its bars, and runs nothing that is in a cell`() throws {
        try change("<script>document.title = 1</script><img src=x onerror='document.title = 2'>")
        try succeed("cd project && mlstore report main -q --html page.html")
        let page = folder.path / "project/page.html"
        let document = try Browser.document(of: page, in: folder.path)
        #expect(document.contains("<title>mlstore: main to HEAD</title>"))
        #expect(document.contains("<td>&lt;script&gt;document.title = 1&lt;/script&gt;"))
        #expect(!document.contains("<img") && document.contains("<th>change</th>"))
        let picture = try Browser.picture(of: page, in: folder.path)
        // Text and lines from top to bottom, on white, and the bars of the changed columns.
        #expect(picture.rows > 300, "\(picture)")
        #expect(picture.colours["#ffffff", default: 0] > 400_000, "\(picture)")
        #expect(picture.colours["#3b78c2", default: 0] > 1_000, "\(picture)")
    }

    @Test func `the scripts of the CI files publish a report, and replace it the next time`() throws
    {
        try #require(BuiltProgram.can("python3 -c 'import json'"), "python3 is needed")
        try change()
        try succeed(
            "cd project && git init -q --bare ../origin.git && git remote add origin ../origin.git")
        try succeed("cd project && git push -q origin main topic")
        try succeed(
            "cd project && mlstore remote add -q origin file://$PWD/../store && mlstore push -q")
        try succeed(
            "cd project && git add -A && git commit -q -m remote && git push -q origin topic")
        try folder.write(ReportTests.host, to: "host.py")
        for (ci, environment) in [
            (
                "github",
                "BASE=origin/main VALUES=true GITHUB_API_URL=$URL GITHUB_TOKEN=t "
                    + "GITHUB_REPOSITORY=a/b PULL_REQUEST=7 ACTION=$CI"
            ),
            (
                "gitlab",
                "CI_API_V4_URL=$URL MLSTORE_GITLAB_TOKEN=t CI_PROJECT_ID=5 "
                    + "CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main "
                    + "MLSTORE_COMMENT=$CI/comment.py"
            ),
            ("jenkins", "CHANGE_TARGET=main"),
        ] {
            try folder.write(try script(of: ci), to: "\(ci).sh")
            let line = """
                rm -rf clone port && git clone -q -b topic origin.git clone
                python3 host.py & host=$!; trap 'kill $host' EXIT
                while [ ! -s port ]; do sleep 0.05; done
                URL=http://127.0.0.1:$(cat port); CI='\(BuiltProgram.root)/fixtures/ci'
                export URL CI; cd clone
                \(environment) sh -e ../\(ci).sh && \(environment) sh -e ../\(ci).sh
                """
            let output = try succeed(line)
            if ci != "jenkins" {
                #expect(output.contains("a comment was added"))
                #expect(output.contains("the comment was replaced"))
            }
            #expect(try folder.read("clone/mlstore-report.md").contains("| id=2 | v | b | c |"))
            #expect(try folder.has("clone/mlstore-report.html"))
        }
    }

    /// The shell lines of a CI file, which all are indented deeper than what stands around them.
    private func script(of ci: String) throws -> String {
        let file =
            ["github": "github/action.yml", "gitlab": "mlstore.gitlab-ci.yml"][ci] ?? "Jenkinsfile"
        let bytes = try LocalDisk().readFile(
            BuiltProgram.root / "fixtures/ci" / file, maximumBytes: 1 << 20)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        switch ci {
        case "github":
            return lines.filter { $0.hasPrefix("        ") && !$0.contains("${{") }
                .joined(separator: "\n")
        case "gitlab":
            return lines.filter { $0.hasPrefix("    - ") && !$0.hasPrefix("    - if") }
                .map { String($0.dropFirst(6)) }.joined(separator: "\n")
        default:
            return lines.filter { $0.hasPrefix("                    ") }.joined(separator: "\n")
        }
    }

    /// The comments of a GitHub or GitLab, as far as the script asks for them.
    private static let host = """
        import http.server, json
        comments = [{"id": 1, "body": "a person's"}]
        class Host(http.server.BaseHTTPRequestHandler):
            def answer(self, value):
                text = json.dumps(value).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text)
            def body(self):
                return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            def do_GET(self): self.answer(comments)
            def do_POST(self):
                comments.append({"id": len(comments) + 1, "body": self.body()})
                self.answer({})
            def do_PATCH(self):
                comments[int(self.path.split("/")[-1]) - 1]["body"] = self.body()
                self.answer({})
            do_PUT = do_PATCH
            def log_message(self, *words): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Host)
        open("port", "w").write(str(server.server_port))
        server.serve_forever()

        """
}

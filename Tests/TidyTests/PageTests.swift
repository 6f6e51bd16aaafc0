import Testing

@testable import dev

@Suite struct PageTests {
    private func findings(_ text: String, tracked: Set<String> = []) -> [String] {
        let page = MarkdownPage(path: "docs/a.md", text: text)
        return markdownFindings([page], tracked: tracked.union(["docs/a.md"])).map(\.message)
    }

    @Test func `a page has one title, and code is no title`() {
        #expect(findings("# A\n\n```sh\n# no\n```\n") == [])
        #expect(findings("text") == ["has no title"])
        #expect(findings("# A\n# B") == ["has 2 titles"])
    }

    @Test(arguments: [
        ("[b](b.md)", true), ("[b](../README.md)", true), ("[b](../../x)", false),
        ("[b](c.md)", false), ("[b](https://example.com)", true), ("`[b](c.md)`", true),
        ("[b](#a-title)", true), ("[b](#other)", false), ("[folder](../docs)", true),
    ])
    func `a link leads somewhere`(link: String, isGood: Bool) {
        let found = findings("# A title\n\(link)", tracked: ["docs/b.md", "README.md"])
        #expect(found.isEmpty == isGood)
    }
}

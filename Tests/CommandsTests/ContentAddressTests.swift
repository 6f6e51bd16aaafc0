import Testing
import Vocabulary

@testable import Commands

@Suite struct ContentAddressTests {
    @Test(
        arguments: [
            ("data/a.csv", nil, "data/a.csv", nil),
            ("data/a.csv@v1", nil, "data/a.csv", "v1"),
            ("a@b.csv@", nil, "a@b.csv", nil),
            ("a.csv@HEAD@{1}", nil, "a.csv", "HEAD@{1}"),
            ("data/a.csv.mlstore", nil, "data/a.csv", nil),
            ("origin:a.csv.mlstore@v1", "origin", "a.csv", "v1"),
            ("data/.mlstore", nil, "data/.mlstore", nil),
            ("a.mlstore/", nil, "a.mlstore/", nil),
            ("a.csv@@{u}", nil, "a.csv", "@{u}"),
            ("origin:a.csv@v1", "origin", "a.csv", "v1"),
            ("../other:a:b.csv", "../other", "a:b.csv", nil),
            ("s3://bucket/x:data/a.csv@v1", "s3://bucket/x", "data/a.csv", "v1"),
            ("https://host:8080/x:a.csv", "https://host:8080/x", "a.csv", nil),
            ("ssh://ada@host/x:a.csv", "ssh://ada@host/x", "a.csv", nil),
        ] as [(String, String?, String, String?)])
    func `an address has a place, a path and a revision`(
        text: String, place: String?, path: String, revision: String?
    ) {
        let address = ContentAddress(text)
        #expect(address.place == place && address.path == path && address.revision == revision)
    }

    @Test func `what is no place begins the path`() {
        var address = ContentAddress("a:b.csv@v1")
        #expect(!address.isElsewhere)
        address.takePlaceAsPath()
        #expect(address.place == nil && address.path == "a:b.csv" && address.revision == "v1")
        #expect(ContentAddress("./r:x").isElsewhere && ContentAddress("..:x").isElsewhere)
    }

    @Test func `a path from the top stays below it`() throws {
        #expect(try RepoPath(fromTop: "./data/x/").description == "data/x")
        for text in ["/x", "../x", "a/../b", ""] {
            #expect(throws: StoreError.self) { try RepoPath(fromTop: text) }
        }
    }
}

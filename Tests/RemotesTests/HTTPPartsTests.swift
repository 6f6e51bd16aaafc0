import Bytes
import Remotes
import Testing
import Vocabulary

@Suite struct HTTPPartsTests {
    @Test(
        arguments: [
            (nil, HTTPRange.whole), ("bytes=0-0", .part(0..<1)), ("bytes=2-", .part(2..<10)),
            ("bytes=-3", .part(7..<10)), ("bytes=-30", .part(0..<10)),
            ("bytes=3-99", .part(3..<10)),
            ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=5-4", .whole),
            ("bytes=0-1,3-4", .whole), ("items=0-1", .whole), ("bytes=", .whole),
            ("bytes=-", .whole),
            ("bytes=a-b", .whole), ("bytes=0-99999999999999999999", .whole),
        ] as [(String?, HTTPRange)])
    func `a range header means bytes that are there`(header: String?, expected: HTTPRange) {
        #expect(HTTPRange(header: header, size: 10) == expected)
    }

    @Test func `a token is known by its digest alone`() throws {
        let secret = Array("secret".utf8)
        let line = "ci write \(sha256(secret).hex.uppercased())\n"
        let tokens = try AccessTokens(parsing: Array(line.utf8))
        #expect(tokens.holder(of: secret)?.name == "ci")
        #expect(tokens.holder(of: Array("Secret".utf8)) == nil)
        #expect(tokens.holder(of: []) == nil)
        #expect(AccessTokens.token(inHeader: "Bearer secret") == secret)
        #expect(
            AccessTokens.token(inHeader: "basic " + Base64.encode(Array("a:secret".utf8))) == secret
        )
        for header in ["", "Bearer", "Bearer ", "Basic !", "Digest x", "Basic YQ=="] {
            #expect(AccessTokens.token(inHeader: header) == nil)
        }
    }

    @Test(arguments: [
        "", "# nothing\n", "ci write", "ci write abcd", "ci admin \(sha256([]).hex)",
        "ci read \(sha256([]).hex)\nci write \(sha256([1]).hex)", "a/b read \(sha256([]).hex)",
    ])
    func `a file of tokens that is not as it should is refused without its text`(text: String) {
        let error = #expect(throws: StoreError.self) {
            try AccessTokens(parsing: Array(text.utf8))
        }
        #expect(error?.kind == .malformed && error?.message.contains("abcd") == false)
    }

    @Test func `base64 is read back, and only what is`() {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 77 &+ 200) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        for text in ["A", "AA", "AA=", "A===", "AB==", "AAB=", "A=AA", "AA A", "====", "A-A="] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
    }

    @Test func `a word that is no host and token is told without it`() {
        let error = #expect(throws: StoreError.self) {
            try HTTPCredentials(tokens: "host=a secret", netrc: [])
        }
        #expect(error?.kind == .malformed && error?.message.contains("secret") == false)
    }
}

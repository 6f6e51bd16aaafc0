import Bytes
import Testing
import Vocabulary

@Suite struct DigesterTests {
    /// FIPS 180-4 examples, as `sha256sum` prints them.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `the digest is plain SHA-256`(text: String, hex: String) {
        #expect(sha256(Array(text.utf8)).hex == hex)
    }

    @Test func `any way of cutting the input gives the same digest`() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let whole = sha256(bytes)
        for cut in stride(from: 0, through: 1000, by: 37) {
            var digester = Digester()
            digester.update(Array(bytes[..<cut]))
            digester.update(Array(bytes[cut...]))
            #expect(digester.finish() == whole)
        }
    }

    @Test func `a finished digester starts anew`() {
        var digester = Digester()
        digester.update(text: "first")
        _ = digester.finish()
        digester.update(text: "abc")
        #expect(digester.finish() == sha256(Array("abc".utf8)))
    }

    @Test func `a tag is a namespace of its own`() {
        let bytes = Array("x".utf8)
        #expect(taggedDigest("a", bytes) == sha256(Array("a\nx".utf8)))
        #expect(taggedDigest("a", bytes) != taggedDigest("b", bytes))
    }

    @Test func `xxh3 gives the library's published values`() {
        // XXH3_64bits of the empty input with seed 0, from the xxHash specification.
        #expect(xxh3([]) == 0x2d06_8005_38d3_94c2)
        #expect(xxh3Wide([]) == Hash128(high: 0x99aa_06d3_0147_98d8, low: 0x6001_c324_468d_497f))
    }
}

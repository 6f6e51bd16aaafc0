import Testing
import Vocabulary

@Suite struct IdentifierTests {
    private let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func `a digest round-trips through hexadecimal and bytes`() throws {
        let digest = try #require(Digest(hex: hex))
        #expect(digest.hex == hex)
        #expect(Digest(bytes: digest.bytes) == digest)
        let bytes = digest.bytes
        let again = Digest(at: 0, of: bytes.span)
        #expect(again == digest)
    }

    @Test(arguments: [
        "", "ab", "zz", String(repeating: "A", count: 64), String(repeating: "0", count: 66),
    ])
    func `other text is no digest`(text: String) {
        #expect(Digest(hex: text) == nil)
    }

    @Test func `digests are ordered as their text is`() {
        let digests = (0..<64).map { position -> Digest in
            var bytes = [UInt8](repeating: 0, count: 32)
            bytes[position / 2] = position.isMultiple(of: 2) ? 0x80 : 0x01
            return Digest(bytes: bytes) ?? .zero
        }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }

    @Test func `content ids say whether they name a file or a directory`() throws {
        let file = try #require(ContentID(text: "sha256:" + hex))
        let tree = try #require(ContentID(text: "tree:sha256:" + hex))
        #expect(file != tree)
        #expect(file.description == "sha256:" + hex)
        #expect(tree.description == "tree:sha256:" + hex)
        #expect(ContentID(text: "tree:" + hex.dropLast()) == nil)
    }
}

@Suite struct RepoPathTests {
    @Test(arguments: ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\0b"])
    func `a path that could lead elsewhere is refused`(text: String) {
        #expect(throws: DecodeError.self) { try RepoPath(text) }
    }

    @Test func `an overlong path is refused`() {
        #expect(throws: DecodeError.self) { try RepoPath(String(repeating: "a", count: 65_536)) }
    }

    @Test func `a directory's entries stand right behind its name`() throws {
        let sorted = try ["a", "a/b", "a/c/d", "a-b", "a.b", "ab"].map { try RepoPath($0) }
        #expect(sorted.shuffled().sorted() == sorted)
    }

    @Test func `parts and relations`() throws {
        let path = try RepoPath("data/raw/x.csv")
        #expect(path.parent == (try RepoPath("data/raw")))
        #expect(path.lastComponent == Array("x.csv".utf8))
        #expect(path.isInside(try RepoPath("data")))
        #expect(!path.isInside(try RepoPath("dat")))
        #expect(path.relative(to: try RepoPath("data")) == (try RepoPath("raw/x.csv")))
        #expect(path.addingSuffix(".mlstore").removingSuffix(".mlstore") == path)
        #expect(try RepoPath("a/.mlstore").removingSuffix(".mlstore") == nil)
    }

    @Test func `a hostile name cannot drive a terminal`() throws {
        let path = try RepoPath(validating: Array("a\u{1b}[31m\n".utf8) + [0xff])
        #expect(path.description == "a\\x1b[31m\\x0a\\xff")
        #expect(try RepoPath("naïve 😀").description == "naïve 😀")
        #expect(path.text == nil)
    }
}

@Suite struct NameTests {
    @Test(arguments: ["head", "runs/abc", "tags/v1.0", "a_b-c"])
    func `names that are refs`(text: String) { #expect(RefName(text)?.description == text) }

    @Test(arguments: [
        "", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a b", "é",
        String(repeating: "a", count: 256),
    ])
    func `names that are not`(text: String) { #expect(RefName(text) == nil) }

    @Test func `remote names are plain words`() {
        #expect(RemoteName("origin") != nil)
        for text in ["", "-x", "a.b", "a/b", "a b"] { #expect(RemoteName(text) == nil) }
    }
}

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_425_633_125, "2026-11-23T09:20:33.125Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] as [(Int64, String)])
    func `moments print and parse as RFC 3339`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z", "x026-11-23T00:00:00Z",
    ])
    func `other text is no moment`(text: String) { #expect(Timestamp(text) == nil) }

    @Test func `every day of 800 years round-trips`() {
        for day in stride(from: -150_000, to: 150_000, by: 1) {
            let date = Timestamp.civil(daysSinceEpoch: day)
            #expect(Timestamp.days(year: date.year, month: date.month, day: date.day) == day)
        }
    }
}

@Suite struct ByteCountTests {
    @Test(
        arguments: [
            ("0", 0), ("500", 500), ("64kB", 64_000), ("10 MB", 10_000_000), ("10mb", 10_000_000),
            ("1GiB", 1 << 30), ("2k", 2000), ("3MiB", 3 << 20), ("1TB", 1_000_000_000_000),
            ("", nil), ("MB", nil), ("-1", nil), ("1.5MB", nil), ("1 i", nil), ("1ib", nil),
            ("1 parsec", nil), ("9999999999999999999", nil), ("9223372036854775807k", nil),
        ] as [(String, Int?)])
    func `a number of bytes is read with its unit`(text: String, bytes: Int?) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (312_400, "312 kB"), (31_053_850, "31.1 MB"),
        (1_073_741_824, "1.07 GB"), (999_999, "1.00 MB"), (999_499, "999 kB"), (9_994, "9.99 kB"),
        (9_996, "10.0 kB"), (99_960, "100 kB"), (Int.max, "9.22 EB"),
    ])
    func `sizes print with three digits`(bytes: Int, text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test func `the folders above a path come nearest first`() throws {
        let path = try RepoPath("a/b/c")
        #expect(path.parents.map(\.description) == ["a/b", "a"])
        #expect(path.selfAndParents.map(\.description) == ["a/b/c", "a/b", "a"])
        #expect(try RepoPath("a").parents.map(\.description) == [])
    }
}

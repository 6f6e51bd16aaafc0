import Bytes
import Testing
import Vocabulary
import Workspaces

private let hex = String(repeating: "5f", count: 32)

@Suite struct PointerTests {
    private func error(_ text: String) throws -> StoreError {
        try #require(throws: StoreError.self) {
            try Pointer(parsing: Array(text.utf8), file: "data/t.csv.mlstore")
        }
    }

    @Test func `a pointer to a table is written as documented`() throws {
        let id = try #require(BlobID(text: hex))
        let pointer = Pointer(
            kind: .dataset, content: .file(id), sizeBytes: 31_053_850,
            shape: .init(
                rows: 336_776,
                columns: [.init(name: "year", type: "int"), .init(name: "dep delay", type: "int?")])
        )
        #expect(
            pointer.text == """
                # kept by mlstore; the content is in the store: `mlstore pull` fetches it
                version: 1
                kind: dataset
                id: sha256:\(hex)
                size: 31053850
                rows: 336776
                columns: {year: int, "dep delay": int?}

                """)
        #expect(try Pointer(parsing: Array(pointer.text.utf8), file: "x") == pointer)
    }

    @Test func `rows and the number of columns take version 3, and nothing else does`() throws {
        let content = ContentID.file(BlobID(sha256([])))
        func pointer(_ shape: Pointer.Shape?, isImported: Bool) -> Pointer {
            let url = PointerSource.Place.url(
                .init(url: "http://h/", hadQuery: false, etag: nil, modified: nil))
            return Pointer(
                kind: .dataset, content: content, sizeBytes: 0, shape: shape,
                source: isImported ? PointerSource(url, content: content) : nil)
        }
        let named = Pointer.Shape(rows: 2, columns: [.init(name: "a", type: "int")])
        for (shape, isImported, version) in [
            (nil, false, 1), (named, false, 1), (Pointer.Shape(rows: 0, columns: []), false, 1),
            (nil, true, 2), (named, true, 2),
            (Pointer.Shape(rows: 2, columnCount: 3), false, 3),
            (Pointer.Shape(rows: 2, columnCount: 3), true, 3),
        ] {
            let pointer = pointer(shape, isImported: isImported)
            #expect(pointer.text.contains("\nversion: \(version)\n"))
            #expect(pointer.text.contains("\nrows: 2\ncolumns: 3\n") == (version == 3))
            #expect(try Pointer(parsing: Array(pointer.text.utf8), file: "p") == pointer)
        }
    }

    @Test(arguments: ["-1", "1.5", "x", "99999999999999999999", "[a]"])
    func `a number of columns that is none is refused`(columns: String) throws {
        let start = "kind: dataset\nid: sha256:\(hex)\nsize: 1\nrows: 1\ncolumns: "
        #expect(try error("version: 3\n\(start)\(columns)\n").kind == .malformed)
        for version in 1...2 {
            let error = try error("version: \(version)\n\(start)1\n")
            #expect(error.kind == .malformed)
            #expect(error.message.contains("line 6"))
        }
        // What could be told in an older version is read in a newer one, and written as it was.
        let plain = Array("version: 3\n\(start){a: int}\n".utf8)
        #expect(try Pointer(parsing: plain, file: "p").text.contains("\nversion: 1\n"))
    }

    @Test func `a pointer to a folder has a tree and a number of files`() throws {
        let id = try #require(TreeID(text: hex))
        let pointer = Pointer(kind: .model, content: .directory(id), sizeBytes: 5, files: 2)
        #expect(pointer.text.contains("\ntree: sha256:\(hex)\nsize: 5\nfiles: 2\n"))
        #expect(try Pointer(parsing: Array(pointer.text.utf8), file: "x") == pointer)
    }

    @Test(arguments: [
        "", "hello", "- 1", "version: 1", "version: one", "version: 1\nkind: dataset\n",
        "version: 1\nkind: fruit\nid: sha256:\(hex)\nsize: 1\n",
        "version: 1\nkind: dataset\nid: sha256:12\nsize: 1\n",
        "version: 1\nkind: dataset\nid: sha256:\(hex)\nsize: -1\n",
        "version: 1\nkind: dataset\nid: sha256:\(hex)\nsize: 99999999999999999999\n",
        "version: 1\nkind: dataset\nid: sha256:\(hex)\ntree: sha256:\(hex)\nsize: 1\n",
        "version: 1\nkind: dataset\ntree: sha256:\(hex)\nsize: 1\n",
        "version: 1\nkind: dataset\nid: sha256:\(hex)\nsize: 1\nrows: 1\n",
        "version: 1\nkind: dataset\nid: sha256:\(hex)\nsize: 1\nsize: 1\n",
        "version: 1\nkind: [\n", "\u{0}\u{1}",
    ])
    func `nonsense is refused with the file, a line and advice`(text: String) throws {
        let error = try error(text)
        #expect(error.kind == .malformed)
        #expect(error.message.contains("'data/t.csv.mlstore' line "))
        #expect(error.advice?.contains("git checkout") == true)
    }

    @Test(arguments: ["int?", "a b", "i\nnt", "list<int, 2>", "", "null", "# x", "{}"])
    func `a column's type is read as it was written`(type: String) throws {
        let shape = Pointer.Shape(rows: 1, columns: [.init(name: "a, b", type: type)])
        let pointer = Pointer(
            kind: .dataset, content: .file(BlobID(sha256([]))), sizeBytes: 0, shape: shape)
        #expect(try Pointer(parsing: Array(pointer.text.utf8), file: "p") == pointer)
        #expect(pointer.text.contains("int?") == (type == "int?"))
    }

    @Test func `bytes that are no text are refused`() {
        #expect(throws: StoreError.self) { try Pointer(parsing: [0xff, 0xfe, 0x00], file: "x") }
    }

    @Test func `an unknown key is refused and the near one is named`() throws {
        let error = try error("version: 1\nkind: dataset\nid: sha256:\(hex)\nsise: 1\n")
        #expect(error.message.contains("line 4"))
        #expect(error.message.contains("did you mean 'size'?"))
    }

    @Test func `conflict markers are told apart from nonsense`() throws {
        let text = "version: 1\n<<<<<<< HEAD\nsize: 1\n=======\nsize: 2\n>>>>>>> side\n"
        let error = try error(text)
        #expect(error.kind == .conflict)
        #expect(error.message.contains("line 2"))
        #expect(error.advice?.contains("--theirs") == true)
    }

    @Test func `a newer version is told apart from nonsense`() throws {
        #expect(try error("version: 4\nshape: new\n").kind == .newerFormat)
    }

    @Test func `a source is written and read again, and a broken one is told by its line`() throws {
        let content = ContentID.file(BlobID(sha256([])))
        let tree = ContentID.directory(TreeID(sha256([1])))
        let places: [PointerSource.Place] = [
            .url(.init(url: "https://h/a: b", hadQuery: true, etag: "W/\"1\"", modified: nil)),
            .url(.init(url: "http://h/", hadQuery: false, etag: nil, modified: "Thu, 1 Jan")),
            .repository(
                .init(
                    repository: "ssh://h/x", path: try RepoPath("d/e f"), revision: "#1",
                    version: "15ec3d")),
            .repository(
                .init(
                    repository: "file:///x", path: try RepoPath("d"), revision: nil, version: nil)),
        ]
        for place in places {
            for imported in [content, tree] {
                let pointer = Pointer(
                    kind: .dataset, content: content, sizeBytes: 0,
                    source: PointerSource(place, content: imported))
                let again = try Pointer(parsing: Array(pointer.text.utf8), file: "p")
                #expect(again == pointer)
            }
        }
        let id = content.description
        let start = "version: 2\nkind: dataset\nid: \(id)\nsize: 0\nsource:\n"
        for broken in [
            "  url: http://h/\n", "  content: \(id)\n", "  url: http://h/\n  content: x\n",
            "  url: http://h/\n  path: x\n  content: \(id)\n",
            "  repository: x\n  path: ../y\n  content: \(id)\n",
            "  url: http://h/\n  content: \(id)\n  other: 1\n",
        ] {
            #expect(try error(start + broken).kind == .malformed, "\(broken)")
        }
        let old = start.replacing("version: 2", with: "version: 1")
        #expect(
            try error(old + "  url: http://h/\n  content: \(id)\n").kind == .malformed)
    }

    @Test func `known model endings are models and all else is a dataset`() throws {
        #expect(ArtifactKind.guess(for: try RepoPath("m/delay.mlmodel")) == .model)
        #expect(ArtifactKind.guess(for: try RepoPath("m/W.SafeTensors")) == .model)
        #expect(ArtifactKind.guess(for: try RepoPath("data/t.csv")) == .dataset)
    }
}

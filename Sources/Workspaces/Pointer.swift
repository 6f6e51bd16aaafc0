import Bytes
package import Vocabulary

/// The small text file that git keeps in place of tracked content: `PATH.mlstore`.
///
/// Everything in it is a function of the content, of the kind that the user chose and of where it
/// was imported from, so two people who add the same bytes write the same file.
package struct Pointer: Hashable, Sendable {
    /// A column of a table, with its type as the reader names it (`int`, `string?`).
    package struct Column: Hashable, Sendable {
        /// The name in the header.
        package let name: String
        /// The type's text; `?` behind it: some cells are empty.
        package let type: String

        /// A column.
        package init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    /// What a table's scan found.
    package struct Shape: Hashable, Sendable {
        /// Rows without the header.
        package let rows: Int
        /// How many columns.
        package let columnCount: Int
        /// The columns in order; nil where only their number is known.
        package let columns: [Column]?

        /// A shape.
        package init(rows: Int, columns: [Column]) {
            self.rows = rows
            columnCount = columns.count
            self.columns = columns
        }

        /// What a table says of itself that was not read.
        package init(rows: Int, columnCount: Int) {
            self.rows = rows
            self.columnCount = columnCount
            columns = nil
        }
    }

    /// What people call it.
    package var kind: ArtifactKind
    /// The file's blob, or the folder's tree.
    package var content: ContentID
    /// Bytes of the file, or of all files of the folder together.
    package var sizeBytes: Int
    /// Entries of a folder that are not folders; nil for a file.
    package var files: Int?
    /// Whether a file may be executed; a folder's tree knows it for each of its files.
    package var isExecutable: Bool
    /// Rows and columns, where the content is a table.
    package var shape: Shape?
    /// Where it was imported from, if it was.
    package var source: PointerSource?

    /// A pointer.
    package init(
        kind: ArtifactKind, content: ContentID, sizeBytes: Int, files: Int? = nil,
        isExecutable: Bool = false, shape: Shape? = nil, source: PointerSource? = nil
    ) {
        self.kind = kind
        self.content = content
        self.sizeBytes = sizeBytes
        self.files = files
        self.isExecutable = isExecutable
        self.shape = shape
        self.source = source
    }

    /// The ending of a pointer's name.
    package static let suffix = ".mlstore"
    /// The longest pointer file that is read.
    package static let maximumBytes = 16 << 20

    /// The text of the file. Equal pointers have equal text.
    package var text: String {
        var pairs: [(String, YAMLText)] = [
            ("version", .literal(String(version))), ("kind", .text(kind.name)),
        ]
        switch content {
        case .file(let id): pairs.append(("id", .literal(id.description)))
        case .directory(let id): pairs.append(("tree", .literal(id.description)))
        }
        pairs.append(("size", .literal(String(sizeBytes))))
        if let files { pairs.append(("files", .literal(String(files)))) }
        if isExecutable { pairs.append(("executable", .literal("true"))) }
        if let shape {
            pairs.append(("rows", .literal(String(shape.rows))))
            let columns = shape.columns?.map { ($0.name, Pointer.typeText($0.type)) }
            pairs.append(
                ("columns", columns.map { .flow($0) } ?? .literal(String(shape.columnCount))))
        }
        if let source { pairs.append(("source", .block(source.pairs))) }
        return Pointer.heading + YAMLText.block(pairs).document
    }

    /// The first that knows all of it, so that no program misreads a pointer, and none refuses one that it
    /// could read.
    private var version: Int {
        if let shape, shape.columns == nil { return 3 }
        return source == nil ? 1 : 2
    }

    /// Types are written plain, also with a `?`; what others may have put there is quoted.
    private static func typeText(_ type: String) -> YAMLText {
        let isPlain = type.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "?"):
                true
            default: false
            }
        }
        return isPlain && !type.isEmpty ? .literal(type) : .text(type)
    }

    private static let heading =
        "# kept by mlstore; the content is in the store: `mlstore pull` fetches it\n"

    private static let keys = [
        "version", "kind", "id", "tree", "size", "files", "executable", "rows", "columns",
        "source",
    ]

    /// Reads the text again, strictly; `file` is its name for errors (`.malformed`, `.conflict`,
    /// `.newerFormat`), which give the line and what to do.
    package init(parsing bytes: [UInt8], file: String) throws {
        let fields = try YAMLFields.document(bytes, file: file, advice: Pointer.advice(file))
        let version = try fields.checkVersion(newest: 3)
        try fields.checkKeys(Pointer.keys)
        content = try Pointer.content(fields)
        kind = try Pointer.kind(fields)
        sizeBytes = try fields.count("size")
        isExecutable = try fields.flag("executable")
        files = fields.optional("files") == nil ? nil : try fields.count("files")
        if case .directory = content, files == nil { _ = try fields.required("files") }
        shape = try Pointer.shape(fields, version)
        source = try Pointer.source(fields, version)
    }

    private static func source(_ fields: YAMLFields, _ version: Int) throws -> PointerSource? {
        guard let node = fields.optional("source") else { return nil }
        guard version > 1 else {
            throw fields.malformed(node, "'source' is of version 2, and this is version 1")
        }
        return try PointerSource(try fields.below(node))
    }

    private static func content(_ fields: YAMLFields) throws -> ContentID {
        switch (fields.optional("id"), fields.optional("tree")) {
        case (let id?, nil):
            guard let blob = BlobID(text: id.text ?? "") else {
                throw fields.malformed(id, "'id' must be 'sha256:' and 64 hexadecimal digits")
            }
            return .file(blob)
        case (nil, let tree?):
            guard let listing = TreeID(text: tree.text ?? "") else {
                throw fields.malformed(tree, "'tree' must be 'sha256:' and 64 hexadecimal digits")
            }
            return .directory(listing)
        case (nil, nil): throw fields.malformed(fields.node, "the key 'id' or 'tree' is missing")
        case (_, let tree?): throw fields.malformed(tree, "'id' and 'tree' cannot both be given")
        }
    }

    private static func kind(_ fields: YAMLFields) throws -> ArtifactKind {
        let text = try fields.text("kind")
        guard let kind = ArtifactKind(rawValue: text) else {
            let names = ArtifactKind.allCases.map(\.name).joined(separator: ", ")
            throw fields.malformed(try fields.required("kind"), "'kind' must be one of \(names)")
        }
        return kind
    }

    private static func shape(_ fields: YAMLFields, _ version: Int) throws -> Shape? {
        guard fields.optional("rows") != nil || fields.optional("columns") != nil else {
            return nil
        }
        let rows = try fields.count("rows")
        let node = try fields.required("columns")
        guard let pairs = node.mapping else {
            guard version > 2 else {
                throw fields.malformed(node, "'columns' must map names to types")
            }
            return Shape(rows: rows, columnCount: try fields.count("columns"))
        }
        let columns = try pairs.map { key, value in
            guard let name = key.text, let type = value.text else {
                throw fields.malformed(value, "'columns' must map names to types")
            }
            return Column(name: name, type: type)
        }
        return Shape(rows: rows, columns: columns)
    }

    private static func advice(_ file: String) -> String {
        "pointers are written by mlstore: take it back with 'git checkout -- \(file)', or run "
            + "'mlstore add' on the data again"
    }
}

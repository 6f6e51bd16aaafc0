import Bytes
package import Vocabulary

/// Where a tracked path was imported from, as its pointer keeps it. No secrets: of a URL neither user
/// nor query.
package struct PointerSource: Hashable, Sendable {
    /// The kinds of sources.
    package enum Place: Hashable, Sendable {
        /// A file of a web server.
        case url(URLPlace)
        /// A path of a repository or remote.
        case repository(RepositoryPlace)
    }

    /// A file of a web server.
    package struct URLPlace: Hashable, Sendable {
        /// The URL without its query.
        package var url: String
        /// Whether it had a query, which is not kept: it may be a secret.
        package var hadQuery: Bool
        /// What the server said to tell this version of the file from others.
        package var etag: String?
        /// When the server said that it was changed.
        package var modified: String?

        /// A place.
        package init(url: String, hadQuery: Bool, etag: String?, modified: String?) {
            self.url = url
            self.hadQuery = hadQuery
            self.etag = etag
            self.modified = modified
        }
    }

    /// A path of a repository or remote.
    package struct RepositoryPlace: Hashable, Sendable {
        /// The folder or URL as it was given.
        package var repository: String
        /// The path, seen from its top.
        package var path: RepoPath
        /// The revision that was asked for; nil: the newest.
        package var revision: String?
        /// The commit or snapshot that this was; nil where there was none.
        package var version: String?

        /// A place.
        package init(repository: String, path: RepoPath, revision: String?, version: String?) {
            self.repository = repository
            self.path = path
            self.revision = revision
            self.version = version
        }
    }

    /// Where.
    package var place: Place
    /// What was imported; the pointer's own content is another one once that was changed here.
    package var content: ContentID

    /// A source.
    package init(_ place: Place, content: ContentID) {
        self.place = place
        self.content = content
    }
}

extension PointerSource {
    private static let keys = [
        "url", "query", "etag", "modified", "repository", "path", "revision", "version", "content",
    ]

    /// The pairs of the mapping `source` of a pointer.
    var pairs: [(String, YAMLText)] {
        var pairs: [(String, YAMLText)] = []
        func add(_ key: String, _ value: String?) {
            if let value { pairs.append((key, .text(value))) }
        }
        switch place {
        case .url(let place):
            add("url", place.url)
            if place.hadQuery { pairs.append(("query", .literal("true"))) }
            add("etag", place.etag)
            add("modified", place.modified)
        case .repository(let place):
            add("repository", place.repository)
            add("path", place.path.description)
            add("revision", place.revision)
            add("version", place.version)
        }
        let id =
            switch content {
            case .file(let blob): blob.description
            case .directory(let tree): "tree:" + tree.description
            }
        pairs.append(("content", .literal(id)))
        return pairs
    }

    /// Reads the mapping again.
    init(_ fields: YAMLFields) throws {
        try fields.checkKeys(PointerSource.keys)
        func required(_ key: String) throws -> String {
            let text = try fields.text(key)
            guard printableText(Array(text.utf8)) == text else {
                throw fields.malformed(
                    try fields.required(key), "'\(key)' must not hold control characters")
            }
            return text
        }
        func text(_ key: String) throws -> String? {
            fields.optional(key) == nil ? nil : try required(key)
        }
        /// What is sent to the server again.
        func header(_ key: String) throws -> String? {
            guard let value = try text(key) else { return nil }
            guard value.utf8.count <= 1024, value.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
            else {
                throw fields.malformed(
                    try fields.required(key), "'\(key)' is no text that a server sends")
            }
            return value
        }
        if fields.optional("url") != nil {
            for key in ["repository", "path", "revision", "version"] {
                if let node = fields.optional(key) {
                    throw fields.malformed(node, "'\(key)' and 'url' cannot both be given")
                }
            }
            let url = try required("url")
            let host = url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" }
            // The key of an object may hold anything.
            let isKey = url.hasPrefix("s3://")
            guard isKey || !url.contains(where: { "?#".contains($0) }), !host.contains("@") else {
                throw fields.malformed(
                    try fields.required("url"),
                    "'url' must hold neither user, password nor query, which may be secrets")
            }
            place = .url(
                URLPlace(
                    url: url, hadQuery: try fields.flag("query"),
                    etag: try header("etag"), modified: try header("modified")))
        } else {
            let path = try fields.text("path")
            guard let path = try? RepoPath(path) else {
                throw fields.malformed(try fields.required("path"), "'path' is no usable path")
            }
            place = .repository(
                RepositoryPlace(
                    repository: try required("repository"), path: path,
                    revision: try text("revision"), version: try text("version")))
        }
        let id = try fields.text("content")
        if let blob = BlobID(text: id) {
            content = .file(blob)
        } else if id.hasPrefix("tree:"), let tree = TreeID(text: String(id.dropFirst(5))) {
            content = .directory(tree)
        } else {
            throw fields.malformed(
                try fields.required("content"), "'content' must be an id: sha256:… or tree:sha256:…"
            )
        }
    }
}

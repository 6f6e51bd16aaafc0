/// An id that is the SHA-256 of something; each noun has a type of its own, so that one cannot
/// be passed for another.
package protocol ObjectID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The digest that the id is.
    var digest: Digest { get }
    /// The id with this digest.
    init(_ digest: Digest)
}

extension ObjectID {
    /// `sha256:` and 64 hexadecimal digits, as pointers and reports print it.
    package var description: String { "sha256:" + digest.hex }

    /// The first twelve hexadecimal digits: for people, never for look-up by programs.
    package var short: String { String(digest.hex.prefix(12)) }

    /// The id written as `sha256:<hex>` or as plain hexadecimal, or nil.
    package init?(text: some StringProtocol) {
        let prefix = "sha256:"
        let hex = text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : text[...]
        guard let digest = Digest(hex: hex) else { return nil }
        self.init(digest)
    }

    package static func < (left: Self, right: Self) -> Bool { left.digest < right.digest }
}

/// The SHA-256 of a file's bytes, with no header: what `sha256sum` prints.
package struct BlobID: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// The SHA-256 of a chunk's bytes. A file that is one chunk has equal blob and chunk digests.
package struct ChunkID: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// The tagged SHA-256 of the root node of a directory's listing.
package struct TreeID: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// The tagged SHA-256 of a record's canonical JSON.
package struct RecordID: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// The SHA-256 of a pack file.
package struct PackID: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// The hash of everything that can influence a run's result.
package struct RecipeKey: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// The record id of a snapshot.
package struct SnapshotID: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
    /// The same id, as that of any record.
    package var record: RecordID { RecordID(digest) }
}

/// The record id of a run.
package struct RunID: ObjectID {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
    /// The same id, as that of any record.
    package var record: RecordID { RecordID(digest) }
}

/// What a pointer, a lock entry or a tree entry refers to: one file, or one directory.
package enum ContentID: Hashable, Sendable, CustomStringConvertible {
    /// One file's bytes.
    case file(BlobID)
    /// A directory's listing.
    case directory(TreeID)

    /// The digest, whichever it is.
    package var digest: Digest {
        switch self {
        case .file(let id): id.digest
        case .directory(let id): id.digest
        }
    }

    /// `sha256:<hex>` for a file, `tree:sha256:<hex>` for a directory.
    package var description: String {
        switch self {
        case .file(let id): id.description
        case .directory(let id): "tree:" + id.description
        }
    }

    /// The first twelve hexadecimal digits, for people.
    package var short: String { String(digest.hex.prefix(12)) }

    /// What `description` writes, read again; nil for any other text.
    package init?(text: some StringProtocol) {
        if text.hasPrefix("tree:") {
            guard let id = TreeID(text: text.dropFirst(5)) else { return nil }
            self = .directory(id)
        } else {
            guard let id = BlobID(text: text) else { return nil }
            self = .file(id)
        }
    }
}

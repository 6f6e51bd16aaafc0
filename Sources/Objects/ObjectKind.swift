package import Vocabulary

/// What an object is. Together with its digest the key of everything in the store; the number is
/// the byte written in frames, directories and indexes, and never changes its meaning.
package enum ObjectKind: UInt8, Sendable, Hashable, CaseIterable {
    /// A piece of a blob, or a whole blob of up to 128 KiB. Digest: plain SHA-256 of the bytes.
    case chunk = 1
    /// The list of the chunks of a bigger blob. Digest: the blob's id, which its first bytes repeat.
    case recipe = 2
    /// A part of a long recipe. Digest: `mlstore recipe node 1` tag.
    case recipeNode = 3
    /// A node of a directory's listing. Digest: `mlstore tree 1` tag.
    case treeNode = 4
    /// Canonical JSON. Digest: `mlstore record 1` tag.
    case record = 5

    /// What is hashed, with a newline, before the bytes; nil for the plain SHA-256.
    package var digestTag: String? {
        switch self {
        case .chunk, .recipe: nil
        case .recipeNode: "mlstore recipe node 1"
        case .treeNode: "mlstore tree 1"
        case .record: "mlstore record 1"
        }
    }

    /// Which sort of pack objects of this kind go to.
    package var packClass: PackClass { self == .chunk ? .data : .metadata }

    /// The name in reports.
    package var name: String {
        switch self {
        case .chunk: "chunk"
        case .recipe: "recipe"
        case .recipeNode: "recipe node"
        case .treeNode: "tree node"
        case .record: "record"
        }
    }
}

/// The key of an object in the store.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What it is.
    package let kind: ObjectKind
    /// Its digest, made as `ObjectKind` says.
    package let digest: Digest

    /// The key of that object.
    package init(_ kind: ObjectKind, _ digest: Digest) {
        self.kind = kind
        self.digest = digest
    }

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.digest != right.digest
            ? left.digest < right.digest : left.kind.rawValue < right.kind.rawValue
    }

    /// A digest is evenly spread already: a part of it is hash enough.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(digest.prefix64 ^ UInt64(kind.rawValue))
    }

    /// `chunk sha256:…`, shortened for people.
    package var description: String { "\(kind.name) \(digest.hex.prefix(12))" }
}

/// Data and metadata live in packs of their own, so that walking a history reads no data.
package enum PackClass: UInt8, Sendable, Hashable, CaseIterable {
    /// Chunks.
    case data = 1
    /// Everything else.
    case metadata = 2
}

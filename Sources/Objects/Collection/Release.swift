package import Vocabulary

/// Contents that a collection lets go although they are named, because they are elsewhere too.
///
/// What the store has stays closed downwards: whatever a listing or a recipe that is here names is
/// here. So with a content goes every listing that holds it, and for these it must be proved too that
/// they are elsewhere.
package struct Release {
    /// What to let go; each with all that only it needs.
    package let contents: [ContentID]
    /// What stays whole: of the contents that these are or hold, none is let go.
    package let protected: [ContentID]
    /// Called before anything is freed, with all that goes: throws unless each of it is whole
    /// elsewhere, and will be.
    package let prove: ([ContentID]) throws -> Void

    /// Makes the value.
    package init(
        contents: [ContentID], protected: [ContentID],
        prove: @escaping ([ContentID]) throws -> Void
    ) {
        self.contents = contents
        self.protected = protected
        self.prove = prove
    }
}

extension LiveTarget {
    /// The digest of a content that is named; nil for a record.
    fileprivate var content: Digest? {
        switch self {
        case .object(let key, _): key.kind == .record ? nil : key.digest
        case .blob(let blob): blob.digest
        }
    }
}

/// Which names a marking does not follow: those of contents that are let go, and of listings that
/// hold one.
struct ReleaseBarrier {
    /// What is let go.
    private let released: Set<Digest>
    /// Of listings that were looked at, whether they hold something that is let go.
    private var holds: [Digest: Bool] = [:]
    /// Names that were met and not followed.
    private(set) var stopped: Set<Digest> = []

    init(_ contents: [ContentID] = []) { released = Set(contents.map(\.digest)) }

    /// All that is not to be followed, as far as it was met.
    var all: Set<Digest> { released.union(holds.filter(\.value).keys) }

    /// Whether the name of that is not to be followed. `references` reads a listing's; nil for one that
    /// is not here, or is known to hold nothing of it.
    mutating func stops(
        _ target: LiveTarget, _ references: (Digest) throws -> [ObjectReference]?
    ) rethrows -> Bool {
        guard !released.isEmpty, let digest = target.content else { return false }
        var stops = released.contains(digest)
        if !stops, case .object(let key, _) = target, key.kind == .treeNode {
            stops = try holdsReleased(key.digest, references)
        }
        if stops { stopped.insert(digest) }
        return stops
    }

    /// Whether something that is let go is below that node. Each node is read twice at most.
    private mutating func holdsReleased(
        _ root: Digest, _ references: (Digest) throws -> [ObjectReference]?
    ) rethrows -> Bool {
        var stack = [root]
        while let node = stack.last {
            var open: [Digest] = []
            var found = holds[node] ?? false
            if holds[node] == nil {
                for reference in try references(node) ?? [] where !found {
                    switch reference {
                    case .blob(let blob): found = released.contains(blob.digest)
                    case .object(let key):
                        found = released.contains(key.digest) || holds[key.digest] ?? false
                        if holds[key.digest] == nil { open.append(key.digest) }
                    case .mention: continue
                    }
                }
            }
            if found || open.isEmpty {
                holds[node] = found
                stack.removeLast()
            } else {
                stack += open
            }
        }
        return holds[root] ?? false
    }
}

package import Vocabulary

/// Something that a collection must leave, and why.
package struct LiveRoot: Hashable, Sendable {
    /// What is named.
    package enum Subject: Hashable, Sendable {
        /// A file or a directory with all that is in it.
        case content(ContentID)
        /// A record.
        case record(RecordID)
        /// An id in a text that does not say of what: whatever has it.
        case mention(Digest)

        /// The digest of what is named.
        package var digest: Digest {
            switch self {
            case .content(let id): id.digest
            case .record(let id): id.digest
            case .mention(let digest): digest
            }
        }
    }

    /// How far what is named reaches.
    package enum Depth: Int, Sendable, Comparable {
        /// The record, and the records that it names, and so on: the history, not its content.
        case records
        /// Also what the record itself names. For a file or a directory: all of it.
        case content
        /// Also what the records that it names do, and so on.
        case everything

        package static func < (left: Depth, right: Depth) -> Bool { left.rawValue < right.rawValue }
    }

    /// What stays.
    package let subject: Subject
    /// How far it reaches.
    package let depth: Depth
    /// What sort of name it has: `work tree`, `git`. Reports sum up by it.
    package let group: String
    /// Who names it, for people: `ref 'head'`, `'data/x.csv.mlstore' in git commit 3fa1c94`.
    package let reason: String

    /// Makes the value.
    package init(_ subject: Subject, _ depth: Depth = .content, group: String, reason: String) {
        self.subject = subject
        self.depth = depth
        self.group = group
        self.reason = reason
    }
}

/// Something that must stay because something else does.
package enum LiveTarget: Hashable, Sendable {
    /// That object, if it is there; of a record, how far it is followed.
    case object(ObjectKey, LiveRoot.Depth)
    /// That blob, as a chunk or as a recipe.
    case blob(BlobID)
}

extension LiveRoot {
    /// Calls `body` with everything that must stay because this does.
    package func forEachTarget(_ body: (LiveTarget) throws -> Void) rethrows {
        switch subject {
        case .record(let id): try body(.object(ObjectKey(.record, id.digest), depth))
        case .content(.file(let blob)): try body(.blob(blob))
        case .content(.directory(let tree)):
            try body(.object(ObjectKey(.treeNode, tree.digest), .content))
        case .mention(let digest):
            try body(.object(ObjectKey(.record, digest), depth))
            try LiveRoot.forEachContent(digest, body)
        }
    }

    /// Whatever that is no record has this digest.
    fileprivate static func forEachContent(
        _ digest: Digest, _ body: (LiveTarget) throws -> Void
    ) rethrows {
        for kind in [ObjectKind.treeNode, .recipe, .chunk] {
            try body(.object(ObjectKey(kind, digest), .content))
        }
    }
}

extension ObjectReference {
    /// Calls `body` with everything that must stay because an object with this reference does, which was
    /// reached with that depth.
    package func forEachTarget(
        from depth: LiveRoot.Depth, _ body: (LiveTarget) throws -> Void
    ) rethrows {
        switch self {
        case .object(let key): try body(.object(key, .content))
        case .blob(let blob): try body(.blob(blob))
        case .mention(let digest):
            let further: LiveRoot.Depth = depth == .everything ? .everything : .records
            try body(.object(ObjectKey(.record, digest), further))
            if depth > .records { try LiveRoot.forEachContent(digest, body) }
        }
    }
}

/// What a collection must leave: asked for while it goes on.
package struct CollectionRoots {
    /// Everything that is named now: by the work tree, git and the store.
    let all: () throws -> [LiveRoot]
    /// What a commit made known: for one that was made during the collection, whose files in the
    /// work tree may not be written yet.
    let ofCommit: (JournalEntry) throws -> [LiveRoot]

    /// Makes the value.
    package init(
        all: @escaping () throws -> [LiveRoot],
        ofCommit: @escaping (JournalEntry) throws -> [LiveRoot]
    ) {
        self.all = all
        self.ofCommit = ofCommit
    }
}

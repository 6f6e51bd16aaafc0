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

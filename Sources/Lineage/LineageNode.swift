package import Vocabulary
package import Workspaces

/// Something in the graph: a content, a run or a snapshot, with what lies behind it in the
/// direction that was asked for.
package struct LineageNode: Sendable, Equatable {
    /// What the node is.
    package enum Subject: Sendable, Equatable {
        /// A file or directory.
        case content(LineageContent)
        /// An execution of a stage.
        case run(RunID, RunRecord)
        /// A version of the workspace's tracked data that holds the content.
        case snapshot(LineageSnapshot)
    }

    /// What it is.
    package let subject: Subject
    /// The next nodes: for going up, what it came from; for going down, what came of it.
    package var children: [LineageNode]
    /// Whether the node stands elsewhere in the tree with its children, which are left out here.
    package let isRepeated: Bool

    /// A node.
    package init(_ subject: Subject, children: [LineageNode] = [], isRepeated: Bool = false) {
        self.subject = subject
        self.children = children
        self.isRepeated = isRepeated
    }
}

/// A content with what is known of it.
package struct LineageContent: Sendable, Equatable {
    /// Its id.
    package let id: ContentID
    /// Where it stood in the run or the workspace that names it; nil when nothing names it.
    package let path: RepoPath?
    /// Its bytes, where known.
    package let sizeBytes: Int?
    /// Its rows, where it is a table.
    package let rows: Int?
    /// How many further runs gave the same bytes.
    package let otherProducers: Int

    /// A content.
    package init(
        id: ContentID, path: RepoPath?, sizeBytes: Int? = nil, rows: Int? = nil,
        otherProducers: Int = 0
    ) {
        self.id = id
        self.path = path
        self.sizeBytes = sizeBytes
        self.rows = rows
        self.otherProducers = otherProducers
    }
}

/// A snapshot in a few words.
package struct LineageSnapshot: Sendable, Equatable {
    /// Its id.
    package let id: SnapshotID
    /// The first line of its message.
    package let message: String
    /// Who made it.
    package let author: String
    /// When.
    package let time: Timestamp

    /// A snapshot.
    package init(id: SnapshotID, message: String, author: String, time: Timestamp) {
        self.id = id
        self.message = message
        self.author = author
        self.time = time
    }
}

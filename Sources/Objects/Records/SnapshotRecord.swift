package import Bytes
package import Vocabulary

/// One immutable version of the tracked data of a workspace.
package struct SnapshotRecord: Hashable, Sendable {
    /// The tracked paths, with files and trees at them.
    package var tree: TreeID
    /// The snapshots that it follows; empty in the first.
    package var parents: [SnapshotID]
    /// Who made it, as git writes it: `Name <address>`.
    package var author: String
    /// Why.
    package var message: String
    /// When, by the clock of who made it.
    package var time: Timestamp

    /// Makes the value.
    package init(
        tree: TreeID, parents: [SnapshotID], author: String, message: String, time: Timestamp
    ) {
        self.tree = tree
        self.parents = parents
        self.author = author
        self.message = message
        self.time = time
    }

    /// Reads a record; throws what `RecordFields` throws.
    package init(_ record: JSONValue) throws(StoreError) {
        let fields = try RecordFields(record, type: "snapshot")
        tree = try fields.id("tree")
        parents = try fields.ids("parents")
        author = try fields.string("author")
        message = try fields.string("message")
        time = try fields.time("time")
    }

    /// The record.
    package var json: JSONValue {
        RecordFields.record(
            type: "snapshot",
            [
                "tree": .string(tree.description),
                "parents": .array(parents.map { .string($0.description) }),
                "author": .string(author),
                "message": .string(message),
                "time": .string(time.description),
            ])
    }
}

package import Vocabulary

/// What a command says about its commit: enough to show it in a log and to reverse it.
///
/// The journal names it as a record; docs/format/records.md is its page. Everything that it
/// refers to is in the store, so that `undo` can bring either side back.
package struct OperationNote: Hashable, Sendable {
    /// A small file of the workspace that the command wrote, such as a pointer.
    package struct TextChange: Hashable, Sendable {
        /// Which file.
        package var path: RepoPath
        /// What it held; nil when there was none.
        package var before: BlobID?
        /// What it holds now; nil when it is gone.
        package var after: BlobID?

        /// A change.
        package init(path: RepoPath, before: BlobID?, after: BlobID?) {
            self.path = path
            self.before = before
            self.after = after
        }
    }

    /// What stands at a path that is data.
    package struct State: Hashable, Sendable {
        /// How a single file is to be taken.
        package enum Mode: String, Hashable, Sendable {
            /// Mode 0644, or a folder.
            case plain
            /// Mode 0755.
            case executable
            /// A symbolic link; the content is the target's text.
            case symlink
        }

        /// The content.
        package var content: ContentID
        /// How to take it.
        package var mode: Mode

        /// A state.
        package init(content: ContentID, mode: Mode = .plain) {
            self.content = content
            self.mode = mode
        }
    }

    /// Data in the work tree that the command itself changed. (`add` changes none: it reads.)
    package struct ContentChange: Hashable, Sendable {
        /// Where.
        package var path: RepoPath
        /// What stood there; nil for nothing.
        package var before: State?
        /// What stands there now; nil for nothing.
        package var after: State?

        /// A change.
        package init(path: RepoPath, before: State?, after: State?) {
            self.path = path
            self.before = before
            self.after = after
        }
    }

    /// Data that was renamed as it was.
    package struct Move: Hashable, Sendable {
        /// Its old path.
        package var from: RepoPath
        /// Its new path.
        package var to: RepoPath

        /// A move.
        package init(from: RepoPath, to: RepoPath) {
            self.from = from
            self.to = to
        }
    }

    /// The command as the user would type it, without `mlstore`.
    package var command: String
    /// When, by the clock of who ran it.
    package var time: Timestamp
    /// The small files that it wrote.
    package var files: [TextChange] = []
    /// The data that it changed in the work tree.
    package var artifacts: [ContentChange] = []
    /// The data that it renamed.
    package var moves: [Move] = []

    /// A note of a command that changed no file yet.
    package init(command: String, time: Timestamp) {
        self.command = command
        self.time = time
    }

    /// Whether there is nothing to reverse but refs.
    package var isEmpty: Bool { files.isEmpty && artifacts.isEmpty && moves.isEmpty }
}

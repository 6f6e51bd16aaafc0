import Objects
package import Vocabulary

/// What stands at a path of the work tree right now.
package struct ContentState: Hashable, Sendable {
    /// The file's blob or the folder's tree; nil when nothing is there.
    package var content: ContentID?
    /// Bytes of the file, or of all files of the folder together.
    package var sizeBytes: Int
    /// Entries of a folder that are not folders; nil for a file.
    package var files: Int?
    /// Whether a file may be executed.
    package var isExecutable: Bool

    /// Nothing is there.
    package static let missing = ContentState(
        content: nil, sizeBytes: 0, files: nil, isExecutable: false)

    /// A state.
    package init(content: ContentID?, sizeBytes: Int, files: Int?, isExecutable: Bool) {
        self.content = content
        self.sizeBytes = sizeBytes
        self.files = files
        self.isExecutable = isExecutable
    }
}

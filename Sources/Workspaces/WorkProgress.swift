/// How far long work has come.
package struct WorkProgress: Hashable, Sendable {
    /// What is going on, one word: `storing`, `writing`.
    package var phase: String
    /// Files done.
    package var files: Int
    /// Files in all, where that is known.
    package var totalFiles: Int?
    /// Bytes done.
    package var bytes: Int
    /// Bytes in all, where that is known.
    package var totalBytes: Int?

    /// A state of work.
    package init(
        phase: String, files: Int = 0, totalFiles: Int? = nil, bytes: Int = 0,
        totalBytes: Int? = nil
    ) {
        self.phase = phase
        self.files = files
        self.totalFiles = totalFiles
        self.bytes = bytes
        self.totalBytes = totalBytes
    }
}

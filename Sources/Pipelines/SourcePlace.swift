/// A line of a stage file, for errors.
package struct SourcePlace: Sendable, Hashable, CustomStringConvertible {
    /// The file, relative to the top of the workspace.
    package let file: String
    /// The line, from 1.
    package let line: Int

    /// A place.
    package init(file: String = StageFile.fileName, line: Int) {
        self.file = file
        self.line = line
    }

    /// `mlstore.yaml:7`.
    package var description: String { "\(file):\(line)" }
}

import Platform
import Tables
import Vocabulary
import Workspaces

/// Counts the rows of files that are tables by their names.
enum TableRows {
    /// The rows of the file at `place`, as its pointer would tell them; nil for what is no table, or a broken
    /// one: that is its stage's own business. One pass over its bytes, or a look at what it says of its size.
    static func count(at place: DiskPath, named name: RepoPath, on disk: any Disk) throws -> Int? {
        guard let format = TableFormats.format(forName: name.lastComponent),
            try disk.status(of: place, followingLinks: true)?.kind == .file
        else { return nil }
        let source = TableSource(file: place, name: name.description, format: format, on: disk)
        guard format.isCounted else { return try source.statedExtent()?.rows }
        do {
            return try format.summary(of: source).rowCount
        } catch is TableError { return nil }
    }
}

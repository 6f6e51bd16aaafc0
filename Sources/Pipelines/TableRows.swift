import Platform
import Tables
import Vocabulary

/// Counts the rows of files that are tables by their names.
enum TableRows {
    private static let bufferBytes = 1 << 20

    /// The rows of the file at `place`; nil for what is no table, or a broken one: that is its
    /// stage's own business. One pass over its bytes.
    static func count(at place: DiskPath, named name: RepoPath, on disk: any Disk) throws -> Int? {
        guard let format = TableFormats.format(forName: name.lastComponent),
            try disk.status(of: place, followingLinks: true)?.kind == .file
        else { return nil }
        let file = try disk.openFile(place, .read)
        defer { try? file.close() }  // only read
        var scanner = TableScanner(format)
        var offset = 0
        while true {
            let bytes = try file.read(at: offset, count: bufferBytes)
            do {
                // The bytes outlive the call.
                try unsafe bytes.withUnsafeBytes { try unsafe scanner.consume($0) }
                if bytes.count < bufferBytes { return try scanner.finish().rowCount }
            } catch is TableError { return nil }
            offset += bytes.count
        }
    }
}

import Bytes
package import Tables
package import Vocabulary

/// What the lines of versions of tables are, kept when they are read: so that a version of which only some
/// chunks are read is known to have no line end inside quotes.
package struct KeptLines: Sendable {
    let cache: DerivedCache

    /// Smaller tables are read again instead.
    package static let leastBytes = 1 << 20
    private static let mostBytes = 1 << 18
    /// Counts the ways in which it was ever found.
    private static let purpose = "lines of a table 1"

    /// Whether every line end behind the header of the table ends a row; nil where nothing was kept.
    package func areRows(of id: BlobID, delimiter: UInt8) -> Bool? {
        switch cache.load(KeptLines.key(id, delimiter)) {
        case [1]: true
        case [0]: false
        default: nil
        }
    }

    /// Keeps what was found.
    package func save(_ lines: TableLines, of id: BlobID) {
        cache.save([lines.areRows ? 1 : 0], KeptLines.key(id, lines.delimiter))
    }

    /// Removes what was kept first, where it is of thousands of versions.
    package func trim() { cache.trim(to: KeptLines.mostBytes) }

    private static func key(_ id: BlobID, _ delimiter: UInt8) -> Digest {
        var writer = ByteWriter()
        writer.append(id.digest)
        writer.append(uint8: delimiter)
        return taggedDigest(purpose, writer.bytes)
    }
}

extension Workspace {
    /// What the lines of versions of tables are.
    package var keptLines: KeptLines {
        KeptLines(cache: DerivedCache(folder: layout.state / "lines", disk: disk))
    }
}

package import Vocabulary

/// The parsers of what a remote says, each by itself: what the fuzz targets call.
package enum RemoteParsers {
    /// Reads an index segment; returns for each pack its size and where its frames stand.
    package static func index(
        _ bytes: [UInt8]
    ) throws(DecodeError) -> [(sizeBytes: Int, frames: [Range<Int>])] {
        let packs = try RemoteIndexFormat.decode(bytes.span)
        var index = RemoteIndex()
        index.add(packs)
        return packs.map { pack in
            (pack.sizeBytes, (0..<pack.frameCount).map { pack.range(ofFrame: $0) })
        }
    }

    /// Reads the file that says what a remote is.
    package static func format(_ bytes: [UInt8]) throws {
        try RemoteFormatFile.check(bytes, on: "r")
    }

    /// Reads a root and returns it written again.
    package static func root(_ bytes: [UInt8]) throws -> [UInt8] {
        try RemoteRoot(parsing: bytes, on: "r").bytes
    }

    /// Reads a state, whose name is `id`, and returns it written again.
    package static func state(_ bytes: [UInt8], named id: Digest) throws -> [UInt8] {
        try RemoteState(parsing: bytes, named: id, on: "r").bytes(sequence: 1)
    }
}

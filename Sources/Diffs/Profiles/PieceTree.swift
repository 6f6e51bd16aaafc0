import Bytes
import Objects
import Tables
import Vocabulary

/// The chunks of a table as pieces of some megabytes, pieces as groups of pieces, and so on up to one:
/// what a profile is kept for.
///
/// Where a piece or a group ends is told by what is in it, so that a change of some rows changes the
/// keys of one piece and of what is above it.
struct PieceTree: Sendable {
    /// What a node is made of.
    indirect enum Content: Sendable {
        /// Some chunks, by place.
        case chunks(Range<Int>)
        /// Nodes below.
        case nodes([PieceTree])
    }

    /// Says everything that the profile depends on.
    let key: Digest
    let content: Content

    private static let leastBytes = 1 << 19
    private static let mostBytes = 16 << 20
    /// One chunk in so many ends a piece.
    private static let chunkMask: UInt64 = 7
    private static let mostNodes = 32
    /// One node in so many ends a group.
    private static let nodeMask: UInt64 = 15

    /// The tree over a table's chunks, one at least.
    init(_ chunks: [ChunkReference], _ header: TableHeader) {
        var level = PieceTree.pieces(chunks, header)
        while level.count > 1 { level = PieceTree.groups(level) }
        self = level[0]
    }

    private init(key: Digest, content: Content) {
        self.key = key
        self.content = content
    }

    private static func pieces(_ chunks: [ChunkReference], _ header: TableHeader) -> [PieceTree] {
        var pieces: [PieceTree] = []
        var start = 0
        var size = 0
        for (place, chunk) in chunks.enumerated() {
            size += chunk.length
            let isEnd = chunk.id.digest.prefix64 & chunkMask == 0 && size >= leastBytes
            guard isEnd || size >= mostBytes || place == chunks.count - 1 else { continue }
            var writer = ByteWriter()
            writer.append(length: TableProfile.version)
            // The first piece holds the header, and the last one need not end with a line.
            writer.append(uint8: (start == 0 ? 1 : 0) | (place == chunks.count - 1 ? 2 : 0))
            writer.append(uint8: header.delimiter)
            writer.append(length: header.rawRow.count)
            writer.append(header.rawRow)
            for chunk in chunks[start...place] { writer.append(chunk.id.digest) }
            pieces.append(
                PieceTree(
                    key: taggedDigest("profile piece", writer.bytes),
                    content: .chunks(start..<(place + 1))))
            start = place + 1
            size = 0
        }
        return pieces
    }

    private static func groups(_ nodes: [PieceTree]) -> [PieceTree] {
        var groups: [PieceTree] = []
        var start = 0
        for (place, node) in nodes.enumerated() {
            // Two at least, so that each level is shorter than the one below it.
            let isEnd = node.key.prefix64 & nodeMask == 0 && place > start
            guard isEnd || place + 1 - start == mostNodes || place == nodes.count - 1 else {
                continue
            }
            var writer = ByteWriter()
            for node in nodes[start...place] { writer.append(node.key) }
            groups.append(
                PieceTree(
                    key: taggedDigest("profile group", writer.bytes),
                    content: .nodes(Array(nodes[start...place]))))
            start = place + 1
        }
        return groups
    }
}

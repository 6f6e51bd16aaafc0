import Bytes
package import Vocabulary

/// Pieces of a table in groups, these in groups again, and so on up to one: what something that was
/// worked out of the table is kept for.
///
/// Where a group ends is told by what is in it, so that a change of some rows changes the keys of one
/// piece and of what is above it.
package struct PieceTree: Sendable {
    /// What a node is made of.
    package indirect enum Content: Sendable {
        /// A piece, by the places of what it is made of.
        case piece(Range<Int>)
        /// Nodes below.
        case nodes([PieceTree])
    }

    /// Says everything that what is kept depends on.
    package let key: Digest
    /// What it is made of.
    package let content: Content
    /// How many levels of groups end where this node ends, at least.
    private let rank: Int

    /// The most nodes of a group, where one in 16 ends one.
    private static let mostNodes = 32

    /// The tree over pieces, one at least; of which `rank` says in how many levels each ends a group: a
    /// piece in 16 in one, of these one in 16 in the next, and so on.
    package init(_ pieces: [(key: Digest, rank: Int)]) {
        var level = pieces.enumerated().map { place, piece in
            PieceTree(key: piece.key, content: .piece(place..<(place + 1)), rank: piece.rank)
        }
        while level.count > 1 { level = PieceTree.groups(level, of: PieceTree.mostNodes) }
        self = level[0]
    }

    private init(key: Digest, content: Content, rank: Int) {
        self.key = key
        self.content = content
        self.rank = rank
    }

    private static func groups(_ nodes: [PieceTree], of mostNodes: Int) -> [PieceTree] {
        var groups: [PieceTree] = []
        var start = 0
        for (place, node) in nodes.enumerated() {
            // Two at least, so that each level is shorter than the one below it.
            let isEnd = node.rank > 0 && place > start
            guard isEnd || place + 1 - start == mostNodes || place == nodes.count - 1 else {
                continue
            }
            var writer = ByteWriter()
            for node in nodes[start...place] { writer.append(node.key) }
            groups.append(
                PieceTree(
                    key: taggedDigest("table group", writer.bytes),
                    content: .nodes(Array(nodes[start...place])), rank: max(0, node.rank - 1)))
            start = place + 1
        }
        return groups
    }
}

// MARK: - Of chunks

extension PieceTree {
    private static let leastBytes = 1 << 19
    private static let mostBytes = 16 << 20
    /// One chunk in so many ends a piece.
    private static let chunkMask: UInt64 = 7
    /// One piece in four ends a group: a change of a piece reads what is kept of its neighbours, at every
    /// level.
    private static let chunkGroupBits = 2
    private static let mostChunkNodes = 8

    /// The tree over a table's chunks, one at least, as pieces of some megabytes: places are those of
    /// chunks. `purpose` names what is kept, and the version of how it is made.
    package init(
        chunks: [(id: Digest, sizeBytes: Int)], header: TableHeader, purpose: String
    ) {
        var pieces: [(key: Digest, range: Range<Int>)] = []
        var start = 0
        var size = 0
        for (place, chunk) in chunks.enumerated() {
            size += chunk.sizeBytes
            let isEnd =
                chunk.id.prefix64 & PieceTree.chunkMask == 0 && size >= PieceTree.leastBytes
            guard isEnd || size >= PieceTree.mostBytes || place == chunks.count - 1 else {
                continue
            }
            var writer = ByteWriter()
            // The first piece holds the header, and the last one need not end with a line.
            writer.append(uint8: (start == 0 ? 1 : 0) | (place == chunks.count - 1 ? 2 : 0))
            writer.append(uint8: header.delimiter)
            writer.append(length: header.rawRow.count)
            writer.append(header.rawRow)
            for chunk in chunks[start...place] { writer.append(chunk.id) }
            pieces.append((taggedDigest(purpose, writer.bytes), start..<(place + 1)))
            start = place + 1
            size = 0
        }
        var level = pieces.map { key, range in
            PieceTree(
                key: key, content: .piece(range),
                rank: key.prefix64.trailingZeroBitCount / PieceTree.chunkGroupBits)
        }
        while level.count > 1 { level = PieceTree.groups(level, of: PieceTree.mostChunkNodes) }
        self = level[0]
    }
}

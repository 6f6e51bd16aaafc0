package import Vocabulary

/// The bytes of a source in pieces that are known by what is in them, and a place to keep what was worked
/// out of them. Nothing in it can change a result: it only spares work.
package struct ContentPieces: Sendable {
    /// A piece.
    package struct Piece: Sendable {
        /// The SHA-256 of its bytes.
        package let id: Digest
        /// How many these are.
        package let sizeBytes: Int

        /// Makes it.
        package init(id: Digest, sizeBytes: Int) {
            self.id = id
            self.sizeBytes = sizeBytes
        }
    }

    /// The pieces, which together are the source's bytes. Text is best cut between lines.
    package let pieces: [Piece]
    /// The bytes of one piece, by its place, compared with its id.
    package let read: @Sendable (Int) throws -> [UInt8]
    /// What was kept under a key, if it still is and is whole.
    package let load: @Sendable (Digest) -> [UInt8]?
    /// Keeps bytes under a key that says everything they depend on.
    package let save: @Sendable ([UInt8], Digest) -> Void

    /// Makes it of its parts.
    package init(
        pieces: [Piece], read: @escaping @Sendable (Int) throws -> [UInt8],
        load: @escaping @Sendable (Digest) -> [UInt8]?,
        save: @escaping @Sendable ([UInt8], Digest) -> Void
    ) {
        self.pieces = pieces
        self.read = read
        self.load = load
        self.save = save
    }
}

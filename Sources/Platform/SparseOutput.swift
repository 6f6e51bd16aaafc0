internal import CPlatform

/// Fills a new file from its start, piece by piece; blocks of zeros become holes.
///
/// A hole reads as zeros and takes no space where the file system knows holes: a disk image or an
/// array that is mostly empty does not grow by being stored and written back. Costs a look at the
/// first bytes of each block that is not zeros.
package struct SparseOutput {
    private let file: any DiskFile
    /// Where the next piece goes.
    package private(set) var sizeBytes = 0
    private var endsWithHole = false

    /// The size of a block in most file systems; holes begin and end at multiples of it.
    private static let blockBytes = 4096

    /// Output to a file that is empty.
    package init(to file: any DiskFile) { self.file = file }

    /// Writes what of the piece is not zeros.
    package mutating func append(_ piece: UnsafeRawBufferPointer) throws {
        var start = 0
        var position = 0
        while position < piece.count {
            let block = SparseOutput.blockBytes - (sizeBytes + position) % SparseOutput.blockBytes
            let end = min(position + block, piece.count)
            // The parts live as long as the piece, which outlives the call.
            if unsafe SparseOutput.isZeros(UnsafeRawBufferPointer(rebasing: piece[position..<end]))
            {
                try unsafe write(piece, start..<position)
                start = end
            }
            position = end
        }
        try unsafe write(piece, start..<piece.count)
        endsWithHole = start == piece.count
        sizeBytes += piece.count
    }

    /// Gives the file its length, where it ends with a hole.
    package func finish() throws {
        if endsWithHole { try file.truncate(to: sizeBytes) }
    }

    private func write(_ piece: UnsafeRawBufferPointer, _ range: Range<Int>) throws {
        guard !range.isEmpty else { return }
        try unsafe file.write(
            UnsafeRawBufferPointer(rebasing: piece[range]), at: sizeBytes + range.lowerBound)
    }

    private static func isZeros(_ block: UnsafeRawBufferPointer) -> Bool {
        // The block's own length bounds the look.
        unsafe mlp_is_zeros(block.baseAddress, block.count) != 0
    }
}
